"""Faults by which requests fail: what each does to a graph."""

import random

from bench.explain.graph import Operation
from bench.explain.ground import Fault, Ground, edges_of, truth_of
from bench.explain.trouble import Trouble

STRUCTURE = ("errors", "calls", "structure", "missing", "latency")
"""Words that may stand for calls that are left out or made in another order."""


def errors(rng: random.Random, on: Ground) -> Fault | None:
    at = rng.choice(on.targets())
    where = on.of_service(at.service) if rng.random() < 0.5 else [at]
    share = rng.uniform(0.3, 0.9)
    return Fault(Trouble(errors={one.key: share for one in where}), (truth_of(at.service, "errors"),))


def swallowed(rng: random.Random, on: Ground) -> Fault | None:
    """An error, while what another service calls fails as often as ever and is lived with."""
    return errors(rng, on)


def down(rng: random.Random, on: Ground) -> Fault | None:
    at = rng.choice([to for _, to in edges_of(on)])
    return Fault(Trouble(refused={at.service}), (truth_of(at.service, "down"),))


def timeouts(rng: random.Random, on: Ground) -> Fault | None:
    at = rng.choice([to for _, to in edges_of(on)])
    share = rng.uniform(0.5, 1.0)
    trouble = Trouble(hangs={one.key: share for one in on.of_service(at.service)})
    return Fault(trouble, (truth_of(at.service, "timeout"),))


def broken_dependency(rng: random.Random, on: Ground) -> Fault | None:
    fits = on.targets(lambda one: any(call.to in on.graph.dependencies for call in one.calls))
    if not fits:
        return None
    at = rng.choice(fits)
    name = rng.choice([call.to for call in at.calls if call.to in on.graph.dependencies])
    return Fault(Trouble(broken={name: rng.uniform(0.5, 1.0)}), (truth_of(name, "dependency"),))


def retries(rng: random.Random, on: Ground) -> Fault | None:
    retried = {call.to for one in on.graph.operations.values() if on.counts[one.key] > 0 for call in one.calls
               if call.retries and call.waits}  # fmt: skip
    fits = on.targets(lambda one: one.key in retried)
    if not fits or not retried & {one.key for one in fits}:
        return None
    at = rng.choice(fits)
    return Fault(Trouble(errors={at.key: rng.uniform(0.45, 0.7)}), (truth_of(at.service, "errors"),))


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
    return Fault(Trouble(skipped={at.key: 0}, checks=set(callers)), (truth_of(at.service, *STRUCTURE),))


def reordered_calls(rng: random.Random, on: Ground) -> Fault | None:
    """A service makes its calls in another order; the callee that is now asked too early answers with errors."""

    def has(one: Operation) -> bool:
        if len(one.calls) < 2 or one.together or one.calls[-1].to not in on.graph.operations:
            return False
        ends, last = (one.calls[0], one.calls[-1]), one.calls[-1].to.partition(" ")[0]
        plain = all(call.waits and not call.swallows and call.share == 1.0 and not call.kinds for call in ends)
        return plain and not on.graph.services[last].dark

    fits = on.targets(has)
    if not fits or not all(has(one) for one in fits):
        return None
    at = rng.choice(fits)
    return Fault(Trouble(reordered={at.key: rng.uniform(0.6, 1.0)}), (truth_of(at.service, *STRUCTURE),))
