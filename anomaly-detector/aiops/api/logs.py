"""Log records, searched."""

from typing import Any, Literal

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from aiops.api.answer import Question, responses
from aiops.api.moment import Moment, window
from aiops.model import LogLevel, LogQuery
from aiops.presentation.documents.logs import LogRecords, log_document
from aiops.service.use_cases import UseCases

TAG = Tag(name="logs", description="log records, without secrets")
DEFAULT_SECONDS = 900.0


class ToFind(Question):
    service: str | None = Field(None, min_length=1, max_length=256, description="whose records")
    level: Literal["trace", "debug", "info", "warn", "error", "fatal"] | None = Field(None, description="the least one")
    text: str | None = Field(
        None, min_length=1, max_length=256, description="part of the body or of the exception, in any case of letters"
    )
    trace: str | None = Field(None, pattern=r"^[0-9a-f]{32}$", description="id of a trace, 32 hexadecimal digits")
    since: Moment | None = Field(None, description="RFC 3339 with its zone, or Unix seconds; default 15 minutes ago")
    until: Moment | None = Field(None, description="default now")
    limit: int = Field(100, ge=1, le=1000, description="most records of one answer")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the route for logs."""
    api = APIBlueprint("logs", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/logs", responses=responses(LogRecords, 404))
    def search(query: ToFind) -> Any:
        """Find log records, newest first."""
        asked = LogQuery(
            service=query.service or "",
            severity=int(LogLevel[query.level.upper()]) if query.level else 0,
            text=query.text or "",
            trace_id=query.trace or "",
        )
        over = window(query.since, query.until, use_cases.now(), DEFAULT_SECONDS)
        found = use_cases.logs.search(asked, over, query.limit)
        source = use_cases.engine.logs
        return LogRecords(
            store=source.store if source is not None else "", records=[log_document(one) for one in found]
        ).model_dump()

    return api
