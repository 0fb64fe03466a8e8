"""A stretch of time."""

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
        return self.end - self.start

    def overlaps(self, start: float, end: float) -> bool:
        return start < self.end and end > self.start


def iso(unix_seconds: float) -> str:
    """Write a time as RFC 3339 in UTC, to the millisecond where it has one."""
    moment = datetime.fromtimestamp(unix_seconds, UTC)
    spec = "seconds" if moment.microsecond < 500 else "milliseconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")
