"""Hours of telemetry through the whole engine in virtual time: faults at a few requests a minute, and a quiet week.

Platforms are those of `shop.virtual`: nothing but spans arrives, at 5 to 20 requests a minute a public route, in slices
of 15 s, and the engine runs as `aiops up` builds it. Six hours have three faults of twenty minutes; the quiet week has
none, so that each of its incidents is false. A replay of OTLP in virtual time may take the place of `lived`.
"""

import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from aiops.model import Incident
from bench.rig import STEP, rig
from shop.catalogue import Expected
from shop.virtual.cases import HARMLESS, RECIPES, on_graph
from shop.virtual.generated import generated
from shop.virtual.load import Load
from shop.virtual.stream import Model
from shop.virtual.trouble import Timed

START = 1_763_337_600.0  # a Monday, 00:00 UTC
HOUR, DAY = 3600.0, 86_400.0
SERVICES = 15
FIRST, APART, LASTS, AFTER = 1.5 * HOUR, 1.5 * HOUR, 1200.0, 600.0
FAULTS = 3
SEEDS = (1, 2, 3, 4)
QUIET_DAYS = 7
CYCLE_STEPS, WEEK_STEPS = 2, 20  # between two cycles, so that it takes minutes; every step is judged
KEPT = 4 * HOUR  # of telemetry


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of a stream: faults, those found, those whose cause is right, false incidents, in so many days."""

    name: str
    faults: int
    found: int
    right: int
    false: int
    days: float
    wrong: tuple[str, ...]


def lived(seed: int) -> Lived:
    """Six hours with faults."""
    rng = random.Random(f"streams {seed}")
    chosen: list[str] = []
    timed: list[Timed] = []
    truths: list[tuple[float, Expected]] = []
    graph = generated(seed, SERVICES)
    for name in rng.sample(sorted(set(RECIPES) - set(HARMLESS) - {"timeout"}), len(RECIPES) - 2):
        if len(chosen) == FAULTS:
            break
        try:
            case = on_graph(name, seed, SERVICES)
        except IndexError:  # no place of the graph fits
            continue
        start = START + FIRST + len(chosen) * APART
        timed += [Timed(one, start, start + LASTS) for one in case.faults]
        truths += [(start, one) for one in case.truth]
        chosen.append(name)
    model = Model(graph, Load(_rate(rng, len(graph.entries)), noise=0.05, seed=seed), timed, seed, frozenset())
    incidents = _incidents(model, FIRST + FAULTS * APART, CYCLE_STEPS)
    return _counted(f"{SERVICES} services, seed {seed}: {', '.join(chosen)}", truths, incidents, FIRST + FAULTS * APART)


def quiet(seed: int) -> Lived:
    """A week without faults."""
    graph, rng = generated(seed, SERVICES), random.Random(f"quiet {seed}")
    load = Load(_rate(rng, len(graph.entries)), daily=0.4, weekend=0.7, noise=0.05, seed=seed)
    incidents = _incidents(Model(graph, load, (), seed, frozenset()), QUIET_DAYS * DAY, WEEK_STEPS)
    return _counted(f"a quiet week, seed {seed}", (), incidents, QUIET_DAYS * DAY)


def measured(processes: int = 2) -> dict[str, Any]:
    """All streams; this takes about half an hour."""
    with ProcessPoolExecutor(processes) as pool:
        week = pool.submit(quiet, 1)
        found = [*pool.map(lived, SEEDS), week.result()]
    return {"rows": [
        {"name": one.name, "faults": one.faults, "found": one.found, "right": one.right, "false": one.false,
         "days": one.days, "wrong": list(one.wrong)}
        for one in found
    ]}  # fmt: skip


def _rate(rng: random.Random, routes: int) -> float:
    """Requests a second of all public routes."""
    return rng.uniform(5.0, 20.0) * routes / 60.0


def _incidents(model: Model, seconds: float, every: int) -> list[Incident]:
    with rig(START, retention_hours=KEPT / HOUR) as one:
        dropped = START
        for number, slice_ in enumerate(model.slices(START, START + seconds, STEP), 1):
            if number % every:
                one.take(slice_)
            else:
                one.live(slice_)
            if slice_.end - dropped > HOUR:
                one.source.store.drop_before(slice_.end - KEPT)
                dropped = slice_.end
        return one.incidents()


def _counted(
    name: str, truths: Sequence[tuple[float, Expected]], incidents: Sequence[Incident], seconds: float
) -> Lived:
    left = sorted(incidents, key=lambda one: one.first_detected)
    found = right = 0
    wrong = []
    for start, truth in truths:
        inside = [one for one in left if start < one.first_detected <= start + LASTS + AFTER and _is_about(one, truth)]
        hit = next((one for one in inside if _is_right(one, truth)), inside[0] if inside else None)
        if hit is None:
            wrong.append(f"missing: {truth.kind} in {truth.service}")
            continue
        left.remove(hit)
        found += 1
        right += _is_right(hit, truth)
        if not _is_right(hit, truth):
            wrong.append(f"{truth.kind} in {truth.service}, named: {hit.title}")
    wrong += [f"false: {one.title}" for one in left]
    return Lived(name, len(truths), found, right, len(left), seconds / DAY, tuple(wrong))


def _is_right(incident: Incident, truth: Expected) -> bool:
    return incident.root_cause is not None and incident.root_cause.cause.service == truth.service


def _is_about(incident: Incident, truth: Expected) -> bool:
    return bool(set(incident.affected_services) & {truth.service, *truth.affected})
