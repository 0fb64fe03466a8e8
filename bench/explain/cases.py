"""A kind of fault and a seed as traces: a good window before the onset, a bad one since.

The onset that the engine is told is up to two minutes late, so that the end of its good window is polluted.
"""

import gc
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from aiops.model import Trace
from bench.explain.faults import HARMLESS, KINDS
from bench.explain.graph import SIZES, Call, Graph, drawn
from bench.explain.ground import Fault, Ground
from bench.explain.requests import Requests

ONSET = 1_763_712_000.0
GOOD = 1000.0  # seconds before the onset: the engine's quarter of an hour and what lies around it
BAD = (300.0, 450.0, 600.0)
LATE = (0.0, 30.0, 60.0, 120.0)
RATES = (8.0, 300.0)  # requests a minute of the whole platform, log-uniform
MOST_VISITS = 14_000.0  # of operations in one case: beyond it the platform is less busy
TIMEOUTS = (1.0, 2.0, 5.0)
TRIES = 40


@dataclass(frozen=True, slots=True)
class Case:
    """One case: traces by start, when the fault began, when the engine is asked, and how late its onset is."""

    kind: str
    seed: int
    size: int
    graph: Graph
    fault: Fault
    traces: tuple[Trace, ...]
    onset: float
    end: float
    late: float

    @property
    def changes(self) -> dict[str, float]:
        """What was deployed: services, and when, Unix seconds."""
        return {name: self.onset + after for name, after in self.fault.trouble.deployed.items()}

    @property
    def name(self) -> str:
        return f"{self.kind}, seed {self.seed}"


def case_of(kind: str, seed: int, strength: float = 1.0, size: int = 0, draw: int = 0) -> Case:
    """Make a case. The seed decides all; size 0: one of `SIZES` in turn, so that each kind meets each. Another draw of
    the same seed is another platform."""
    order = list(KINDS).index(kind)
    for attempt in range(draw * TRIES, (draw + 1) * TRIES):
        rng = random.Random(f"explain {kind} {seed} {attempt}")
        services = size or SIZES[(seed + order) % len(SIZES)]
        made = _try(rng, kind, services, strength)
        if made is not None:
            graph, fault, length, late = made
            break
    else:
        raise RuntimeError(f"no graph for {kind}, seed {seed}")
    requests = Requests(graph, fault.trouble, ONSET, rng, rng.choice(TIMEOUTS), rng.random() < 0.8)
    gc.disable()
    try:
        traces = tuple(sorted(_live(graph, fault, requests, rng, length), key=lambda one: _begin(one)))
    finally:
        gc.enable()
    return Case(kind, seed, services, graph, fault, traces, ONSET, ONSET + length, late)


def is_harmless(kind: str) -> bool:
    """Whether nothing is at fault in a kind of case."""
    return kind in HARMLESS


def _try(rng: random.Random, kind: str, count: int, strength: float) -> tuple[Graph, Fault, float, float] | None:
    low, high = RATES
    rate = low * (high / low) ** rng.random() / 60.0
    graph = _lived_with(rng, drawn(rng, count, rate), kind)
    length, late = rng.choice(BAD), rng.choice(LATE)
    visits = sum(each for key, each in graph.visits().items() if key in graph.operations) * (GOOD + length)
    if visits > MOST_VISITS:
        calm = MOST_VISITS / visits
        graph = replace(graph, entries=tuple(replace(one, rate=one.rate * calm) for one in graph.entries))
    counts = {key: each * length for key, each in graph.visits().items()}
    if not any(entry.rate * length >= 10 for entry in graph.entries):
        return None
    fault = KINDS[kind](rng, Ground(graph, counts, strength))
    if fault is None:
        return None
    services = {
        name: replace(one, peerless=one.peerless or name in fault.nameless) for name, one in graph.services.items()
    }
    return replace(graph, services=services), fault, length, late


def _lived_with(rng: random.Random, graph: Graph, kind: str) -> Graph:
    """Failures that were always there and that their callers live with: in a fifth of platforms, and in one kind."""
    if rng.random() > 0.2 and "swallowed" not in kind:
        return graph
    swallowed = [call.to for one in graph.operations.values() for call in one.calls if call.swallows]
    if not swallowed:
        return graph
    operations = dict(graph.operations)
    for key in rng.sample(swallowed, min(2, len(swallowed))):
        if key in operations:
            operations[key] = replace(operations[key], errors=rng.uniform(0.05, 0.4))
            for caller in graph.callers(key):  # every caller lives with it
                one = operations[caller]
                operations[caller] = replace(one, calls=tuple(_bears(call, key) for call in one.calls))
    return replace(graph, operations=operations)


def _bears(call: Call, key: str) -> Call:
    return replace(call, swallows=True) if call.to == key else call


def _live(graph: Graph, fault: Fault, requests: Requests, rng: random.Random, length: float) -> Iterator[Trace]:
    for entry in graph.entries:
        at = ONSET - GOOD
        while (at := at + rng.expovariate(entry.rate)) < ONSET + length:
            shares = entry.kinds
            if at >= ONSET:
                shares = fault.trouble.mix.get(entry.key, shares)
            kind = rng.choices(range(len(shares)), shares)[0]
            trace = requests.draw(entry.key, kind, at)
            if trace.spans:
                yield trace


def _begin(trace: Trace) -> tuple[float, str]:
    return trace.spans[0].start, trace.trace_id
