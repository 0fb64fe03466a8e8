"""Parameters and fields of requests: errors are reported with the name of the parameter."""

import inspect
from typing import get_args, get_origin, get_type_hints

from flask import Response, current_app, request
from pydantic import BaseModel, ValidationError

from aiops.api.problem import ApiProblem


def check_parameters() -> None:
    """Refuse query parameters that are given twice and are no list, or that the view does not take: they would be
    ignored."""
    query = _models().get("query") if request.endpoint else None
    lists = {name for name, field in (query.model_fields if query else {}).items() if _is_list(field.annotation)}
    for name, values in request.args.lists():
        if len(values) > 1 and name not in lists:
            raise ApiProblem(400, f"`{name}` is given {len(values)} times", name)
    if request.args and request.endpoint and "query" not in _models():
        name = next(iter(request.args))
        raise ApiProblem(400, f"`{name}` is not known here; there are no parameters", name)


def wrong(error: ValidationError) -> Response:
    """Return a problem for the first wrong parameter or field; an unknown one comes first."""
    errors = error.errors(include_url=False, include_context=False)
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    parameter = ".".join(str(part) for part in first["loc"]) or None
    named = f"`{parameter}`" if parameter else "the request"
    if first["type"] == "extra_forbidden":
        detail = f"{named} is not known here; known: {_known(error.title)}"
    elif first["type"] == "missing":
        detail = f"{named} is missing"
    else:
        reason = first["msg"].removeprefix("Value error, ").replace("Input should", "must")
        got = "" if first["type"] == "value_error" else f", not {_short(first['input'])}"
        detail = f"{named}: {reason}{got}"
    return ApiProblem(400, detail, parameter).response()


def _models() -> dict[str, type[BaseModel]]:
    """Return the models of the requested view: `query`, `path` and `body`, as far as it has them."""
    hints = get_type_hints(inspect.unwrap(current_app.view_functions[request.endpoint or ""]))
    return {name: hint for name, hint in hints.items() if name in ("query", "path", "body")}


def _is_list(annotation: object) -> bool:
    return list in {get_origin(one) for one in (annotation, *get_args(annotation))}


def _known(title: str) -> str:
    named = [
        field.alias or name
        for model in _models().values()
        if model.__name__ == title
        for name, field in model.model_fields.items()
    ]
    return ", ".join(f"`{name}`" for name in named)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
