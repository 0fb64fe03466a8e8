"""Who is to blame: one table of what happened and what must be named."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from examples import share
from hypothesis import given
from hypothesis import strategies as st

from aiops.explain import KnownServices, attribute, explain
from aiops.explain.attribution import Attribution
from aiops.model import CauseKind, Edge, Explained, Family, Trace, labels

from .shop import Call, finding, population, trace

EVERYONE = frozenset({"gateway", "checkout", "payment", "inventory"})
EVERYBODY = KnownServices(EVERYONE, EVERYONE)
EDGES = (
    Edge(caller="gateway", callee="checkout"),
    Edge(caller="checkout", callee="payment"),
    Edge(caller="checkout", callee="inventory"),
    Edge(caller="gateway", callee="payment"),
)


def checkout(payment: Call | None = None, inventory: Call | None = None, own: float = 0.01) -> Call:
    """A user's checkout: gateway → checkout → inventory, then payment; failures travel upwards."""
    paid = payment or Call("payment", "/payment", 0.04)
    stock = inventory or Call("inventory", "/inventory", 0.02)
    calls = (stock,) if stock.failed else (stock, paid)
    failed = any(call.failed for call in calls)
    inner = Call("checkout", "/checkout", own, failed, calls)
    return Call("gateway", "/checkout", 0.002, failed, (inner,))


GOOD = [trace(checkout()) for _ in range(30)]


def attributed(
    service: str,
    route: str,
    bad: Sequence[Trace],
    family: Family = Family.ERRORS,
    world: KnownServices = EVERYBODY,
    observed: float = 0.8,
    expected: float = 0.01,
) -> Attribution:
    found = finding(service, route, family, observed, expected)
    return attribute(found, population(service, route), bad, GOOD, world)


def all_of(bad: Sequence[Trace], family: Family, world: KnownServices = EVERYBODY) -> list[Attribution]:
    """Findings on every service that failed in the bad traces."""
    routes = {(span.service, span.route) for one in bad for span in one.spans if span.route and span.failed}
    return [attributed(service, route, bad, family, world) for service, route in sorted(routes)]


def only(groups: Sequence[Explained]) -> Explained:
    (group,) = groups
    return group


FAILED = {"failed": True}
GONE = KnownServices(EVERYONE, EVERYONE - {"payment"}, frozenset({"payment"}))
HANGS = KnownServices(EVERYONE, EVERYONE - {"payment"})


@pytest.mark.parametrize(
    ("payment", "inventory", "world", "service", "kind", "endpoint"),
    [
        pytest.param(
            Call("payment", "/payment", message="refused", **FAILED), None, KnownServices(EVERYONE, EVERYONE),
            "payment", CauseKind.ERRORS, "/payment", id="the-last-callee",
        ),
        pytest.param(
            None, Call("inventory", "/inventory", **FAILED), KnownServices(EVERYONE, EVERYONE),
            "inventory", CauseKind.ERRORS, "/inventory", id="the-first-callee",
        ),
        pytest.param(
            Call("payment", "/payment", served=False, waits=5.0, error="ReadTimeout", **FAILED), None, HANGS,
            "payment", CauseKind.TIMEOUT, "/payment", id="never-answers",
        ),
        pytest.param(
            Call("payment", "/payment", served=False, error="ConnectionError", **FAILED), None, GONE,
            "payment", CauseKind.DOWN, "", id="is-gone",
        ),
        pytest.param(
            Call("payment", "/payment", served=False, error="503", **FAILED), None,
            KnownServices(EVERYONE - {"payment"}),
            "payment", CauseKind.DEPENDENCY, "", id="sends-no-telemetry",
        ),
    ],
)  # fmt: skip
def test_an_error_is_traced_to_where_it_starts(
    payment: Call | None, inventory: Call | None, world: KnownServices, service: str, kind: CauseKind, endpoint: str
) -> None:
    bad = [trace(checkout(payment, inventory)) for _ in range(20)]
    group = only(explain(all_of(bad, Family.ERRORS, world), EDGES))
    assert group.root_cause is not None
    cause = group.root_cause.cause
    assert (cause.service, cause.kind, cause.endpoint) == (service, kind, endpoint)
    assert group.root_cause.confidence > 0.8
    assert group.root_cause.interval[0] > 0.75
    assert {"checkout", "gateway"} <= set(group.affected_services)
    assert group.first_failing_span is not None
    assert group.first_failing_span.share_of_traces == 1.0


