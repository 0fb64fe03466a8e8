"""A time window."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open interval (start, end] in Unix seconds: what ended in it belongs to it."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a window ends before it starts: {self.start} .. {self.end}")

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return self.end - self.start

    def overlaps(self, start: float, end: float) -> bool:
        """Whether the window and another stretch of time (Unix seconds) overlap."""
        return start < self.end and end > self.start


def iso(unix_seconds: float) -> str:
    """Write a time as RFC 3339 in UTC, with milliseconds where it has any."""
    moment = datetime.fromtimestamp(unix_seconds, UTC)
    spec = "seconds" if moment.microsecond < 500 else "milliseconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def iso_duration(seconds: float) -> str:
    """Write a duration as ISO 8601, to the second, with days as the largest unit: P1DT2H30M."""
    left = max(0, round(seconds))
    days, left = divmod(left, 86_400)
    hours, left = divmod(left, 3600)
    minutes, rest = divmod(left, 60)
    parts = "".join(f"{value}{unit}" for value, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if value)
    if not days and not parts:
        return "PT0S"
    return "P" + (f"{days}D" if days else "") + (f"T{parts}" if parts else "")
