"""Log records."""

from pydantic import Field

from aiops.model import LogLevel, LogRecord, iso
from aiops.presentation.documents.base import Document, Time


class OneLogRecord(Document):
    """A log record, without secrets: these were replaced before it was stored."""

    at: Time
    service: str
    instance: str | None
    version: str | None
    level: str | None = Field(description="trace, debug, info, warn, error or fatal; null: the record does not say")
    severity: int | None = Field(description="the severity number of OpenTelemetry, 1 to 24")
    body: str
    trace_id: str | None
    span_id: str | None
    exception_type: str | None
    exception_stack: str | None
    attributes: dict[str, str]
    count: int = Field(description="1, or how many records it stands for that were too many to be stored")


class LogRecords(Document):
    store: str = Field(description="where the records are kept")
    records: list[OneLogRecord] = Field(description="newest first")


def log_document(one: LogRecord) -> OneLogRecord:
    """Return a record as a document."""
    level = LogLevel.of(one.severity)
    return OneLogRecord(
        at=iso(one.at),
        service=one.service,
        instance=one.instance or None,
        version=one.version or None,
        level=level.name.lower() if level is not None else None,
        severity=one.severity or None,
        body=one.body,
        trace_id=one.trace_id or None,
        span_id=one.span_id or None,
        exception_type=one.exception_type or None,
        exception_stack=one.exception_stack or None,
        attributes=one.attributes,
        count=one.count,
    )
