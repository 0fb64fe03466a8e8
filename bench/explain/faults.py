"""The kinds of faults: what each does to a graph, where it can be, and what is right to say of it."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bench.explain.graph import Call, Graph, Operation
from bench.explain.requests import Trouble

ENOUGH = 12.0  # requests since the onset that a target gets, at least, where any does
STRUCTURE = ("errors", "calls", "structure", "missing", "latency")


@dataclass(frozen=True, slots=True)
class Truth:
    """What is right: any of `names` is the right place; `kinds` are the right words. An edge has a caller.

    `dimension` is the attribute and value that the bad requests share.
    """

    names: frozenset[str]
    kinds: tuple[str, ...]
    caller: str = ""
    dimension: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Fault:
    """A trouble and its truths; none where nothing is at fault."""

    trouble: Trouble
    truths: tuple[Truth, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """What a fault is drawn on: the graph, and how many requests each place gets while it lasts."""

    graph: Graph
    counts: Mapping[str, float]
    strength: float = 1.0

    def targets(self, fits: Callable[[Operation], bool] = lambda _: True, share: float = 1.0) -> list[Operation]:
        """Operations behind the front that fit, have requests enough of which a share is hit, and send spans. Where
        none has enough, those with the most."""
        front = {entry.key.partition(" ")[0] for entry in self.graph.entries}
        found = [
            one for one in self.graph.operations.values()
            if one.service not in front and not self.graph.services[one.service].dark and self.counts[one.key] > 0
            and fits(one)
        ]  # fmt: skip
        busy = [one for one in found if self.counts[one.key] * share >= ENOUGH]
        return sorted(busy or sorted(found, key=lambda one: -self.counts[one.key])[:3], key=lambda one: one.key)

    def delay(self, rng: random.Random, key: str, share: float = 1.0) -> float:
        """Seconds that users notice: a good part of what the requests take that pass here."""
        above = self.graph.above(key)
        entries = [one for one in self.graph.entries if one.key in above] or list(self.graph.entries)
        usual = max(self.graph.seconds(one.key, 0) for one in entries)
        return max(0.03, 0.3 * 10 ** rng.random() * usual / share**0.5) * self.strength

    def of_service(self, service: str) -> list[Operation]:
        return [one for one in self.graph.operations.values() if one.service == service]


Maker = Callable[[random.Random, Ground], Fault | None]


def _truth(service: str, *kinds: str, caller: str = "", dimension: tuple[str, str] = ("", "")) -> Truth:
    return Truth(frozenset({service}), kinds, caller, dimension)


def slow_service(rng: random.Random, on: Ground) -> Fault | None:
    at = rng.choice(on.targets())
    delay = on.delay(rng, at.key)
    return Fault(Trouble(slower={one.key: delay for one in on.of_service(at.service)}), (_truth(at.service, "latency"),))


def slow_route(rng: random.Random, on: Ground) -> Fault | None:
    several = [one for one in on.targets() if len(on.of_service(one.service)) > 1]
    at = rng.choice(several or on.targets())
    return Fault(Trouble(slower={at.key: on.delay(rng, at.key)}), (_truth(at.service, "latency"),))


def _only(what: str, errors: bool) -> Maker:
    def make(rng: random.Random, on: Ground) -> Fault | None:
        share = 0.25 if what == "tenant" else 0.5
        at = rng.choice([
            one for one in on.targets(share=share)
            if what == "tenant" or len(on.graph.services[one.service].hosts) > 1
        ] or on.targets(share=share))  # fmt: skip
        value = {"tenant": "t2", "version": "2", "instance": "0"}[what]
        key = {"tenant": "tenant", "version": "service.version", "instance": "service.instance.id"}[what]
        shown = f"{at.service}-0" if what == "instance" else value
        trouble = Trouble(only=(what, value))
        mine = on.of_service(at.service)
        if errors:
            trouble.errors = {one.key: rng.uniform(0.4, 0.9) for one in mine}
        else:
            delay = on.delay(rng, at.key, share)
            trouble.slower = {one.key: delay for one in mine}
        if what == "version":
            trouble.deployed = {at.service: 0.0}
        return Fault(trouble, (_truth(at.service, "errors" if errors else "latency", dimension=(key, shown)),))

    return make


def network_edge(rng: random.Random, on: Ground) -> Fault | None:
    edges = _edges(on)
    caller, to = rng.choice([pair for pair in edges if sum(one.service == pair[1].service for _, one in edges) > 1] or edges)
    delay = on.delay(rng, to.key)
    truth = Truth(frozenset({to.service, caller}), ("network",), caller)
    return Fault(Trouble(delays={(caller, to.service): delay}), (truth,))


def network_front(rng: random.Random, on: Ground) -> Fault | None:
    edges = _edges(on)
    several = [to for _, to in edges if len({caller for caller, one in edges if one.service == to.service}) > 1]
    to = rng.choice(several or [to for _, to in edges])
    return Fault(Trouble(delays={("", to.service): on.delay(rng, to.key)}), (_truth(to.service, "network"),))


def _edges(on: Ground) -> list[tuple[str, Operation]]:
    targets = {one.key: one for one in on.targets()}
    return sorted(
        {(one.service, call.to) for one in on.graph.operations.values() if on.counts[one.key] > 0
         for call in one.calls if call.waits and call.to in targets}
    ) and [(caller, targets[to]) for caller, to in sorted(
        {(one.service, call.to) for one in on.graph.operations.values() if on.counts[one.key] > 0
         for call in one.calls if call.waits and call.to in targets}
    )]  # fmt: skip


def slow_database(rng: random.Random, on: Ground) -> Fault | None:
    fits = on.targets(lambda one: bool(_databases(on, one)))
    if not fits:
        return None
    at = rng.choice(fits)
    name = rng.choice(_databases(on, at))
    return Fault(Trouble(queries={name: on.delay(rng, at.key)}), (_truth(name, "latency"),))


def _databases(on: Ground, one: Operation) -> list[str]:
    return [call.to for call in one.calls if (to := on.graph.dependencies.get(call.to)) and to.system]


def many_calls(rng: random.Random, on: Ground) -> Fault | None:
    fits = on.targets(lambda one: bool(one.calls) and one.calls[0].waits and one.calls[0].share == 1.0
                      and not one.calls[0].kinds and not one.together)  # fmt: skip
    if not fits:
        return None
    at = rng.choice(fits)
    once = on.graph.seconds(at.calls[0].to, 0) + 0.002
    times = min(40, max(6, round(on.delay(rng, at.key) / once)))
    return Fault(Trouble(times={at.key: times}), (_truth(at.service, "latency", "calls"),))


def no_cache(rng: random.Random, on: Ground) -> Fault | None:
    fits = on.targets(lambda one: not one.together)
    at = rng.choice(fits)
    known = [call.to for call in at.calls if call.to in on.graph.dependencies]
    others = sorted(name for name, to in on.graph.dependencies.items() if to.system)
    if not others:
        return None
    to = (known or [rng.choice(others)])[0]
    once = on.graph.seconds(to, 0) + 0.001
    times = min(25, max(4, round(on.delay(rng, at.key) / once)))
    return Fault(Trouble(added={at.key: (Call(to),) * times}), (_truth(at.service, "latency", "calls"),))


def doubled_calls(rng: random.Random, on: Ground) -> Fault | None:
    def heavy(one: Operation) -> bool:
        return len([call for call in one.calls if call.waits]) > 1 and not one.together

    fits = sorted(on.targets(heavy), key=lambda one: -on.graph.seconds(one.key, 0))[:3]
    if not fits:
        return None
    at = rng.choice(fits)
    return Fault(Trouble(doubled={at.key}), (_truth(at.service, "latency", "calls"),))


def errors(rng: random.Random, on: Ground) -> Fault | None:
    at = rng.choice(on.targets())
    where = on.of_service(at.service) if rng.random() < 0.5 else [at]
    share = rng.uniform(0.3, 0.9)
    return Fault(Trouble(errors={one.key: share for one in where}), (_truth(at.service, "errors"),))


def swallowed(rng: random.Random, on: Ground) -> Fault | None:
    """An error, while what another service calls fails as often as ever and is lived with."""
    return errors(rng, on)


def down(rng: random.Random, on: Ground) -> Fault | None:
    at = rng.choice([to for _, to in _edges(on)])
    return Fault(Trouble(refused={at.service}), (_truth(at.service, "down"),))


def timeouts(rng: random.Random, on: Ground) -> Fault | None:
    at = rng.choice([to for _, to in _edges(on)])
    share = rng.uniform(0.5, 1.0)
    trouble = Trouble(hangs={one.key: share for one in on.of_service(at.service)})
    return Fault(trouble, (_truth(at.service, "timeout"),))


def broken_dependency(rng: random.Random, on: Ground) -> Fault | None:
    fits = on.targets(lambda one: any(call.to in on.graph.dependencies for call in one.calls))
    if not fits:
        return None
    at = rng.choice(fits)
    name = rng.choice([call.to for call in at.calls if call.to in on.graph.dependencies])
    return Fault(Trouble(broken={name: rng.uniform(0.5, 1.0)}), (_truth(name, "dependency"),))


def retries(rng: random.Random, on: Ground) -> Fault | None:
    retried = {call.to for one in on.graph.operations.values() if on.counts[one.key] > 0 for call in one.calls
               if call.retries and call.waits}  # fmt: skip
    fits = on.targets(lambda one: one.key in retried)
    if not fits or not retried & {one.key for one in fits}:
        return None
    at = rng.choice(fits)
    return Fault(Trouble(errors={at.key: rng.uniform(0.45, 0.7)}), (_truth(at.service, "errors"),))


def starved_service(rng: random.Random, on: Ground) -> Fault | None:
    calling = on.targets(lambda one: any(call.waits for call in one.calls))
    at = rng.choice(calling or on.targets())
    delay = on.delay(rng, at.key)
    factor = min(40.0, 1.0 + delay / (at.work * 1.3 + 0.004 * (1 + len(at.calls))))
    return Fault(Trouble(starved={at.service: max(3.0, factor)}), (_truth(at.service, "latency", "machine", "starved"),))


def starving_host(rng: random.Random, on: Ground) -> Fault | None:
    busy = {one.service for one in on.targets()}
    on_host: dict[str, dict[str, float]] = {}
    for name in sorted(busy):
        hosts = on.graph.services[name].hosts
        for host in hosts:
            mine = on_host.setdefault(host, {})
            mine[name] = mine.get(name, 0.0) + 1.0 / len(hosts)
    host = max(sorted(on_host), key=lambda one: sum(on_host[one].values()))
    factor = rng.uniform(6, 20) * on.strength
    truth = Truth(frozenset({host, "the shared machine", *on_host[host]}), ("machine",))
    return Fault(Trouble(starved={host: factor}), (truth,))


def skipped_call(rng: random.Random, on: Ground) -> Fault | None:
    """A service leaves a call out; what lacks its result is found out above."""

    def has(one: Operation) -> bool:
        first = one.calls[0] if one.calls else None
        return bool(first and first.waits and first.share == 1.0 and not first.kinds and on.graph.above(one.key))

    fits = on.targets(has)
    if not fits:
        return None
    at = rng.choice(fits)
    callers = on.graph.callers(at.key)
    return Fault(Trouble(skipped={at.key: 0}, checks=set(callers)), (_truth(at.service, *STRUCTURE),))


def reordered_calls(rng: random.Random, on: Ground) -> Fault | None:
    """A service makes its calls in another order; the callee that is now asked too early answers with errors."""

    def has(one: Operation) -> bool:
        ends = (one.calls[0], one.calls[-1]) if len(one.calls) > 1 else ()
        return not one.together and bool(ends) and all(
            call.waits and not call.swallows and call.share == 1.0 and not call.kinds for call in ends
        ) and ends[1].to in on.graph.operations and not on.graph.services[ends[1].to.partition(" ")[0]].dark  # fmt: skip

    fits = on.targets(has)
    if not fits or not all(has(one) for one in fits):
        return None
    at = rng.choice(fits)
    return Fault(Trouble(reordered={at.key: rng.uniform(0.6, 1.0)}), (_truth(at.service, *STRUCTURE),))


def bad_deployment(rng: random.Random, on: Ground) -> Fault | None:
    """A new version that is worse than the old one beside it, while others are deployed that are not."""
    fault = _only("version", rng.random() < 0.5)(rng, on)
    assert fault is not None
    (target,) = fault.truths[0].names
    others = sorted({one.service for one in on.targets()} - {target})
    for name in rng.sample(others, min(3, len(others))):
        fault.trouble.deployed[name] = rng.uniform(-120.0, 60.0)
    return fault


def traffic_mix(rng: random.Random, on: Ground) -> Fault | None:
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
    return Fault(trouble, (*first.truths, _truth(at.service, "errors")))


def nothing(rng: random.Random, on: Ground) -> Fault | None:
    return Fault(Trouble())


KINDS: Mapping[str, Maker] = {
    "slow service": slow_service,
    "slow route": slow_route,
    "slow for a tenant": _only("tenant", False),
    "slow version": _only("version", False),
    "slow instance": _only("instance", False),
    "network delay on an edge": network_edge,
    "network delay in front": network_front,
    "slow database": slow_database,
    "many calls (N+1)": many_calls,
    "missing cache": no_cache,
    "doubled calls": doubled_calls,
    "errors": errors,
    "errors for a tenant": _only("tenant", True),
    "errors of a version": _only("version", True),
    "errors of an instance": _only("instance", True),
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
}
HARMLESS = ("traffic mix", "healthy")
SAID: Sequence[str] = ("errors", "latency", "timeout", "down", "network", "dependency", "machine", "traffic")
