"""The engine of whatever checkout is first on the path: the only place that calls it.

`populations`, `attribute`, `explain` and the result `Explained` are what every checkout has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aiops import explain, model
from aiops.model import Trace
from bench.explain.symptoms import STEP, Drawing, Seen

World: Any = getattr(explain, "KnownServices", None) or getattr(explain, "World", None)
"""What is known beside the traces, by the name that the checkout has for it."""


@dataclass(frozen=True, slots=True)
class Named:
    """One group: who is to blame ("" where no cause is named), how, how surely, of how many findings; who else may be,
    what the bad requests share, and services whose deployment is named with it."""

    service: str
    kind: str
    caller: str
    sure: float
    findings: int
    others: tuple[str, ...] = ()
    dimensions: tuple[tuple[str, str], ...] = ()
    deployed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """The traces that the findings' populations held, each once."""

    bad: tuple[Trace, ...]
    good: tuple[Trace, ...]


def answer(seen: Seen, drawing: Drawing, changes: Mapping[str, float], *limit: int) -> tuple[list[Named], Drawn]:
    """What the engine says: its groups, the best first, and the traces that it read. changes: when services were
    deployed that somebody reported. limit: traces of each population, if not as many as the engine wants."""
    world = World(seen.known, seen.answering, seen.silent, seen.called)
    attributions: list[Any] = []
    bad: dict[str, Trace] = {}
    good: dict[str, Trace] = {}
    for finding in seen.findings:
        pair = explain.populations(finding, STEP, *limit)
        if pair is None:
            attributions.append(explain.Attribution(finding=finding, votes=()))
            continue
        sides = [drawing.drawn(one) for one in pair]
        bad |= {one.trace_id: one for one in sides[0]}
        good |= {one.trace_id: one for one in sides[1]}
        third = explain.beside(pair[0]) if hasattr(explain, "beside") else None
        now = [drawing.drawn(third)] if third is not None else []
        attributions.append(explain.attribute(finding, pair[0], sides[0], sides[1], world, *now))
    groups = _explained(attributions, seen)
    if hasattr(explain, "to_compare"):
        groups = [_with_changes(one, seen, drawing, changes) for one in groups]
    return _ordered(groups), Drawn(tuple(bad.values()), tuple(good.values()))


def without_traces(seen: Seen) -> list[Named]:
    """What the engine says where no trace can be read; of this checkout only."""
    return _ordered(_explained([explain.Attribution(finding=one, votes=()) for one in seen.findings], seen))


def _explained(attributions: Sequence[Any], seen: Seen) -> Sequence[Any]:
    world = World(seen.known, seen.answering, seen.silent, seen.called)
    alone = (explain.MetricsAlone(world=world, step=STEP),) if hasattr(explain, "MetricsAlone") else ()
    return explain.explain(attributions, seen.edges, *alone) if attributions else ()


def _with_changes(group: Any, seen: Seen, drawing: Drawing, changes: Mapping[str, float]) -> Any:
    """A group with the changes that were considered for its cause."""
    if group.root_cause is None:
        return group
    cause, onset = group.root_cause.cause, min(one.onset for one in group.findings)
    until = max(one.at for one in seen.findings)
    wanted, read = explain.to_compare(cause, onset, group.pace, until, STEP), None
    if wanted is not None:
        bad, good, before = (explain.requests_of(cause, one, drawing.drawn(one)) for one in wanted)
        read = explain.SameTime(bad=bad, good=good, before=before)
    reported = [
        model.Change(at=at, who="ci", kind="deployment", service=name, version="2", text="")
        for name, at in changes.items()
    ]
    found = explain.considered(cause, onset, explain.lately(reported, onset, until), read)
    return explain.with_changes(group, found)


def _ordered(groups: Sequence[Any]) -> list[Named]:
    """Groups, the best first."""
    found = [named(one) for one in groups]
    return sorted(found, key=lambda one: (not one.service, -one.findings, -one.sure, one.service, one.caller))


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
        tuple(one.change.service for one in getattr(root, "changes_considered", ()) if str(one.verdict) == "accepted"),
    )  # fmt: skip


def ranking(groups: Sequence[Named]) -> list[str]:
    """Services, the one to look at first at the head: the first group's cause, its alternatives, then other groups."""
    found: dict[str, None] = {}
    for one in groups:
        for name in (one.service, one.caller if one.kind == "network" else "", *one.others):
            if name:
                found.setdefault(name)
    return list(found)
