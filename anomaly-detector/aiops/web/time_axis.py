"""The axis of time of a drawing: where a time lies, and which round times are written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor
from typing import Final

from aiops.backtest import Curve
from aiops.model import Window

MINUTE, HOUR, DAY = 60, 3600, 86_400
TICKS: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(MINUTE * one for one in (1, 2, 5, 10, 15, 30)),
    *(HOUR * one for one in (1, 2, 3, 6, 12)),
    *(DAY * one for one in (1, 2, 4, 7, 14, 28, 56, 112, 365, 730, 1825, 3650)),
)
MOST_TICKS: Final = 10


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on an axis, with its position in percent from the left or the top; on an axis of time, `at` is the time
    (Unix seconds)."""

    place: float
    text: str
    at: float = 0.0


def position(at: float, of: Curve | Window) -> float:
    """Return the position of a time between two times, 0..1."""
    return min(max((at - of.start) / max(of.end - of.start, 1e-9), 0.0), 1.0)


def across(trace: Curve | Window) -> Iterator[Tick]:
    """Yield round times; the first one, and each midnight, includes the date."""
    seconds = trace.end - trace.start
    longest = TICKS[-1] * ceil(seconds / TICKS[-1] / MOST_TICKS)
    size = next((one for one in TICKS if seconds / one < MOST_TICKS), longest)
    day = ""
    for number in range(ceil(trace.start / size), floor(trace.end / size) + 1):
        moment = datetime.fromtimestamp(number * size, UTC)
        of = f"{moment:%b} {moment.day}" + (f" {moment.year}" if seconds > 300 * DAY else "")
        clock = f"{moment:%H:%M:%S}" if size < MINUTE else f"{moment:%H:%M}"
        text = (
            of if size >= DAY or (of != day and clock.startswith("00:00")) else clock if of == day else f"{of} {clock}"
        )
        day = of
        yield Tick(round(100 * position(number * size, trace), 2), text, number * size)