def test_time_lost_before_every_caller_is_one_cause() -> None:
    slow = Call("payment", "/payment", 0.04, gap=1.0)
    through = [trace(checkout(slow)) for _ in range(20)]
    straight = [trace(Call("gateway", "/payment", 0.002, False, (slow,))) for _ in range(20)]
    good = [trace(Call("gateway", "/payment", 0.002, False, (Call("payment", "/payment", 0.04),))) for _ in range(30)]
    two = [
        attributed("checkout", "/checkout", through, Family.LATENCY, observed=1.1, expected=0.1),
        attribute(
            finding("gateway", "/payment", Family.LATENCY, 1.1, 0.05),
            population("gateway", "/payment"),
            straight,
            good,
            KnownServices(EVERYONE, EVERYONE),
        ),
    ]
    group = only(explain(two, EDGES))
    assert group.root_cause is not None
    cause = group.root_cause.cause
    assert (cause.service, cause.kind, cause.caller) == ("payment", CauseKind.NETWORK, "")
    assert group.title == "Time is lost in front of payment"
    one_edge = only(explain(two[:1], EDGES))
    assert one_edge.root_cause is not None
    assert one_edge.root_cause.cause.caller == "checkout"


def test_who_calls_too_often_is_slow_by_itself() -> None:
    stock = [Call("inventory", "/inventory", 0.02) for _ in range(15)]
    asks = Call("checkout", "/checkout", 0.01, False, (*stock, Call("payment", "/payment", 0.04)))
    bad = [trace(Call("gateway", "/checkout", 0.002, False, (asks,))) for _ in range(20)]
    group = only(
        explain([attributed("checkout", "/checkout", bad, Family.LATENCY, observed=0.35, expected=0.08)], EDGES)
    )
    assert group.root_cause is not None
    assert (group.root_cause.cause.service, group.root_cause.cause.kind) == ("checkout", CauseKind.LATENCY)


def test_a_list_of_any_length_does_not_take_the_blame_for_its_items() -> None:
    def listed(items: int, each: float) -> Trace:
        stock = [Call("inventory", "/inventory", each) for _ in range(items)]
        asks = Call("checkout", "/checkout", 0.01, False, tuple(stock))
        return trace(Call("gateway", "/checkout", 0.002, False, (asks,)))

    lengths = [1, 1, 1, 5, 12] * 6
    good = [listed(items, 0.02) for items in lengths]
    bad = [listed(items, 0.12) for items in lengths]
    found = finding("checkout", "/checkout", Family.LATENCY, 0.5, 0.1)
    one = attribute(found, population("checkout", "/checkout"), bad, good, KnownServices(EVERYONE, EVERYONE))
    group = only(explain([one], EDGES))
    assert group.root_cause is not None
    assert (group.root_cause.cause.service, group.root_cause.cause.kind) == ("inventory", CauseKind.LATENCY)


def test_missing_traffic_names_who_lost_it() -> None:
    series = ("/payment", "/checkout")
    lost = [Attribution(finding=finding("gateway", route, Family.TRAFFIC, 0.2, 1.6), votes=()) for route in series]
    group = only(explain(lost, EDGES))
    assert group.root_cause is not None
    assert (group.root_cause.cause.service, group.root_cause.cause.kind) == ("gateway", CauseKind.TRAFFIC)
    assert group.root_cause.description.startswith("0.4 requests/s arrive, expected 3.2/s")
    assert group.affected_endpoints == ("/checkout", "/payment")


@pytest.mark.parametrize(
    ("root", "causes"),
    [
        pytest.param(checkout(Call("payment", "/payment", 2.0)), {("payment", CauseKind.LATENCY)}, id="one-callee"),
        pytest.param(checkout(own=1.0), {("checkout", CauseKind.LATENCY)}, id="in-the-middle"),
        pytest.param(
            checkout(Call("payment", "/payment", 0.04, gap=1.0)), {("payment", CauseKind.NETWORK)}, id="on-the-way"
        ),
        pytest.param(
            checkout(Call("payment", "/payment", 1.0), Call("inventory", "/inventory", 1.0), own=1.0),
            {("payment", CauseKind.LATENCY), ("inventory", CauseKind.LATENCY), ("checkout", CauseKind.LATENCY)},
            id="three-by-themselves",
        ),
    ],
)
def test_time_is_traced_to_where_it_is_spent(root: Call, causes: set[tuple[str, CauseKind]]) -> None:
    bad = [trace(root) for _ in range(20)]
    # The detector finds a service only where its own spans are slow.
    slow = {(s.service, s.route) for s in bad[0].spans if s.route and s.duration > 0.5}
    found = [
        attributed(service, route, bad, Family.LATENCY, observed=1.0, expected=0.05) for service, route in sorted(slow)
    ]
    groups = explain(found, EDGES)
    assert {(one.root_cause.cause.service, one.root_cause.cause.kind) for one in groups if one.root_cause} == causes
    assert len(groups) == len(causes)


