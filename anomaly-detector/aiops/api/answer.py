"""How endpoints describe and build their answers."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from pydantic import BaseModel, ConfigDict

from aiops.presentation.documents.base import Described, Problem

Responses = dict[Any, Any]
_CONTENT = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
_WHY = {
    400: "a parameter or field is wrong or unknown",
    401: "the token is missing or unknown",
    403: "the role is not enough, or asked by a web page of another origin, or under a foreign name",
    404: "there is no such thing",
    409: "its state does not allow this",
    413: "the body is too large",
    415: "the body is not JSON",
    422: "the answer would be larger than allowed; `detail` says how to ask for less",
    429: "these were too many requests; Retry-After says when to ask again",
    500: "the engine went wrong",
    503: "a source or store does not answer",
}


class Question(Described):
    """Parameters or fields of a request: unknown ones are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def responses(ok: type[BaseModel], *problems: int, status: int = 200) -> Responses:
    """Describe the answers of an endpoint: the successful one, and its problems in addition to the common ones."""
    return {status: ok, **described(*problems)}


def described(*problems: int) -> Responses:
    """Describe problems as responses, with the common ones."""
    wanted = sorted({400, 401, 403, 429, 500, 503, *problems})
    return {status: {"description": _WHY[status], "content": _CONTENT} for status in wanted}


def changing(ok: type[BaseModel], *problems: int, status: int = 200) -> Mapping[str, Any]:
    """Describe an endpoint that changes something."""
    return {"responses": responses(ok, 413, 415, *problems, status=status)}


def number(value: float | None, digits: int = 4) -> float | None:
    """Round a number for an answer; None for what is not known."""
    return round(value, digits) if value is not None and isfinite(value) else None


def milliseconds(seconds: float | None) -> float | None:
    """Convert seconds to milliseconds with one decimal; None stays None."""
    return None if seconds is None else number(1000 * seconds, 1)
