"""Incidents and a trace to show."""

from dataclasses import replace
from typing import Any

from aiops.model import (
    CallChange,
    CallNode,
    Cause,
    CauseKind,
    CauseVotes,
    Dimension,
    Exemplar,
    FirstFailingSpan,
    Incident,
    IncidentEvidence,
    IncidentState,
    MeasuredSymptom,
    PopulationKind,
    RequestAnatomy,
    RootCause,
    Severity,
    Span,
    SpanKind,
    Status,
    TimelineEntry,
    Trace,
    TraceCorrelation,
    TraceQuestion,
    Window,
    labels,
)
from made_up.fakes import NOW

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def simple(number: int = 1, **fields: object) -> Incident:
    """An incident without a cause."""
    values: dict[str, object] = {
        "id": f"INC-1795253415-{number}",
        "key": f"{number:016x}",
        "state": IncidentState.OPEN,
        "severity": Severity.HIGH,
        "title": f"Error spike in payment POST /payment ({number})",
        "first_detected": NOW - 3600 + number,
        "onset": NOW - 3610 + number,
        "last_seen": NOW - 15,
        "symptoms": ((labels(service="payment", route="/payment", method="POST"), "errors"),),
        "no_cause": "no cause found in telemetry: no trace of a bad request was kept",
        "affected_services": ("payment",),
        "affected_endpoints": ("/payment",),
        "timeline": (TimelineEntry(NOW - 3600 + number, "anomaly", "80% of requests to payment POST /payment fail"),),
    }
    return Incident(**{**values, **fields})  # type: ignore[arg-type]


def sample() -> Incident:
    """An incident with every field filled, as CONTRACT's example has it."""
    return simple(
        1,
        severity=Severity.CRITICAL,
        title="Error spike in payment POST /payment",
        no_cause="",
        onset=NOW - 300,
        first_detected=NOW - 285,
        root_cause=RootCause(
            cause=Cause("payment", CauseKind.ERRORS, "/payment", "POST"),
            description="80% of requests fail (12 of 15; expected 1%)",
            confidence=0.93,
            interval=(0.71, 0.99),
            dimensions=(Dimension("service.version", "1.5.0", 1.0, 0.04),),
            alternatives=((Cause("inventory", CauseKind.NETWORK, "/inventory", "GET", caller="checkout"), 0.22),),
            change="deployment of payment 1.5.0, 4 min before",
        ),
        first_failing_span=FirstFailingSpan(
            trace_id=TRACE_ID,
            span_id="00f067aa0ba902b7",
            service="payment",
            name="POST /payment",
            status="card processor refused",
            exception="PaymentError",
            share_of_traces=0.93,
        ),
        affected_services=("payment", "checkout", "gateway"),
        affected_endpoints=("/payment", "/checkout"),
        symptoms=(
            (labels(service="payment", route="/payment", method="POST"), "errors"),
            (labels(service="checkout", route="/checkout", method="POST"), "errors"),
        ),
        trace_correlation=TraceCorrelation(
            TRACE_ID, (TRACE_ID, "a" * 32, "b" * 32), 41, ("payment_errors", "checkout_errors")
        ),
        acknowledged_by="",
        timeline=(
            TimelineEntry(NOW - 300, "onset", "80% of requests to payment POST /payment fail (12 of 15; expected 1%)"),
            TimelineEntry(NOW - 285, "anomaly", "80% of requests to checkout POST /checkout fail (12 of 15)"),
            TimelineEntry(NOW - 285, "cause", "payment POST /payment: 80% of requests fail"),
        ),
    )


