"""The evidence of an incident as the document that API and command line share."""

from aiops.model import names
from aiops.model.anatomy import (
    CallChange,
    CallNode,
    CauseVotes,
    Exemplar,
    IncidentEvidence,
    MeasuredSymptom,
    RequestAnatomy,
    TraceQuestion,
)
from aiops.model.cause import Cause
from aiops.model.trace import PopulationKind
from aiops.model.window import iso
from aiops.presentation.documents import evidence as documents
from aiops.presentation.numbers import duration

GOOD, BAD = 0, 1


def evidence_document(of: IncidentEvidence) -> documents.Evidence:
    """Return the document of an incident's evidence."""
    return documents.Evidence(
        at=iso(of.at),
        symptoms=[_symptom(one) for one in of.symptoms],
        more_symptoms=of.more_symptoms,
        votes=[_votes(one) for one in of.votes],
        at_cause=documents.SpansAtCause(good=_spans(of, GOOD), bad=_spans(of, BAD)) if any(of.spans) else None,
        read=of.read or None,
        anatomy=None if of.anatomy is None else anatomy_document(of.anatomy),
        questions=[question_document(one) for one in of.questions],
    )


def anatomy_document(of: RequestAnatomy) -> documents.Anatomy:
    """Return the document of good and bad requests side by side."""
    return documents.Anatomy(
        good=_requests(of, GOOD),
        bad=_requests(of, BAD),
        nodes=[_node(one) for one in of.nodes],
        left_out=of.left_out,
        left_out_share=_share(of.left_out_share),
        changed_calls=[_change(one) for one in of.changed_calls],
        exemplars=documents.Exemplars(bad=[_exemplar(one) for one in of.bad], good=[_exemplar(one) for one in of.good]),
    )


def asked(one: TraceQuestion) -> str:
    """Write a question for traces in words."""
    who = " ".join(filter(None, (one.method, one.route)))
    what = f"calls from {one.service} to {one.callee}" if one.callee else f"requests to {one.service} {who}".rstrip()
    how = {
        PopulationKind.FAILED: "that failed",
        PopulationKind.SLOW: f"that took longer than {duration(one.threshold)}",
        PopulationKind.GOOD: "that did not fail",
        PopulationKind.ANY: "",
    }[one.kind]
    return f"{' '.join(filter(None, (what, how)))}, from {iso(one.window.start)} to {iso(one.window.end)}"


def _requests(of: RequestAnatomy, side: int) -> documents.RequestSide:
    return documents.RequestSide(
        requests=of.requests[side],
        median_ms=_ms(of.seconds[side]),
        mean_ms=_ms(of.time[side]),
        failing=_share(of.failing[side]),
    )


def _node(one: CallNode) -> documents.CallNode:
    return documents.CallNode(
        parent=None if one.parent < 0 else one.parent,
        service=one.service,
        operation=one.operation,
        kind=one.kind,
        callee=one.callee or None,
        good=_side(one, GOOD),
        bad=_side(one, BAD),
        excess_ms=_ms(one.time[BAD] - one.time[GOOD]),
        share_of_excess=_share(one.share_of_excess),
        share_of_failures=_share(one.share_of_failures),
        critical=one.critical,
    )


def _side(one: CallNode, side: int) -> documents.NodeSide:
    seconds = one.seconds[side]
    return documents.NodeSide(
        requests=one.requests[side],
        calls=_share(one.calls[side]),
        median_ms=None if seconds is None else _ms(seconds),
        failing=_share(one.failing[side]),
        time_ms=_ms(one.time[side]),
    )


def _change(one: CallChange) -> documents.CallChange:
    good, bad = (
        documents.CallCount(requests=one.requests[side], of=one.of[side], calls=_share(one.calls[side]))
        for side in (GOOD, BAD)
    )
    return documents.CallChange.model_validate(
        {"what": one.what, "caller": one.caller, "call": one.call, "good": good, "bad": bad}
    )


def _exemplar(one: Exemplar) -> documents.Exemplar:
    return documents.Exemplar(
        trace_id=one.trace_id,
        span_id=one.span_id or None,
        service=one.service,
        operation=one.operation,
        start=iso(one.start),
        duration_ms=_ms(one.seconds),
        failed=one.failed,
    )


def _symptom(one: MeasuredSymptom) -> documents.MeasuredSymptom:
    return documents.MeasuredSymptom(
        labels={key: value for key, value in one.series if key != names.NAME},
        family=one.family,
        text=one.text,
        onset=iso(one.onset),
        at=iso(one.at),
        score=one.score,
        observed=one.observed,
        expected=one.expected,
        bad=one.bad,
        total=one.total,
    )


def _votes(one: CauseVotes) -> documents.CauseVotes:
    low, high = one.interval
    return documents.CauseVotes(
        **cause_fields(one.cause),
        traces=round(one.traces, 2),
        of=one.of,
        confidence=_share(one.confidence),
        interval=(_share(low), _share(high)),
    )


def cause_fields(cause: Cause) -> dict[str, str | None]:
    """Return the fields of a cause; `caller` is set only for trouble on an edge."""
    return {
        "service": cause.service,
        "endpoint": cause.endpoint or None,
        "method": cause.method or None,
        "kind": str(cause.kind),
        "caller": cause.caller or None,
    }


def _spans(of: IncidentEvidence, side: int) -> documents.SpanSide:
    seconds = of.seconds[side]
    return documents.SpanSide(spans=of.spans[side], median_ms=None if seconds is None else _ms(seconds))


def question_document(one: TraceQuestion) -> documents.TraceQuestion:
    """Return the document of a question for traces."""
    return documents.TraceQuestion(
        kind=one.kind.value,
        service=one.service,
        route=one.route or None,
        method=one.method or None,
        callee=one.callee or None,
        since=iso(one.window.start),
        until=iso(one.window.end),
        slower_than_ms=_ms(one.threshold) if one.kind == PopulationKind.SLOW else None,
        limit=one.limit,
        traces=one.traces,
        text=asked(one),
        query=one.query,
    )


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 3)


def _share(ratio: float) -> float:
    return round(ratio, 4)
