"""The evidence of a cause: which requests it shows, and the numbers and questions behind it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.explain import Attribution, ReadTraces, attribute, evidence_of, explain
from aiops.model import (
    Explained,
    Family,
    IncidentEvidence,
    Population,
    PopulationKind,
    Span,
    SpanKind,
    Trace,
    Window,
    labels,
)
from aiops.presentation.evidence import evidence_document
from aiops.store.incidents import EVIDENCE

from .shop import Call, finding, population, trace
from .test_causes import EDGES, EVERYBODY, GOOD, attributed, checkout, only

SLOW = [trace(checkout(Call("payment", "/payment", 0.9 + number / 100))) for number in range(10)]
FAILED = [trace(checkout(Call("payment", "/payment", 0.04, failed=True, message="refused"))) for _ in range(10)]
WINDOW = Window(0.0, 60.0)


def described(wanted: Population) -> str:
    return f"{wanted.kind} of {wanted.service}"


def read(one: Attribution, bad: Sequence[Trace], good: Sequence[Trace] = GOOD) -> ReadTraces:
    service = dict(one.finding.series)["service"]
    wanted = replace(population(service, dict(one.finding.series)["route"]), threshold=0.3)
    if one.finding.family == Family.LATENCY:
        wanted = replace(wanted, kind=PopulationKind.SLOW)
    asked = replace(wanted, window=WINDOW, kind=PopulationKind.GOOD, threshold=0.0)
    return ReadTraces(good_wanted=asked, bad_wanted=wanted, good=good, bad=bad)


def taken(bad: Sequence[Trace], family: Family, *services: str) -> tuple[Explained, IncidentEvidence]:
    """The one cause of findings on these services, and its evidence."""
    told = [
        attributed(one, "/payment" if one == "payment" else "/checkout", bad, family, observed=0.9) for one in services
    ]
    group = only(explain(told, EDGES))
    pairs = {one.finding.series: (one, read(one, bad)) for one in told}
    return group, evidence_of(group, [pairs[one.series] for one in group.findings], described, 110.0)


def test_the_requests_of_users_are_shown_with_the_whole_way_to_the_cause() -> None:
    group, found = taken(SLOW, Family.LATENCY, "checkout", "gateway", "payment")
    assert group.root_cause is not None
    assert group.root_cause.cause.service == "payment"
    assert (found.read, found.at) == ("gateway POST /checkout", 110.0)
    assert found.anatomy is not None
    [payment] = [one for one in found.anatomy.nodes if one.service == "payment"]
    # 0.9 to 0.99 s, usually 0.04 s.
    assert payment.time == pytest.approx((0.04, 0.945))
    assert (payment.share_of_excess, payment.critical) == (pytest.approx(1.0), True)
    assert found.anatomy.requests == (30, 10)
    assert found.spans == (30, 10)
    assert found.seconds == pytest.approx((0.04, 0.945))


def test_examples_are_those_that_spend_most_time_at_the_cause() -> None:
    _, found = taken(SLOW, Family.LATENCY, "gateway", "payment")
    assert found.anatomy is not None
    assert [one.trace_id for one in found.anatomy.bad] == [one.trace_id for one in SLOW[:-4:-1]]
    assert len(found.anatomy.good) == 3


def test_the_votes_are_those_behind_the_confidence() -> None:
    group, found = taken(FAILED, Family.ERRORS, "checkout", "gateway", "payment")
    assert group.root_cause is not None
    [vote] = found.votes
    assert vote.cause == group.root_cause.cause
    assert (vote.traces, vote.of) == (10, 10)
    assert vote.confidence == pytest.approx(group.root_cause.confidence, abs=0.001)
    assert vote.interval == pytest.approx(group.root_cause.interval, abs=0.001)
    assert found.anatomy is not None
    [payment] = [one for one in found.anatomy.nodes if one.service == "payment"]
    assert (payment.share_of_failures, payment.failing) == (pytest.approx(1.0), (0.0, 1.0))


def test_the_questions_say_what_was_asked_and_how_much_came() -> None:
    _, found = taken(SLOW, Family.LATENCY, "checkout", "gateway")
    assert [(one.service, one.kind) for one in found.questions] == [
        ("gateway", PopulationKind.SLOW),
        ("gateway", PopulationKind.GOOD),
        ("checkout", PopulationKind.SLOW),
        ("checkout", PopulationKind.GOOD),
    ]
    bad, good, *_ = found.questions
    assert (bad.traces, bad.threshold, bad.query) == (10, 0.3, "slow of gateway")
    assert (good.traces, good.window, good.limit) == (30, WINDOW, 60)


def test_symptoms_are_the_worst_and_the_others_are_counted() -> None:
    one = attributed("gateway", "/checkout", FAILED)
    findings = [
        replace(finding("gateway", f"/{number}", Family.ERRORS), score=float(number), observed=float("nan"))
        for number in range(12)
    ]
    group = replace(only(explain([one], EDGES)), findings=tuple(findings), texts=tuple("it fails" for _ in findings))
    found = evidence_of(group, [(one, None)], described, 110.0)
    assert [one.score for one in found.symptoms] == [11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0]
    assert {one.observed for one in found.symptoms} == {None}
    assert found.more_symptoms == 4
    assert (found.anatomy, found.read, found.questions) == (None, "", ())


def test_what_has_no_traces_has_the_numbers_of_its_symptoms() -> None:
    silent = Attribution(
        finding=replace(finding("payment", "", Family.SILENCE), series=labels(service="payment")), votes=()
    )
    found = evidence_of(only(explain([silent], EDGES)), [(silent, None)], described, 110.0)
    assert [one.family for one in found.symptoms] == ["silence"]
    assert (found.votes, found.anatomy, found.questions) == ((), None, ())


def test_good_traces_that_are_bad_ones_too_are_no_comparison() -> None:
    one = attributed("gateway", "/checkout", SLOW, Family.LATENCY)
    group = only(explain([one], EDGES))
    found = evidence_of(group, [(one, read(one, SLOW, good=SLOW))], described, 110.0)
    assert found.anatomy is None
    assert len(found.questions) == 2


def test_the_order_of_findings_decides_nothing() -> None:
    _, one = taken(SLOW, Family.LATENCY, "checkout", "gateway", "payment")
    _, other = taken(SLOW[::-1], Family.LATENCY, "payment", "gateway", "checkout")
    assert one == other


ROWS = st.lists(
    st.tuples(
        st.integers(0, 9), st.integers(0, 9), st.sampled_from(["gateway", "payment"]), st.sampled_from(list(SpanKind)),
        st.floats(-5.0, 5.0, allow_nan=False), st.floats(-5.0, 5.0, allow_nan=False), st.booleans(),
    ),
    max_size=10,
)  # fmt: skip


def broken(at: int, rows: Sequence[tuple[int, int, str, SpanKind, float, float, bool]]) -> Trace:
    """Ids may repeat, parents may be missing, in a circle or the span itself, and durations negative."""
    return Trace(
        f"{at}",
        tuple(
            Span(
                trace_id=f"{at}",
                span_id=f"{number}",
                parent_id=f"{parent}",
                service=service,
                name="POST /checkout",
                kind=kind,
                start=100.0 + start,
                duration=seconds,
                failed=failed,
                route="/checkout",
                method="POST",
                peer="payment",
            )
            for number, parent, service, kind, start, seconds, failed in rows
        ),
    )


@settings(deadline=None)
@given(st.lists(ROWS, min_size=2, max_size=8), st.sampled_from([Family.ERRORS, Family.LATENCY]))
def test_evidence_is_taken_of_any_traces(
    traces: Sequence[Sequence[tuple[int, int, str, SpanKind, float, float, bool]]], family: Family
) -> None:
    made = [broken(at, rows) for at, rows in enumerate(traces)]
    good, bad = made[::2], made[1::2]
    one = attribute(finding("gateway", "/checkout", family), population("gateway", "/checkout"), bad, good, EVERYBODY)
    for group in explain([one], EDGES):
        found = evidence_of(group, [(one, read(one, bad, good))], described, 110.0)
        assert EVIDENCE.validate_json(EVIDENCE.dump_json(found)) == found
        assert evidence_document(found).questions[0].traces == len(bad)