def sample_evidence() -> IncidentEvidence:
    """The evidence of the sample, with every field filled."""
    cause = Cause("payment", CauseKind.ERRORS, "/payment", "POST")
    checkout = CallNode(
        parent=-1,
        service="checkout",
        operation="POST /checkout",
        kind="server",
        callee="",
        requests=(60, 41),
        calls=(1.0, 1.0),
        seconds=(0.31, 0.28),
        failing=(0.0, 0.93),
        time=(0.04, 0.05),
        share_of_excess=0.0,
        share_of_failures=0.0,
        critical=True,
    )
    call = replace(
        checkout,
        parent=0,
        operation="POST",
        kind="client",
        callee="payment",
        requests=(0, 41),
        calls=(0.0, 1.25),
        seconds=(None, 0.2),
        time=(0.0, 0.25),
        share_of_excess=1.0,
        share_of_failures=1.0,
    )
    look = Exemplar(
        trace_id=TRACE_ID,
        span_id="00f067aa0ba902b7",
        service="checkout",
        operation="POST /checkout",
        start=NOW - 200,
        seconds=0.31,
        failed=True,
    )
    return IncidentEvidence(
        at=NOW - 285,
        symptoms=(
            MeasuredSymptom(
                series=labels(service="payment", route="/payment", method="POST"),
                family="errors",
                text="80% of requests to payment POST /payment fail",
                onset=NOW - 300,
                at=NOW - 285,
                score=3.5,
                observed=0.8,
                expected=0.01,
                bad=12.0,
                total=None,
            ),
        ),
        more_symptoms=1,
        votes=(CauseVotes(cause=cause, traces=38.5, of=41, confidence=0.9, interval=(0.81, 0.98)),),
        spans=(0, 41),
        seconds=(None, 0.185),
        questions=(
            TraceQuestion(
                service="checkout",
                route="/checkout",
                method="POST",
                callee="",
                kind=PopulationKind.SLOW,
                threshold=0.25,
                window=Window(NOW - 315, NOW - 285),
                limit=60,
                traces=41,
                query="{ kind = server }",
            ),
        ),
        read="checkout POST /checkout",
        anatomy=RequestAnatomy(
            requests=(60, 41),
            seconds=(0.31, 0.28),
            failing=(0.0, 0.93),
            time=(0.04, 0.3),
            nodes=(checkout, call),
            left_out=7,
            left_out_share=0.125,
            changed_calls=(
                CallChange(
                    what="added",
                    caller="checkout POST /checkout",
                    call="checkout → payment POST",
                    requests=(0, 41),
                    of=(60, 41),
                    calls=(0.0, 1.25),
                ),
            ),
            bad=(look,),
            good=(replace(look, trace_id="a" * 32, seconds=0.04, failed=False),),
        ),
    )


def sample_trace() -> Trace:
    def span(number: int, parent: int, of: str, kind: SpanKind, start: float, seconds: float, **more: Any) -> Span:
        service, _, name = of.partition(" ")
        parent_id = f"{parent:016x}" if parent else ""
        began = NOW - 200 + start
        return Span(
            trace_id=TRACE_ID,
            span_id=f"{number:016x}",
            parent_id=parent_id,
            service=service,
            name=name,
            kind=kind,
            start=began,
            duration=seconds,
            **more,
        )

    bad: dict[str, Any] = {"status": Status.ERROR, "failed": True}
    return Trace(
        TRACE_ID,
        (
            span(1, 0, "gateway POST /checkout", SpanKind.SERVER, 0.0, 0.31, http_status=502, **bad),
            span(2, 1, "gateway POST", SpanKind.CLIENT, 0.01, 0.29, http_status=502, **bad),
            span(3, 2, "checkout POST /checkout", SpanKind.SERVER, 0.015, 0.28, http_status=502, **bad),
            span(4, 3, "checkout GET", SpanKind.CLIENT, 0.02, 0.05, http_status=200),
            span(5, 4, "inventory GET /inventory", SpanKind.SERVER, 0.025, 0.04, http_status=200),
            span(6, 3, "checkout POST", SpanKind.CLIENT, 0.08, 0.2, http_status=500, **bad),
            span(
                7,
                6,
                "payment POST /payment",
                SpanKind.SERVER,
                0.09,
                0.185,
                http_status=500,
                status_message="card processor refused",
                exception_type="PaymentError",
                **bad,
            ),
            span(8, 7, "payment charge card", SpanKind.INTERNAL, 0.1, 0.16),
        ),
    )
