"""Traces searched, selected ones compared with the rest, and one of them in full."""

from typing import Any, Final

from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from aiops.api.answer import Question, responses
from aiops.api.telemetry import TAG
from aiops.model import AttributeDifference, Span, Trace, TraceSummary, iso
from aiops.presentation.documents.traces import (
    FoundTrace,
    OneSpan,
    SpanMoment,
    TraceComparison,
    TracesFound,
    ValueDifference,
    WholeTrace,
)
from aiops.presentation.trace_search import TraceSearch, read_trace_search
from aiops.service.traces import FoundTraces
from aiops.service.use_cases import UseCases

_TOOK: Final = "with its unit, such as 250ms or 1.5s"


class ToSearch(Question):
    service: str | None = Field(None, description="whose spans match")
    route: str | None = Field(None, description="route, name or operation of the span, such as POST /payment")
    status: str | None = Field(None, description="any, failed, or fine: none of the matching spans failed")
    min: str | None = Field(None, description=f"the longest matching span took at least this, {_TOOK}")
    max: str | None = Field(None, description=f"the longest matching span took at most this, {_TOOK}")
    attribute: list[str] | None = Field(
        None, description="name=value, of the span or its resource; may be given several times"
    )
    text: str | None = Field(
        None, description="part of the name, status message or exception message of the span, in any case of letters"
    )
    since: str | None = Field(
        None, description="RFC 3339 with its zone, Unix seconds, or how long before `until`: 15m (default), 1h, 1d"
    )
    until: str | None = Field(None, description="RFC 3339 with its zone, or Unix seconds; default now")
    from_: str | None = Field(None, alias="from", description="select traces that were found at this time or later")
    to: str | None = Field(None, description="select traces that were found at this time or earlier")
    over: str | None = Field(None, description=f"select traces that took at least this, {_TOOK}")
    under: str | None = Field(None, description=f"select traces that took at most this, {_TOOK}")
    only: str | None = Field(None, description="select only failed or only fine ones")


class OneTrace(Question):
    trace_id: str = Field(
        min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_.:-]+$", description="32 hex digits in OTLP"
    )


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for searches and for one trace."""
    api = APIBlueprint("traces", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/traces", responses=responses(TracesFound))
    def traces(query: ToSearch) -> Any:
        """Answer the traces that match a search; with `from`, `to`, `over`, `under` or `only`, compare those selected
        with the rest."""
        given = query.model_dump(by_alias=True, exclude_none=True)
        asked = read_trace_search(
            {name: value if isinstance(value, list) else [value] for name, value in given.items()}, use_cases.now()
        )
        return _document(asked, use_cases.traces.search(asked)).model_dump()

    @api.get("/traces/<trace_id>", responses=responses(WholeTrace, 404))
    def trace(path: OneTrace) -> Any:
        """Answer all spans of one trace, with their attributes and events."""
        return _whole(use_cases.telemetry.trace(path.trace_id)).model_dump()

    return api


def _whole(found: Trace) -> WholeTrace:
    return WholeTrace(trace_id=found.trace_id, spans=[_span(one) for one in found.spans], left_out=found.left_out)


def _span(one: Span) -> OneSpan:
    return OneSpan(
        span_id=one.span_id,
        parent_id=one.parent_id or None,
        service=one.service,
        operation=one.operation,
        kind=one.kind.name.lower(),
        start=iso(one.start),
        duration_ms=round(1000 * one.duration, 3),
        failed=one.failed,
        status_message=one.status_message,
        http_status=one.http_status or None,
        attributes=dict(one.attributes),
        resource=dict(one.resource),
        events=[SpanMoment(name=each.name, at=iso(each.at), attributes=dict(each.attributes)) for each in one.events],
    )


def _document(asked: TraceSearch, found: FoundTraces) -> TracesFound:
    selected = {one.trace_id for one in found.selected}
    return TracesFound(
        store=found.store,
        since=iso(asked.window.start),
        until=iso(asked.window.end),
        most=found.most,
        complete=found.complete,
        traces=[_trace(one, one.trace_id in selected) for one in found.traces],
        comparison=None if asked.box is None else _comparison(found),
    )


def _trace(one: TraceSummary, selected: bool) -> FoundTrace:
    return FoundTrace(
        trace_id=one.trace_id,
        span_id=one.found.span_id,
        service=one.found.service,
        operation=one.found.operation,
        at=iso(one.found.end),
        duration_ms=round(1000 * one.found.duration, 3),
        failed=one.found.failed,
        http_status=one.found.http_status or None,
        selected=selected,
        root_service=one.root_service,
        root_operation=one.root_name,
        began=iso(one.start),
        trace_duration_ms=round(1000 * one.duration, 3),
        spans=one.spans,
        any_failed=one.failed,
    )


def _comparison(found: FoundTraces) -> TraceComparison:
    return TraceComparison(
        selected=len(found.selected),
        rest=len(found.rest),
        selected_read=found.compared[0],
        rest_read=found.compared[1],
        differences=[difference_document(one) for one in found.differences],
    )


def difference_document(one: AttributeDifference) -> ValueDifference:
    """Return the document of a value that is more common on one side."""
    return ValueDifference(
        service=one.service,
        attribute=one.attribute,
        value=one.value,
        share_of_selection=round(one.share_of_selection, 4),
        share_of_rest=round(one.share_of_rest, 4),
    )
