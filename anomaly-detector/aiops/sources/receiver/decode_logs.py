"""OTLP log records as rows, without secrets; of a service that sends too many, the rest is counted."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops.model import LogLevel, names
from aiops.sources.common.attributes import MAX_TEXT, canonical, mapping, text
from aiops.sources.common.masking import masked, masked_attributes
from aiops.sources.common.spans import UNKNOWN_SERVICE
from aiops.sources.receiver.decode import NANO, Decoding

MOST_SEVERE: Final = 24
WINDOW_SECONDS: Final = 10
TOO_MANY: Final = "a log record beyond the limit of its service: it is counted, and its text is not stored"
_EXCEPTION: Final = (names.EXCEPTION_TYPE, names.EXCEPTION_MESSAGE, names.EXCEPTION_STACKTRACE)
_LEVELS: Final = {
    **{one.name: int(one) for one in LogLevel},
    "WARNING": int(LogLevel.WARN),
    "NOTICE": 10,
    "INFORMATION": int(LogLevel.INFO),
    "CRITICAL": int(LogLevel.FATAL),
    "SEVERE": int(LogLevel.ERROR),
    "ERR": int(LogLevel.ERROR),
    "EMERG": int(LogLevel.FATAL),
    "ALERT": int(LogLevel.FATAL),
    "PANIC": int(LogLevel.FATAL),
}
"""The severity number of a text, where a record has only that."""


@dataclass(slots=True)
class LogBudget:
    """How many records of each service are stored in one window of WINDOW_SECONDS: `per_second` of them on average.
    Thread-safe."""

    per_second: int
    _window: int = -1
    _spent: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def grants(self, service: str, wanted: int, now: float) -> int:
        """Take as many of the wanted records as are left; returns how many."""
        window = int(now // WINDOW_SECONDS)
        with self._lock:
            if window != self._window:
                self._window, self._spent = window, {}
            spent = self._spent.get(service, 0)
            granted = max(0, min(wanted, self.per_second * WINDOW_SECONDS - spent))
            self._spent[service] = spent + granted
        return granted


def take_logs(sender: Resource, records: Iterable[LogRecord], into: Decoding, budget: LogBudget) -> None:
    """Add the rows of the records of one resource. The most severe ones are stored first where not all may be."""
    pairs = mapping(sender.attributes)
    into.trims(sender.attributes)
    service = into.roll.service(pairs.get(names.SERVICE_NAME) or UNKNOWN_SERVICE)
    who = (service, pairs.get(names.SERVICE_INSTANCE, ""), pairs.get(names.SERVICE_VERSION, ""))
    oldest, newest = into.oldest_ns(), into.newest_ns()
    fit: list[tuple[int, int, LogRecord]] = []
    for record in records:
        at = record.time_unix_nano or record.observed_time_unix_nano or int(into.now * NANO)
        if oldest <= at <= newest:
            fit.append((severity_number(record), at, record))
        else:
            into.rejected.add(
                "a log record is from before the retention or more than an hour ahead of this machine's clock"
            )
    granted = budget.grants(service, len(fit), into.now)
    if granted < len(fit):
        fit.sort(key=lambda one: -one[0])
        _count(who, fit[granted:], into)
        del fit[granted:]
    into.logs.extend(_row(who, level, at, record) for level, at, record in fit)


def severity_number(record: LogRecord) -> int:
    """Return the severity number of a record (1 to 24), from its text where it has no number; 0 where neither says."""
    number = int(record.severity_number)
    if 0 < number <= MOST_SEVERE:
        return number
    return _LEVELS.get(record.severity_text.strip().upper(), 0) if record.severity_text else 0


def _row(who: tuple[str, str, str], level: int, at: int, record: LogRecord) -> tuple[object, ...]:
    pairs = mapping(record.attributes)
    kind, message, stack = (pairs.pop(name, "") for name in _EXCEPTION)
    body = text(record.body) or message or record.event_name
    trace_id, span_id = record.trace_id, record.span_id
    number = int.from_bytes
    traced = len(trace_id) == 16
    return (
        at,
        *who,
        level,
        number(trace_id[:8], "big") if traced else 0,
        number(trace_id[8:], "big") if traced else 0,
        number(span_id, "big") if len(span_id) == 8 else 0,
        masked(body[:MAX_TEXT]),
        kind[:MAX_TEXT],
        masked(stack[:MAX_TEXT]) if stack else "",
        canonical(masked_attributes(pairs)) if pairs else "{}",
        1,
    )


def _count(who: tuple[str, str, str], left_out: list[tuple[int, int, LogRecord]], into: Decoding) -> None:
    """Add one row for the records of each severity that are not stored, at the time of the last of them."""
    into.repaired.add(TOO_MANY, len(left_out))
    last: dict[int, int] = {}
    counts: dict[int, int] = {}
    for level, at, _ in left_out:
        last[level] = max(at, last.get(level, 0))
        counts[level] = counts.get(level, 0) + 1
    into.logs.extend((last[level], *who, level, 0, 0, 0, "", "", "", "{}", counts[level]) for level in counts)
