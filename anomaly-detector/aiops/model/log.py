"""Log records, as every source of logs gives them."""

from dataclasses import dataclass
from enum import IntEnum


class LogLevel(IntEnum):
    """The least severity number of each level of OpenTelemetry; a record without one has 0."""

    TRACE = 1
    DEBUG = 5
    INFO = 9
    WARN = 13
    ERROR = 17
    FATAL = 21

    @classmethod
    def of(cls, severity: int) -> "LogLevel | None":
        """Return the level of a severity number (1 to 24); None for 0."""
        return next((one for one in reversed(cls) if severity >= one), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """One record. at: Unix seconds; severity: the number of OpenTelemetry, 0 where it is not known. trace_id, span_id
    and the parts of an exception are "" where there are none. count: 1, or how many records it stands for that were too
    many to be stored."""

    at: float
    service: str
    instance: str
    version: str
    severity: int
    body: str
    trace_id: str
    span_id: str
    exception_type: str
    exception_stack: str
    attributes: dict[str, str]
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which records are asked for: all conditions hold; "" and 0 hold for all. severity: the least one. text: a part of
    the body or of the exception, in any case of letters."""

    service: str = ""
    severity: int = 0
    text: str = ""
    trace_id: str = ""
