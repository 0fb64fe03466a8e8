"""A machine that starves is one incident; services that are slow by themselves are several."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count

import pytest

from aiops.explain import KnownServices, attribute, doubted, explain
from aiops.explain.attribution import Attribution
from aiops.model import CauseKind, Edge, Explained, Family, PopulationKind, Span, SpanKind, Trace, labels

from .shop import finding, population

NUMBERS = count(1)
PARTS = {"gateway": "checkout", "checkout": "payment", "payment": ""}
EDGES = (Edge(caller="gateway", callee="checkout"), Edge(caller="checkout", callee="payment"))
Slow = Callable[[random.Random], float]


def trace(rng: random.Random, own: Mapping[str, float], way: Slow, factor: Slow, hosts: Mapping[str, str]) -> Trace:
    """A chain of services. `own`: seconds added to the work of each; `factor` stretches work, `way` the ways."""
    trace_id, spans = f"{next(NUMBERS):032x}", list[Span]()

    def serve(service: str, parent: str, start: float) -> float:
        mine, client = f"{next(NUMBERS):016x}", f"{next(NUMBERS):016x}"
        resource = {"host.name": hosts[service]} if service in hosts else {}
        took = 0.01 * rng.lognormvariate(0, 0.2) * (factor(rng) if hosts.get(service) != "calm" else 1.0)
        took += own.get(service, 0.0)
        callee = PARTS[service]
        if callee:
            gap = 0.002 * rng.lognormvariate(0, 0.2) * way(rng)
            inner = serve(callee, client, start + took + gap / 2) + gap
            kind = SpanKind.CLIENT
            spans.append(
                Span(
                    trace_id=trace_id,
                    span_id=client,
                    parent_id=mine,
                    service=service,
                    name="GET",
                    kind=kind,
                    start=start + took,
                    duration=inner,
                    peer=callee,
                    resource=resource,
                )
            )
            took += inner
        spans.append(
            Span(
                trace_id=trace_id, span_id=mine, parent_id=parent, service=service, name=f"POST /{service}",
                kind=SpanKind.SERVER, start=start, duration=took,
                route=f"/{service}", method="POST", resource=resource,
            )
        )  # fmt: skip
        return took

    serve("gateway", "", 100.0)
    return Trace(trace_id, tuple(sorted(spans, key=lambda one: one.start)))


def once(_: random.Random) -> float:
    return 1.0


def starving(rng: random.Random) -> float:
    return 6.0 * rng.lognormvariate(0, 0.8)


def explained(
    own: Mapping[str, float], way: Slow, factor: Slow, hosts: Mapping[str, str], loose: tuple[str, ...] = ()
) -> tuple[Explained, ...]:
    """What becomes of findings on every service."""
    rng = random.Random(3)
    bad = [trace(rng, own, way, factor, hosts) for _ in range(30)]
    good = [trace(rng, {}, once, once, hosts) for _ in range(30)]
    found = []
    for service in PARTS:
        wanted = replace(population(service, f"/{service}"), kind=PopulationKind.SLOW)
        one = finding(service, f"/{service}", Family.LATENCY, 0.3, 0.03)
        found.append(attribute(one, wanted, bad, good, KnownServices(frozenset(PARTS), frozenset(PARTS))))
    for service in loose:
        silent = replace(finding(service, "", Family.SILENCE), series=labels(service=service))
        found.append(Attribution(finding=silent, votes=()))
    return explain(found, EDGES)


ONE_HOST = dict.fromkeys(PARTS, "box")
OWN_HOSTS = {service: f"container-{service}" for service in PARTS}


@pytest.mark.parametrize(
    ("hosts", "named"),
    [
        pytest.param(ONE_HOST, "box", id="one-host"),
        pytest.param({}, "the shared machine", id="nothing-says-where"),
        pytest.param(OWN_HOSTS, "the shared machine", id="a-container-each"),
    ],
)
def test_all_slow_at_once_is_the_machine(hosts: Mapping[str, str], named: str) -> None:
    (group,) = explained({}, starving, starving, hosts, loose=("payment",))
    assert group.root_cause is not None
    assert (group.root_cause.cause.service, group.root_cause.cause.kind) == (named, CauseKind.MACHINE)
    assert group.root_cause.confidence <= 0.7
    assert group.root_cause.interval[1] <= 0.7
    assert "3 of 3 services and 2 of 2 ways" in group.root_cause.description
    assert group.affected_services == ("checkout", "gateway", "payment")
    assert {one.family for one in group.findings} == {Family.LATENCY, Family.SILENCE}


@pytest.mark.parametrize(
    ("own", "way", "factor", "hosts"),
    [
        pytest.param(dict.fromkeys(PARTS, 1.0), once, once, ONE_HOST, id="every-service-by-itself"),
        pytest.param({"checkout": 1.0, "payment": 1.0}, once, once, {}, id="most-services-by-themselves"),
        pytest.param({"payment": 1.0}, once, once, ONE_HOST, id="one-service"),
        pytest.param({}, lambda _: 200.0, once, ONE_HOST, id="the-network"),
        pytest.param({"payment": 2.0}, lambda _: 2.5, lambda _: 2.5, ONE_HOST, id="one-beside-a-busy-machine"),
    ],
)
def test_services_that_are_slow_by_themselves_are_not(
    own: Mapping[str, float], way: Slow, factor: Slow, hosts: Mapping[str, str]
) -> None:
    groups = explained(own, way, factor, hosts)
    assert groups
    assert all(one.root_cause is None or one.root_cause.cause.kind != CauseKind.MACHINE for one in groups)


def test_the_host_that_starves_is_told_from_the_one_that_does_not() -> None:
    hosts = {"gateway": "calm", "checkout": "busy", "payment": "busy"}
    first, *_ = explained({}, starving, starving, hosts)
    assert first.root_cause is not None
    assert first.root_cause.cause.service == "busy"


def test_an_engine_that_is_late_is_less_sure_and_says_why() -> None:
    groups = explained({"payment": 1.0}, once, once, {})
    sure, less = groups[0].root_cause, doubted(groups, "its cycles were late")[0].root_cause
    assert sure is not None
    assert less is not None
    assert less.confidence < 0.9 <= sure.confidence
    assert less.description.endswith("less sure than usual: its cycles were late")
    assert doubted(groups, "") == groups


def two_slow(hosts: Mapping[str, str]) -> tuple[Explained, ...]:
    """What becomes of two services that are slow where their first instance runs, beside one that is not."""
    rng = random.Random(4)
    slow = {service: 0.3 for service in ("checkout", "payment") if hosts[service] == "box"}
    bad = [trace(rng, slow, once, once, hosts) for _ in range(30)]
    good = [trace(rng, {}, once, once, hosts) for _ in range(30)]
    calm = {service: f"calm-{service}" for service in PARTS}
    bad += [trace(rng, {}, once, once, calm) for _ in range(10)]
    good += [trace(rng, {}, once, once, calm) for _ in range(10)]
    found = []
    for service in PARTS:
        wanted = replace(population(service, f"/{service}"), kind=PopulationKind.SLOW)
        one = finding(service, f"/{service}", Family.LATENCY, 0.3, 0.03)
        found.append(attribute(one, wanted, bad, good, KnownServices(frozenset(PARTS), frozenset(PARTS))))
    return explain(found, EDGES)


def test_two_services_that_are_slow_on_one_host_only_share_a_cause() -> None:
    (group,) = two_slow({"gateway": "front", "checkout": "box", "payment": "box"})
    assert group.root_cause is not None
    assert (group.root_cause.cause.service, group.root_cause.cause.kind) == ("box", CauseKind.MACHINE)
    assert len(group.findings) == 3


def test_two_services_that_are_slow_on_the_only_host_do_not() -> None:
    groups = explained({"checkout": 0.3, "payment": 0.3}, once, once, ONE_HOST)
    assert {one.root_cause.cause.service for one in groups if one.root_cause} <= {"checkout", "payment"}
