"""Times that people and programs give: RFC 3339 with zone, or Unix seconds."""

import math
from datetime import datetime
from typing import Final

LATEST: Final = 253402300799.0  # the last second of the year 9999, as far as RFC 3339 goes


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
