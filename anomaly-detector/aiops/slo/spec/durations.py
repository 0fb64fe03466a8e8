"""Durations in the notation of OpenSLO and Prometheus."""

import re
from decimal import Decimal
from typing import Final

SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
MONTHS: Final = {"M": 1, "Q": 3, "Y": 12}
_WHOLE: Final = re.compile(r"([1-9][0-9]*)([smhdwMQY])")
_EXACT: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m)")


def shorthand(text: str) -> tuple[int, int]:
    """Read OpenSLO's shorthand (30d, 4w, 1M, 1Q) as (seconds, months), one of them 0. Raises ValueError."""
    found = _WHOLE.fullmatch(text)
    if not found:
        raise ValueError(
            f"is {text!r}, but must be a whole number and one of s, m, h, d, w, M, Q, Y, such as 30d or 1M"
        )
    number, unit = int(found[1]), found[2]
    return (number * SECONDS[unit], 0) if unit in SECONDS else (0, number * MONTHS[unit])


def seconds(text: str) -> Decimal:
    """Read the duration of a request (500ms, 1.5s). Raises ValueError."""
    found = _EXACT.fullmatch(text)
    if not found or not Decimal(found[1]):
        raise ValueError(f"is {text!r}, but must be a time above zero with its unit, such as 500ms or 1.5s")
    return Decimal(found[1]) * {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60)}[found[2]]


def promql_duration(seconds: int) -> str:
    """Write a duration in PromQL, in the largest unit that gives a whole number: 5m, 6h, 3d."""
    for unit in ("d", "h", "m"):
        if seconds % SECONDS[unit] == 0:
            return f"{seconds // SECONDS[unit]}{unit}"
    return f"{seconds}s"


def exact(seconds: Decimal) -> str:
    """Write the duration of a request as `seconds` reads it: 250ms, 1s, 1.5s."""
    unit, value = ("s", seconds) if seconds >= 1 else ("ms", seconds * 1000)
    return f"{value.normalize():f}{unit}"
