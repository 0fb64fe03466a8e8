"""Faults that cost time: what each does to a graph. `only` limits slowness or errors to what requests share."""

import random
from dataclasses import replace

from bench.explain.graph import Call, Operation
from bench.explain.ground import ENOUGH, Fault, Ground, Maker, Truth, edges_of, truth_of
from bench.explain.trouble import Trouble


def slow_service(rng: random.Random, on: Ground) -> Fault | None:
    at = rng.choice(on.targets())
    delay = on.delay(rng, at.key)
    return Fault(
        Trouble(slower={one.key: delay for one in on.of_service(at.service)}), (truth_of(at.service, "latency"),)
    )


def slow_route(rng: random.Random, on: Ground) -> Fault | None:
    several = [one for one in on.targets() if len(on.of_service(one.service)) > 1]
    at = rng.choice(several or on.targets())
    return Fault(Trouble(slower={at.key: on.delay(rng, at.key)}), (truth_of(at.service, "latency"),))


def only(what: str, errors: bool) -> Maker:
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
        return Fault(trouble, (truth_of(at.service, "errors" if errors else "latency", dimension=(key, shown)),))

    return make


def network_edge(rng: random.Random, on: Ground) -> Fault | None:
    edges = edges_of(on)
    caller, to = rng.choice(
        [pair for pair in edges if sum(one.service == pair[1].service for _, one in edges) > 1] or edges
    )
    delay = on.delay(rng, to.key)
    truth = Truth(frozenset({to.service, caller}), ("network",), caller)
    return Fault(Trouble(delays={(caller, to.service): delay}), (truth,))


def network_front(rng: random.Random, on: Ground) -> Fault | None:
    edges = edges_of(on)
    several = [to for _, to in edges if len({caller for caller, one in edges if one.service == to.service}) > 1]
    to = rng.choice(several or [to for _, to in edges])
    return Fault(Trouble(delays={("", to.service): on.delay(rng, to.key)}), (truth_of(to.service, "network"),))


def nameless_edge(rng: random.Random, on: Ground) -> Fault | None:
    """A delay on an edge whose caller does not name whom it calls: only the callee's spans tell."""
    fault = network_edge(rng, on)
    assert fault is not None
    return replace(fault, nameless=frozenset({fault.truths[0].caller}))


def slow_kind(rng: random.Random, on: Ground) -> Fault | None:
    """Slow for one of several kinds of requests of one public route, which takes another way through the services."""
    several = [one for one in on.graph.entries if len(one.kinds) > 1]
    if not several:
        return None
    entry = max(several, key=lambda one: one.rate)
    kind = rng.randrange(1, len(entry.kinds))
    share = entry.kinds[kind]
    fits = on.targets(lambda one: entry.key in on.graph.above(one.key), share)
    if not fits:
        return None
    at = rng.choice(fits)
    trouble = Trouble(only=("kind", str(kind)), slower={at.key: on.delay(rng, at.key, share)})
    return Fault(trouble, (truth_of(at.service, "latency"),))


def faint_slowness(rng: random.Random, on: Ground) -> Fault | None:
    """A fault that its own callers hardly notice."""
    return slow_service(rng, replace(on, strength=0.25 * on.strength))


def slow_consumer(rng: random.Random, on: Ground) -> Fault | None:
    """A consumer of messages that is slow; nobody waits for it."""
    sent = sorted({
        call.to for one in on.graph.operations.values() if on.counts[one.key] >= ENOUGH
        for call in one.calls if not call.waits and not on.graph.services[call.to.partition(" ")[0]].dark
    })  # fmt: skip
    if not sent:
        return None
    at = on.graph.operations[rng.choice(sent)]
    delay = max(0.05, 4.0 * on.graph.seconds(at.key, 0)) * on.strength
    return Fault(Trouble(slower={at.key: delay}), (truth_of(at.service, "latency"),))


def slow_database(rng: random.Random, on: Ground) -> Fault | None:
    fits = on.targets(lambda one: bool(_databases(on, one)))
    if not fits:
        return None
    at = rng.choice(fits)
    name = rng.choice(_databases(on, at))
    return Fault(Trouble(queries={name: on.delay(rng, at.key)}), (truth_of(name, "latency"),))


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
    return Fault(Trouble(times={at.key: times}), (truth_of(at.service, "latency", "calls"),))


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
    return Fault(Trouble(added={at.key: (Call(to),) * times}), (truth_of(at.service, "latency", "calls"),))


def doubled_calls(rng: random.Random, on: Ground) -> Fault | None:
    def heavy(one: Operation) -> bool:
        return len([call for call in one.calls if call.waits]) > 1 and not one.together

    fits = sorted(on.targets(heavy), key=lambda one: -on.graph.seconds(one.key, 0))[:3]
    if not fits:
        return None
    at = rng.choice(fits)
    return Fault(Trouble(doubled={at.key}), (truth_of(at.service, "latency", "calls"),))


def starved_service(rng: random.Random, on: Ground) -> Fault | None:
    calling = on.targets(lambda one: any(call.waits for call in one.calls))
    at = rng.choice(calling or on.targets())
    delay = on.delay(rng, at.key)
    factor = min(40.0, 1.0 + delay / (at.work * 1.3 + 0.004 * (1 + len(at.calls))))
    return Fault(
        Trouble(starved={at.service: max(3.0, factor)}), (truth_of(at.service, "latency", "machine", "starved"),)
    )


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