def test_a_slow_failure_is_a_failure() -> None:
    hanging = Call("payment", "/payment", served=False, waits=5.0, error="ReadTimeout", **FAILED)
    bad = [trace(checkout(hanging)) for _ in range(20)]
    both = [
        *all_of(bad, Family.ERRORS, HANGS),
        attributed("gateway", "/checkout", bad, Family.LATENCY, HANGS, observed=5.0, expected=0.1),
    ]
    group = only(explain(both, EDGES))
    assert group.root_cause is not None
    assert group.root_cause.cause.kind == CauseKind.TIMEOUT


def test_silence_without_failing_calls_names_no_cause() -> None:
    gone = finding("payment", "", Family.SILENCE)
    group = only(explain([Attribution(finding=gone, votes=())], EDGES))
    assert group.root_cause is None
    assert "telemetry may have stopped" in group.no_cause


@pytest.mark.parametrize(
    ("family", "observed", "kind"),
    [
        pytest.param(Family.ERRORS, 0.9, CauseKind.DOWN, id="most-calls-fail"),
        pytest.param(Family.ERRORS, 0.1, CauseKind.ERRORS, id="most-calls-are-answered"),
        pytest.param(Family.LATENCY, 1.0, CauseKind.LATENCY, id="slow-answers"),
    ],
)
def test_only_a_silent_callee_that_fails_is_down(family: Family, observed: float, kind: CauseKind) -> None:
    failed = family == Family.ERRORS
    mute = Call("payment", "/payment", served=False, waits=1.0, error="500", failed=failed)
    bad = [trace(checkout(mute)) for _ in range(20)]
    hit = attributed("checkout", "/checkout", bad, family, observed=observed, expected=0.05)
    silent = Attribution(
        finding=replace(finding("payment", "", Family.SILENCE), series=labels(service="payment")), votes=()
    )
    group = only(explain([hit, silent], EDGES))
    assert group.root_cause is not None
    assert (group.root_cause.cause.service, group.root_cause.cause.kind) == ("payment", kind)


def test_a_database_is_whose_caller_waits_for_it() -> None:
    def asks(stock: float) -> Trace:
        mine = Call("db", "", served=False, waits=0.004)
        inventory = Call("inventory", "/inventory", 0.02, calls=(Call("db", "", served=False, waits=stock),))
        return trace(Call("checkout", "/checkout", 0.01, calls=(mine, inventory)))

    good, bad = [asks(0.001) for _ in range(30)], [asks(0.5) for _ in range(20)]
    found = finding("checkout", "/checkout", Family.LATENCY, 0.5, 0.05)
    wanted = population("checkout", "/checkout")
    one = attribute(found, wanted, bad, good, KnownServices(EVERYONE, EVERYONE))
    group = only(explain([one], EDGES))
    assert group.root_cause is not None
    cause = group.root_cause.cause
    assert (cause.service, cause.kind, cause.caller) == ("db", CauseKind.LATENCY, "inventory")


def test_another_call_to_the_same_peer_is_no_retry() -> None:
    calls = (Call("payment", "/payment", **FAILED), Call("payment", "/audit"))
    bad = [trace(Call("checkout", "/checkout", failed=True, calls=calls)) for _ in range(20)]
    good = [trace(Call("checkout", "/checkout", calls=[Call("payment", "/payment"), calls[1]])) for _ in range(20)]
    wanted = population("checkout", "/checkout")
    one = attribute(
        finding("checkout", "/checkout", Family.ERRORS), wanted, bad, good, KnownServices(EVERYONE, EVERYONE)
    )
    group = only(explain([one], EDGES))
    assert group.root_cause is not None
    assert group.root_cause.cause.service == "payment"


def test_two_slow_routes_of_a_service_are_not_counted_twice() -> None:
    slow = Call("inventory", "/stock", 1.0), Call("inventory", "/price", 1.0)
    other = Call("payment", "/payment", 2.0)
    bad = [trace(Call("checkout", "/checkout", calls=slow)) for _ in range(10)]
    bad += [trace(Call("checkout", "/checkout", calls=(other,))) for _ in range(10)]
    found = attributed("inventory", "/stock", bad, Family.LATENCY, observed=1.0, expected=0.05)
    through = attributed("checkout", "/checkout", bad, Family.LATENCY, observed=2.0, expected=0.05)
    for one in explain([found, through], EDGES):
        if one.root_cause is not None and one.root_cause.cause.service == "inventory":
            assert one.root_cause.confidence < 0.99


def test_a_retry_that_worked_explains_nothing() -> None:
    first = Call("payment", "/payment", **FAILED)
    second = Call("payment", "/payment")
    root = Call("checkout", "/checkout", failed=True, calls=(first, second))
    bad = [trace(root) for _ in range(20)]
    group = only(explain([attributed("checkout", "/checkout", bad)], EDGES))
    assert group.root_cause is not None
    assert group.root_cause.cause.service == "checkout"


