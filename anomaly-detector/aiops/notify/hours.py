"""Hours of the week in a time zone: when a route applies, and when people want quiet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """From one minute of the day to another, on some days (0 is Monday), by the clocks of a zone. Hours that end
    before they begin last until the next day, and belong to the day on which they begin."""

    days: frozenset[int]
    start: int
    end: int
    zone: ZoneInfo

    @property
    def endless(self) -> bool:
        """Whether these are all hours of the week."""
        return len(self.days) == len(DAYS) and (self.end - self.start) % MIDNIGHT == 0

    def contain(self, at: float) -> bool:
        """Whether a time (Unix seconds) lies in these hours."""
        return self._end(at) is not None

    def end_after(self, at: float) -> float | None:
        """Return when the hours that contain a time are over, Unix seconds; None where none contain it, or where they
        never end."""
        end = None if self.endless else self._end(at)
        while end is not None and (following := self._end(end)) is not None:
            end = following
        return end

    def _end(self, at: float) -> float | None:
        return max((end for start, end in self._around(at) if start <= at < end), default=None)

    def _around(self, at: float) -> Iterator[tuple[float, float]]:
        today = datetime.fromtimestamp(at, self.zone).date()
        for day in (today - timedelta(days=1), today):
            if day.weekday() in self.days:
                later = MIDNIGHT if self.end <= self.start else 0
                yield self._moment(day, self.start), self._moment(day, self.end + later)

    def _moment(self, day: date, minute: int) -> float:
        """Return a minute of a day by the clocks of the zone, so that hours keep their times when clocks change."""
        days, minute = divmod(minute, MIDNIGHT)
        return datetime.combine(day + timedelta(days=days), time(*divmod(minute, 60)), self.zone).timestamp()


def days_of(text: str) -> frozenset[int]:
    """Read days: `mon`, `mon-fri`, `fri-mon`. Raises ValueError."""
    first, dash, last = text.strip().lower().partition("-")
    try:
        start, end = DAYS.index(first), DAYS.index(last if dash else first)
    except ValueError:
        raise ValueError("days are written like mon, mon-fri or sat-sun") from None
    return frozenset((start + step) % 7 for step in range((end - start) % 7 + 1))


def minute_of(text: str) -> int:
    """Read a time of day, `07:30` to `24:00`, as the minute of the day. Raises ValueError."""
    hours, _, minutes = text.partition(":")
    if hours.isdigit() and minutes.isdigit() and len(minutes) == 2:
        minute = 60 * int(hours) + int(minutes)
        if int(minutes) < 60 and minute <= MIDNIGHT:
            return minute
    raise ValueError('a time of day is written in quotes like "07:30", up to "24:00"')
