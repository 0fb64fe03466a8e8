"""Bodies of requests: a JSON object, or none where an endpoint takes none."""

import orjson
from flask import request

from aiops.api.problem import ApiProblem


def must_be_object() -> None:
    """Refuse anything but a JSON object, before its fields are read. Raises ApiProblem."""
    if not request.is_json:
        raise ApiProblem(415, f"the body must be application/json, not {request.mimetype or 'without a type'}")
    try:
        found = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise ApiProblem(400, f"the body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ApiProblem(400, "the body must be a JSON object")


def must_be_empty() -> None:
    """Refuse fields that would be ignored. Raises ApiProblem."""
    data = request.get_data().strip()
    if data in (b"", b"{}"):
        return
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        found = None
    field = next(iter(found), None) if isinstance(found, dict) else None
    named = f"`{field}` is not known here; " if field else ""
    raise ApiProblem(400, f"{named}this call takes no body", field)
