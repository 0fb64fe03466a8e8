"""Times as people and programs write them: RFC 3339 with zone, Unix seconds, or how long ago."""

import math
import re
from datetime import datetime
from typing import Final

LATEST: Final = 253402300799.0  # the last second of the year 9999, as far as RFC 3339 goes
_AGO: Final = re.compile(r"(\d{1,4})([mhd])")
_TOOK: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(us|µs|ms|s|m)")
_SECONDS: Final = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


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


def ago(value: str) -> float | None:
    """Read how long ago a time was, such as `15m`, `6h` or `1d`, in seconds; None where this is no such text."""
    found = _AGO.fullmatch(value)
    return int(found[1]) * _SECONDS[found[2]] if found else None


def took(value: str) -> float:
    """Read how long something took, such as `250ms` or `1.5s`, in seconds. Raises ValueError with what to write
    instead."""
    found = _TOOK.fullmatch(value)
    if not found:
        raise ValueError(f"must be a number with its unit (us, ms, s or m), such as 250ms or 1.5s, not {value!r}")
    return float(found[1]) * _SECONDS[found[2]]


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
