"""Read the file of notifications; what is wrong in it is said in one sentence, without secrets."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError

from aiops.model.errors import InvalidInput
from aiops.notify.file import KINDS, PARTS, RouteFile

_SECRETS: Final = frozenset({"url", "routing_key", "bot_token", "app_token", "headers"})


class BadRoutes(InvalidInput):
    """The file of notifications cannot be used; the message names file, key, value and what is allowed."""


def load_routes(path: Path) -> RouteFile:
    """Read the file, and the secrets that it names. Raises BadRoutes."""
    try:
        loaded: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise BadRoutes(f"cannot read the notifications {path}: {getattr(error, 'strerror', None) or error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)  # the text of the error quotes lines, which may hold secrets
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise BadRoutes(f"{path} is not valid YAML{where}: {getattr(error, 'problem', None) or 'unreadable'}") from None
    try:
        return RouteFile.model_validate(loaded if loaded is not None else {})
    except ValidationError as error:
        raise BadRoutes(f"{path}: {_sentence(error, loaded)}") from None


def _sentence(error: ValidationError, loaded: Any) -> str:
    """Write the first error: the key, what is wrong, what is allowed, and the value unless it may be a secret."""
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")  # a misspelt key explains the most
    place = list(first["loc"])
    path = [*place[:2], *place[3:]] if place[:1] == ["channels"] else place  # the third part names the kind
    key = ".".join(str(part) for part in path if part != "[key]")
    match first["type"]:
        case "extra_forbidden":
            return f"`{key}`: unknown key; allowed are {', '.join(_keys_beside(place))}"
        case "missing":
            return f"`{key}`: is missing"
        case "union_tag_not_found" | "union_tag_invalid":
            given = _at(loaded, place)
            kind = given.get("kind") if isinstance(given, Mapping) else given
            return f"`{key}.kind`: is one of {', '.join(KINDS)}, not {kind!r}"
    given, reason = first["input"], first["msg"].removeprefix("Value error, ")
    shown = isinstance(given, str | int | float) and not _SECRETS & {str(part) for part in place}
    said = f"{reason[0].lower()}{reason[1:]}"
    return (f"`{key}`: " if key else "") + said + (f", not {given!r}" if shown else "")


def _at(loaded: Any, place: Sequence[Any]) -> Any:
    for part in place:
        loaded = loaded[part] if isinstance(loaded, Mapping | list) else None
    return loaded


def _keys_beside(place: Sequence[Any]) -> list[str]:
    """Return the keys that are allowed where an unknown one is."""
    model: type[BaseModel] = RouteFile
    if place[0] == "channels" and len(place) > 2:
        model = KINDS[str(place[2])]
    elif place[0] == "routes":
        named = (PARTS[str(part)] for part in reversed(place[:-1]) if str(part) in PARTS)
        model = next(named, PARTS["routes"])
    return [field.alias or name for name, field in model.model_fields.items()]
