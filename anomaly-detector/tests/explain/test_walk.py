"""Causes from metrics alone: findings and calls between services, no trace."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import pytest

from aiops.explain import Attribution, KnownServices, MetricsAlone, explain
from aiops.explain.walked import MOST_SURE
from aiops.model import VIRTUAL, CauseKind, Edge, Explained, Family, Finding, Labels, labels

AT = 1000.0
STEP = 10.0
ONSET = 910.0
KNOWN = frozenset({"web", "shop", "pay", "stock", "mail", "auth"})
WORLD = KnownServices(KNOWN, KNOWN)
ALONE = MetricsAlone(world=WORLD, step=STEP)
CALLS = ("web shop", "shop pay", "shop stock", "shop mail", "pay auth")


def edges(*calls: str, dark: Sequence[str] = ()) -> list[Edge]:
    pairs = [one.split() for one in calls or CALLS]
    return [
        Edge(caller=caller, callee=callee, rate=1.0, connection=VIRTUAL if callee in dark else "")
        for caller, callee in pairs
    ]


def series(where: str) -> Labels:
    """Of `pay` the requests that it serves at its one route, of `shop pay` the calls, of `pay/a` those at a route."""
    caller, _, callee = where.partition(" ")
    service, _, route = caller.partition("/")
    return labels(caller=caller, callee=callee) if callee else labels(service=service, route=f"/{route}", method="GET")


def slow(where: str, more: float = 0.4, total: float = 100.0, onset: float = ONSET) -> Finding:
    """Requests take `more` seconds longer than usual."""
    return Finding(
        series=series(where), family=Family.LATENCY, onset=onset, at=AT, score=3.0, observed=0.05 + more, expected=0.05,
        bad=total, total=total, confidence=0.5,
    )  # fmt: skip


def failing(where: str, share: float = 0.5, total: float = 100.0, onset: float = ONSET) -> Finding:
    return Finding(
        series=series(where), family=Family.ERRORS, onset=onset, at=AT, score=3.0, observed=share, expected=0.0,
        bad=share * total, total=total, confidence=0.5,
    )  # fmt: skip


def silent(service: str) -> Finding:
    found = failing(service)
    return replace(found, series=labels(service=service), family=Family.SILENCE, observed=0.0, expected=20.0)


def groups(
    findings: Sequence[Finding], calls: Sequence[Edge] | None = None, alone: MetricsAlone | None = ALONE
) -> tuple[Explained, ...]:
    """What is said of findings that no trace tells of."""
    given = [Attribution(finding=one, votes=()) for one in findings]
    return explain(given, edges() if calls is None else calls, alone)


def cause(findings: Sequence[Finding], calls: Sequence[Edge] | None = None) -> tuple[str, str, CauseKind]:
    """Caller, service and kind of the one cause, in the one group, which holds all findings."""
    [group] = groups(findings, calls)
    assert group.root_cause is not None, group.no_cause
    assert set(group.findings) == set(findings)
    assert 0 < group.root_cause.interval[0] <= group.root_cause.confidence <= MOST_SURE
    assert "from metrics alone: no trace was read" in group.root_cause.description
    assert group.correlation.traces_analyzed == 0
    found = group.root_cause.cause
    return found.caller, found.service, found.kind


def why_not(findings: Sequence[Finding], calls: Sequence[Edge] | None = None, alone: MetricsAlone = ALONE) -> str:
    [group] = groups(findings, calls, alone)
    assert group.root_cause is None
    return group.no_cause


CHAIN = [slow("web"), slow("web shop"), slow("shop"), slow("shop pay"), slow("pay")]


def test_what_is_slow_is_followed_to_the_last_callee_that_explains_it() -> None:
    assert cause(CHAIN) == ("", "pay", CauseKind.LATENCY)
    [group] = groups(CHAIN)
    assert group.root_cause is not None
    way = group.root_cause.from_metrics
    assert [(one.caller, one.service) for one in way] == [
        ("", "web"), ("web", "shop"), ("", "shop"), ("shop", "pay"), ("", "pay"),
    ]  # fmt: skip
    assert way[0].share is None
    assert [one.share for one in way[1:]] == [pytest.approx(1.0)] * 4
    assert all(one.per_second == pytest.approx(0.4 * 100 / (AT - ONSET + STEP)) for one in way)
    assert {one.onset for one in way} == {ONSET}
    assert set(group.affected_services) == {"pay", "shop", "web"}
    assert group.affected_services[0] == "pay"


def test_failures_are_followed_like_time() -> None:
    found = [failing("web"), failing("web shop"), failing("shop"), failing("shop pay"), failing("pay")]
    assert cause(found) == ("", "pay", CauseKind.ERRORS)


def test_the_order_of_findings_changes_nothing() -> None:
    said = {str(groups(one)) for one in permutations(CHAIN)}
    assert len(said) == 1


def test_calls_that_explain_too_little_leave_the_caller() -> None:
    found = [slow("web"), slow("web shop"), slow("shop"), slow("shop pay", 0.1), slow("pay", 0.1)]
    named = [one.root_cause.cause.service for one in groups(found) if one.root_cause is not None]
    assert named == ["shop"]


def test_few_calls_that_wait_long_explain_many_requests_that_do_not() -> None:
    found = [slow("web", 0.04, 1000), slow("shop", 0.04, 1000), slow("shop pay", 0.4, 100), slow("pay", 0.4, 100)]
    assert cause(found) == ("", "pay", CauseKind.LATENCY)


def test_many_callers_of_one_callee_are_one_cause() -> None:
    found = [slow("web"), slow("shop"), slow("web auth"), slow("shop auth"), slow("auth", total=200.0)]
    assert cause(found, edges("web auth", "shop auth")) == ("", "auth", CauseKind.LATENCY)


def test_most_calls_slow_at_once_is_the_caller() -> None:
    found = [slow("shop"), slow("shop pay", 0.2), slow("shop stock", 0.2), slow("web"), slow("web shop")]
    assert cause(found) == ("", "shop", CauseKind.LATENCY)


def test_time_that_the_callee_does_not_report_is_lost_on_the_way() -> None:
    one_of_three = edges("web pay", "shop pay", "mail pay")
    lost = [slow("shop"), slow("shop pay"), slow("shop/list")]
    assert cause(lost, one_of_three) == ("shop", "pay", CauseKind.NETWORK)
    everybody = [slow(f"{one} pay") for one in ("web", "shop", "mail")]
    assert cause([*everybody, slow("shop")], one_of_three) == ("", "pay", CauseKind.NETWORK)


def test_a_callee_without_telemetry_is_named_with_its_caller() -> None:
    calls = edges("web shop", "shop redis", "shop pay", dark=["redis"])
    late = [slow("web"), slow("shop"), slow("shop redis")]
    assert cause(late, calls) == ("shop", "redis", CauseKind.LATENCY)
    broken = [failing("web"), failing("shop"), failing("shop redis")]
    assert cause(broken, calls) == ("shop", "redis", CauseKind.DEPENDENCY)


def test_a_silent_callee_to_which_calls_fail_is_down() -> None:
    assert cause([failing("shop pay"), silent("pay"), failing("shop")]) == ("", "pay", CauseKind.DOWN)
    assert "calls to it do not fail" in why_not([silent("pay")])


def test_who_waits_for_calls_that_fail_is_a_victim() -> None:
    found = [slow("web"), slow("shop"), failing("shop pay"), failing("pay"), failing("shop", 0.1)]
    assert cause(found) == ("", "pay", CauseKind.ERRORS)


def test_failures_that_follow_from_slowness_are_one_trouble_with_it() -> None:
    found = [failing("web"), failing("web shop"), slow("web shop"), slow("shop"), slow("shop pay"), slow("pay")]
    assert cause(found) == ("", "pay", CauseKind.LATENCY)


def test_a_trouble_that_began_later_explains_nothing() -> None:
    early = [slow("web", onset=ONSET - 600), slow("web shop", onset=ONSET - 600), slow("shop", onset=ONSET - 600)]
    [first] = groups(early)
    assert first.root_cause is not None
    assert first.root_cause.cause.service == "shop"
    later = [one.root_cause for one in groups([*early, slow("shop pay"), slow("pay")])]
    assert [one.cause.service for one in later if one is not None] == ["shop"]


def test_what_metrics_leave_open_has_no_cause_and_a_reason() -> None:
    assert "too few series lead to shop" in why_not([slow("shop"), slow("web shop")])
    answers = [failing("web"), failing("shop"), failing("shop pay")]
    assert "calls to pay fail, which reports no such trouble" in why_not(answers)
    assert "which services call each other is not known" in why_not(
        [slow("shop"), slow("shop/a"), slow("shop/b")], [], MetricsAlone(world=KnownServices(), step=STEP)
    )
    watched = MetricsAlone(world=WORLD, step=STEP, suspect=frozenset({series("shop pay")}))
    found = [slow("web"), slow("web shop"), slow("shop")]
    assert "what shop calls looks unusual too, and is not judged yet" in why_not(found, alone=watched)
    round_trip = edges("web shop", "shop web")
    circle = [slow("web"), slow("web shop"), slow("shop"), slow("shop web")]
    assert "in a circle" in why_not(circle, round_trip)


def test_troubles_of_unrelated_services_are_causes_of_their_own() -> None:
    calls = edges("web shop", "mail auth")
    found = [slow("web"), slow("web shop"), slow("shop"), failing("mail"), failing("mail auth"), failing("auth")]
    named = {one.root_cause.cause.service: len(one.findings) for one in groups(found, calls) if one.root_cause}
    assert named == {"shop": 3, "auth": 3}


def test_what_no_walk_starts_from_joins_the_cause_of_its_time() -> None:
    fewer = replace(slow("web/home"), family=Family.TRAFFIC, observed=1.0, expected=9.0)
    assert cause([*CHAIN, fewer]) == ("", "pay", CauseKind.LATENCY)
    assert cause([*CHAIN, slow("pay auth", 0.01)]) == ("", "pay", CauseKind.LATENCY)


def test_traces_that_will_be_read_are_waited_for() -> None:
    given = [Attribution(finding=one, votes=(), unread="not yet", waits=True) for one in CHAIN]
    [group] = explain(given, edges(), ALONE)
    assert group.root_cause is None
    assert all(one.root_cause is None for one in groups(CHAIN, alone=None)), "nobody says what metrics show"


def test_the_reason_why_no_trace_was_read_is_said() -> None:
    given = [Attribution(finding=one, votes=(), unread="the store is away") for one in CHAIN]
    [group] = explain(given, edges(), ALONE)
    assert group.root_cause is not None
    assert "no trace was read, because the store is away" in group.root_cause.description
