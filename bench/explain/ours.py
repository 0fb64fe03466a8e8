"""The engine of whatever checkout is first on the path: the only place that calls it.

`populations`, `attribute`, `explain` and the result `Explained` are what every checkout has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aiops import explain
from aiops.model import Trace
from bench.explain.symptoms import STEP, Drawing, Seen

World: Any = getattr(explain, "KnownServices", None) or getattr(explain, "World", None)
"""What is known beside the traces, by the name that the checkout has for it."""


@dataclass(frozen=True, slots=True)
class Named:
    """One group: who is to blame ("" where no cause is named), how, how surely, of how many findings; who else may be,
    and what the bad requests share."""

    service: str
    kind: str
    caller: str
    sure: float
    findings: int
    others: tuple[str, ...] = ()
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """The traces that the findings' populations held, each once."""

    bad: tuple[Trace, ...]
    good: tuple[Trace, ...]


def answer(seen: Seen, drawing: Drawing) -> tuple[list[Named], Drawn]:
    """What the engine says: its groups, the best first, and the traces that it read."""
    world = World(seen.known, seen.answering, seen.silent, seen.called)
    attributions: list[Any] = []
    bad: dict[str, Trace] = {}
    good: dict[str, Trace] = {}
    for finding in seen.findings:
        pair = explain.populations(finding, STEP)
        if pair is None:
            attributions.append(explain.Attribution(finding=finding, votes=()))
            continue
        sides = [drawing.drawn(one) for one in pair]
        bad |= {one.trace_id: one for one in sides[0]}
        good |= {one.trace_id: one for one in sides[1]}
        third = explain.beside(pair[0]) if hasattr(explain, "beside") else None
        now = [drawing.drawn(third)] if third is not None else []
        attributions.append(explain.attribute(finding, pair[0], sides[0], sides[1], world, *now))
    return _groups(attributions, seen), Drawn(tuple(bad.values()), tuple(good.values()))


def without_traces(seen: Seen) -> list[Named]:
    """What the engine says where no trace can be read; of this checkout only."""
    return _groups([explain.Attribution(finding=one, votes=()) for one in seen.findings], seen)


def _groups(attributions: Sequence[Any], seen: Seen) -> list[Named]:
    """The groups of the engine, the best first."""
    world = World(seen.known, seen.answering, seen.silent, seen.called)
    alone = (explain.MetricsAlone(world=world, step=STEP),) if hasattr(explain, "MetricsAlone") else ()
    groups = [named(one) for one in explain.explain(attributions, seen.edges, *alone)] if attributions else []
    return sorted(groups, key=lambda one: (not one.service, -one.findings, -one.sure, one.service, one.caller))


def compared(good: Sequence[Trace], bad: Sequence[Trace]) -> list[str] | None:
    """Services, the one to look at first at the head, by a comparison of all requests as `aiops explain` makes it; None
    where the checkout has none."""
    if not hasattr(explain, "compared"):
        return None
    table = explain.SpanColumns.of([*good, *bad])
    entries = np.flatnonzero(table.parent < 0)
    ids = {one.trace_id for one in bad}
    is_bad = np.array([one in ids for one in table.traces])[table.trace[entries]]
    return list(dict.fromkeys(one.cause.service for one in explain.compared(table, entries, is_bad).candidates))


def named(group: Any) -> Named:
    """One group of any checkout."""
    root = group.root_cause
    if root is None:
        return Named("", "none", "", 0.0, len(group.findings))
    others = [each for cause, _ in root.alternatives for each in (cause.service, cause.caller) if each]
    return Named(
        root.cause.service, str(root.cause.kind), root.cause.caller, float(root.confidence), len(group.findings),
        tuple(dict.fromkeys(others)), tuple((one.attribute, one.value) for one in root.dimensions),
    )  # fmt: skip


def ranking(groups: Sequence[Named]) -> list[str]:
    """Services, the one to look at first at the head: the first group's cause, its alternatives, then other groups."""
    found: dict[str, None] = {}
    for one in groups:
        for name in (one.service, one.caller if one.kind == "network" else "", *one.others):
            if name:
                found.setdefault(name)
    return list(found)
