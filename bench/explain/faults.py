"""The catalogue of faults by their kind, with the cases in which nothing, or more than one thing, is wrong."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.explain.failing import (
    broken_dependency,
    down,
    errors,
    reordered_calls,
    retries,
    skipped_call,
    swallowed,
    timeouts,
)
from bench.explain.ground import Fault, Ground, Maker, truth_of
from bench.explain.slowness import (
    doubled_calls,
    faint_slowness,
    many_calls,
    nameless_edge,
    network_edge,
    network_front,
    no_cache,
    only,
    slow_consumer,
    slow_database,
    slow_kind,
    slow_route,
    slow_service,
    starved_service,
    starving_host,
)
from bench.explain.trouble import Trouble


def bad_deployment(rng: random.Random, on: Ground) -> Fault | None:
    """A new version that is worse than the old one beside it, while others are deployed that are not."""
    fault = only("version", rng.random() < 0.5)(rng, on)
    assert fault is not None
    return _with_decoys(rng, on, fault)


def harmless_deployment(rng: random.Random, on: Ground) -> Fault | None:
    """A new version of the service at fault that is as bad as the old one beside it, and others elsewhere."""
    fault = (slow_service if rng.random() < 0.5 else errors)(rng, on)
    assert fault is not None
    (target,) = fault.truths[0].names
    fault.trouble.deployed[target] = rng.uniform(-120.0, 0.0)
    return _with_decoys(rng, on, fault)


def _with_decoys(rng: random.Random, on: Ground, fault: Fault) -> Fault:
    (target,) = fault.truths[0].names
    others = sorted({one.service for one in on.targets()} - {target})
    for name in rng.sample(others, min(3, len(others))):
        fault.trouble.deployed[name] = rng.uniform(-120.0, 60.0)
    return fault


def traffic_mix(_: random.Random, on: Ground) -> Fault | None:
    """Users ask for other things than before; nothing is at fault."""
    entries = [one for one in on.graph.entries if len(one.kinds) > 1]
    if not entries:
        return None
    at = max(entries, key=lambda one: one.rate)
    takes = [on.graph.seconds(at.key, kind) for kind in range(len(at.kinds))]
    slow = max(range(len(takes)), key=lambda kind: takes[kind])
    if takes[slow] < 1.25 * sum(share * one for share, one in zip(at.kinds, takes, strict=True)):
        return None
    mix = tuple(0.95 if kind == slow else 0.05 / (len(takes) - 1) for kind in range(len(takes)))
    return Fault(Trouble(mix={at.key: mix}))


def two_faults(rng: random.Random, on: Ground) -> Fault | None:
    """Two of different kinds at once, neither below the other."""
    first = slow_service(rng, on)
    assert first is not None
    (place,) = first.truths[0].names
    mine = {one.key for one in on.of_service(place)}
    related = {key.partition(" ")[0] for key in mine.union(*(on.graph.above(key) for key in mine))}
    below = {one.service for one in on.graph.operations.values() if on.graph.above(one.key) & mine}
    apart = [one for one in on.targets() if one.service not in related | below]
    if not apart:
        return None
    at = rng.choice(apart)
    share = rng.uniform(0.4, 0.9)
    trouble = replace(first.trouble, errors={one.key: share for one in on.of_service(at.service)})
    return Fault(trouble, (*first.truths, truth_of(at.service, "errors")))


def nothing(_rng: random.Random, _on: Ground) -> Fault | None:
    """All is well."""
    return Fault(Trouble())


KINDS: Mapping[str, Maker] = {
    "slow service": slow_service,
    "slow route": slow_route,
    "slow for a tenant": only("tenant", False),
    "slow version": only("version", False),
    "slow instance": only("instance", False),
    "network delay on an edge": network_edge,
    "network delay in front": network_front,
    "slow database": slow_database,
    "many calls (N+1)": many_calls,
    "missing cache": no_cache,
    "doubled calls": doubled_calls,
    "errors": errors,
    "errors for a tenant": only("tenant", True),
    "errors of a version": only("version", True),
    "errors of an instance": only("instance", True),
    "errors beside swallowed ones": swallowed,
    "service down": down,
    "timeouts": timeouts,
    "dependency fails": broken_dependency,
    "retry storm": retries,
    "starved service": starved_service,
    "starving host": starving_host,
    "skipped call": skipped_call,
    "calls in another order": reordered_calls,
    "bad deployment, decoys": bad_deployment,
    "two faults": two_faults,
    "traffic mix": traffic_mix,
    "healthy": nothing,
    "delay on a nameless edge": nameless_edge,
    "slow for a kind of requests": slow_kind,
    "faint slowness": faint_slowness,
    "slow consumer": slow_consumer,
    "harmless deployment, decoys": harmless_deployment,
}
HARMLESS = ("traffic mix", "healthy")
SAID: Sequence[str] = ("errors", "latency", "timeout", "down", "network", "dependency", "machine", "traffic")