def test_without_traces_no_cause_is_named() -> None:
    group = only(explain([attributed("gateway", "/checkout", []), attributed("checkout", "/checkout", [])], EDGES))
    assert group.root_cause is None
    assert "no bad trace" in group.no_cause


def test_traces_that_nobody_read_are_not_missing_traces() -> None:
    unread = replace(attributed("gateway", "/checkout", []), unread="nobody looked")
    group = only(explain([unread, attributed("checkout", "/checkout", [])], EDGES))
    assert group.root_cause is None
    assert group.no_cause == "no cause found in telemetry: nobody looked"


@pytest.mark.parametrize("later", [0.0, 300.0])
def test_a_finding_whose_traces_nobody_read_yet_opens_no_incident_beside_the_cause(later: float) -> None:
    bad = [trace(checkout(Call("payment", "/payment", **FAILED))) for _ in range(15)]
    known = all_of(bad, Family.ERRORS)
    edge = attributed("gateway", "/checkout", [], Family.LATENCY)
    moved = replace(edge.finding, onset=edge.finding.onset + later, series=labels(caller="gateway", callee="checkout"))
    assert only(explain([*known, replace(edge, finding=moved, unread="not yet")], EDGES)).root_cause is not None


def test_who_calls_one_that_waits_for_a_database_belongs_to_it_unread() -> None:
    """The calls that are known say nothing of the database itself."""

    def asks(stock: float) -> Trace:
        return trace(Call("inventory", "/inventory", 0.02, calls=(Call("db", "", served=False, waits=stock),)))

    good, bad = [asks(0.001) for _ in range(30)], [asks(0.5) for _ in range(20)]
    found = finding("inventory", "/inventory", Family.LATENCY, 0.5, 0.05)
    one = attribute(found, population("inventory", "/inventory"), bad, good, KnownServices(EVERYONE, EVERYONE))
    caller = replace(attributed("gateway", "/checkout", [], Family.LATENCY), unread="not yet")
    group = only(explain([caller, one], EDGES))
    assert group.root_cause is not None
    assert group.root_cause.cause.service == "db"
    assert "gateway" in group.affected_services


def test_two_causes_at_once_are_two_groups() -> None:
    bad = [trace(checkout(Call("payment", "/payment", **FAILED))) for _ in range(15)]
    bad += [trace(checkout(None, Call("inventory", "/inventory", **FAILED))) for _ in range(15)]
    groups = explain(all_of(bad, Family.ERRORS), EDGES)
    assert {one.root_cause.cause.service for one in groups if one.root_cause} == {"payment", "inventory"}


def test_few_traces_are_only_a_suspicion() -> None:
    bad = [trace(checkout(Call("payment", "/payment", **FAILED))) for _ in range(3)]
    group = only(explain(all_of(bad, Family.ERRORS), EDGES))
    assert group.root_cause is not None
    assert group.root_cause.description.startswith("suspected")
    assert group.root_cause.interval[0] < 0.5


def test_the_bad_version_is_named() -> None:
    bad = [trace(checkout(Call("payment", "/payment", version="1.5.0", **FAILED))) for _ in range(30)]
    group = only(explain(all_of(bad, Family.ERRORS), EDGES))
    assert group.root_cause is not None
    (dimension,) = group.root_cause.dimensions
    assert (dimension.attribute, dimension.value, dimension.share_of_good) == ("service.version", "1.5.0", 0.0)


BAD = [trace(checkout(Call("payment", "/payment", **FAILED))) for _ in range(10)]
BAD += [trace(checkout(None, Call("inventory", "/inventory", **FAILED))) for _ in range(7)]


@given(st.permutations(all_of(BAD, Family.ERRORS)), st.permutations(EDGES))
@share(0.25)
def test_the_answer_does_not_depend_on_order(found: list[Attribution], edges: list[Edge]) -> None:
    assert explain(found, edges) == explain(all_of(BAD, Family.ERRORS), EDGES)


def test_a_callee_that_its_caller_does_not_name_is_known_by_its_own_spans() -> None:
    bad = [trace(checkout(Call("payment", "/payment", failed=True))) for _ in range(20)]
    unnamed = [Trace(one.trace_id, tuple(replace(span, peer="") for span in one.spans)) for one in bad]
    edge = replace(finding("checkout", "", Family.ERRORS), series=labels(caller="checkout", callee="payment"))
    wanted = replace(population("checkout", ""), callee="payment")
    found = attribute(edge, wanted, unnamed, GOOD, KnownServices(EVERYONE, EVERYONE))
    assert {vote.cause.service for vote in found.votes} == {"payment"}
