"""Times in requests: RFC 3339 with zone, or Unix seconds."""

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from aiops.api.problem import ApiProblem
from aiops.model import Window
from aiops.presentation.times import unix_seconds


def window(since: float | None, until: float | None, now: float, default_seconds: float) -> Window:
    """Return the requested window; by default the last `default_seconds`. Raises ApiProblem."""
    end = now if until is None else until
    start = max(end - default_seconds, 0.0) if since is None else since
    in_order(start, end)
    return Window(start, end)


def in_order(since: float | None, until: float | None) -> None:
    """Raise ApiProblem when the window ends before it starts."""
    if since is not None and until is not None and until < since:
        raise ApiProblem(400, "`since` must not be later than `until`", "since")


Moment = Annotated[
    float,
    BeforeValidator(unix_seconds),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}],
            "description": "RFC 3339 with its zone, or Unix seconds",
        }
    ),
]
