"""Times in requests: RFC 3339 with zone, or Unix seconds."""

import math
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from aiops.api.problem import ApiProblem
from aiops.model import Window

LATEST = 253402300799.0  # the last second of the year 9999, as far as RFC 3339 goes


def unix_seconds(value: object) -> float:
    """Read a time. Raises ValueError with what to write instead."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"must be a time, not {value!r}")
    try:
        seconds = float(value)
    except ValueError:
        seconds = _rfc3339(str(value))
    except OverflowError:
        seconds = math.inf
    if not 0 <= seconds <= LATEST:
        raise ValueError(f"must lie between 1970 and 9999, not {value!r}")
    return seconds


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


def _rfc3339(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        # A plus that was not escaped in a URL arrives as a space.
        hint = "; write the `+` of the zone as %2B" if " " in text else ""
        raise ValueError(f"must be RFC 3339 like 2026-11-21T09:30:00Z, or Unix seconds, not {text!r}{hint}") from None
    if moment.tzinfo is None:
        raise ValueError(f"needs its zone, like 2026-11-21T09:30:00Z or +01:00, not {text!r}")
    return moment.timestamp()


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
