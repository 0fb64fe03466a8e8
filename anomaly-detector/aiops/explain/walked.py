"""Findings that no trace tells of, by the causes that metrics alone name.

See docs/methods.md, Causes from metrics alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from aiops.explain import wilson, wording
from aiops.explain.attribution import Attribution
from aiops.explain.latency import NAMED
from aiops.explain.measured import measured
from aiops.explain.places import OWN, Place, owner, place_of
from aiops.explain.troubles import JUDGED, MetricsAlone, Trouble, TroubleMap
from aiops.explain.walk import End, Stop, Walk
from aiops.model import Cause, CauseKind, Edge, Family, Finding, Labels, PlaceExcess, RootCause

CONFIRMED: Final = 3
"""Series that must lead to a cause: with fewer, no more than one in four was right on the tuning seeds of
`bench.explain`."""
SILENT: Final = 2
"""The same for a service that is down: its silence confirms the calls that fail."""
RIGHT: Final[Mapping[Stop, tuple[int, int]]] = {
    Stop.OWN: (177, 214),
    Stop.REST: (9, 14),
    Stop.CALLER: (13, 13),
    Stop.DARK: (20, 25),
    Stop.EDGE: (11, 15),
    Stop.FRONT: (20, 25),
    Stop.DOWN: (10, 10),
}
"""How often a cause was right on these seeds, of how often it was named, by why the walk stopped there."""
MOST_SURE: Final = 0.8
"""The highest confidence: the platforms of the benchmark are made up."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A trouble that leads to a cause, which explains a part of it."""

    trouble: Trouble
    end: End
    part: float


@dataclass(frozen=True, slots=True)
class Walked:
    """A cause that metrics alone name, and its findings."""

    root: RootCause
    members: list[Attribution]


def walked(
    loose: Sequence[Attribution], edges: Sequence[Edge], metrics: MetricsAlone | None
) -> tuple[dict[Place, Walked], list[Attribution]]:
    """Return causes by place, with their findings, and the findings that are left, with the reason why metrics alone
    name no cause for them. Findings whose traces were read, or will be soon, are left as they are."""
    blind = [one for one in loose if one.blind]
    if metrics is None or not any(one.finding.family in JUDGED for one in blind):
        return {}, list(loose)
    on = TroubleMap.of((one.finding for one in blind), edges, metrics)
    walk = Walk(on)
    voices: dict[Place, list[Voice]] = defaultdict(list)
    unclear: dict[Finding, str] = {}
    for trouble in on.troubles.values():
        ends = walk.ends(trouble) if on.callees else []
        for end, part in ends:
            if end.names_cause and part >= NAMED:
                voices[place_of(end.cause)].append(Voice(trouble, end, part))
        unclear |= dict.fromkeys(trouble.findings, _unclear(ends))
    joined = {place: mine for place, mine in _joined(voices).items() if _is_confirmed(mine)}
    members = {place: _members(place, mine, blind) for place, mine in joined.items()}
    held = {one.finding for mine in members.values() for one in mine}
    left = [replace(one, unclear=unclear.get(one.finding, "")) for one in loose if one.finding not in held]
    return {place: Walked(_root(joined[place], mine), mine) for place, mine in members.items()}, left


def _members(place: Place, voices: Sequence[Voice], blind: Sequence[Attribution]) -> list[Attribution]:
    """The findings that lead to a cause, and the silence of its service."""
    found = {finding for one in voices for finding in one.trouble.findings}
    return [
        one
        for one in blind
        if one.finding in found or (one.finding.family == Family.SILENCE and owner(one.finding) == place[0])
    ]


def _is_confirmed(voices: Sequence[Voice]) -> bool:
    """Whether enough series lead to a cause."""
    needed = SILENT if any(one.end.why == Stop.DOWN for one in voices) else CONFIRMED
    return len(_series(voices)) >= needed


def _series(voices: Sequence[Voice]) -> set[Labels]:
    return {finding.series for one in voices for finding in one.trouble.findings}


def _joined(voices: Mapping[Place, list[Voice]]) -> dict[Place, list[Voice]]:
    """The same voices by place, in the order of places; an edge belongs to its callee, or its caller, where that is
    named itself."""
    joined: dict[Place, list[Voice]] = defaultdict(list)
    for (service, caller), mine in sorted(voices.items()):
        nearest = next((one for one in ((service, ""), (caller, "")) if caller and one in voices), (service, caller))
        joined[nearest] += mine
    return dict(sorted(joined.items()))


def _root(voices: Sequence[Voice], members: Sequence[Attribution]) -> RootCause:
    said: dict[CauseKind, float] = defaultdict(float)
    for one in voices:
        said[one.end.cause.kind] += one.part * len(one.trouble.findings)
    failing = {kind: weight for kind, weight in said.items() if kind not in wording.SLOW}
    chosen = failing if sum(failing.values()) >= OWN * sum(said.values()) else said
    kind = max(sorted(chosen), key=lambda one: chosen[one])
    same = [one for one in voices if one.end.cause.kind == kind]
    best = max(same, key=lambda one: (len(one.end.way), one.part, one.trouble.excess, one.trouble.place))
    right, named = RIGHT[best.end.why]
    lower, upper = wilson.interval(right, named)
    unread = next((one.unread for one in members if one.unread), "")
    cause = _whole([one.end.cause for one in same], best.end.cause)
    return RootCause(
        cause=cause,
        description=wording.from_metrics(best.end.why, best.end.cause, best.end.way[-1].findings, unread),
        confidence=round(min(wilson.centre(right, named), MOST_SURE), 3),
        interval=(round(min(lower, MOST_SURE), 3), round(upper, 3)),
        from_metrics=_places(best.end.way),
        measured=measured(cause, [one.finding for one in members]),
    )


def _whole(causes: Sequence[Cause], best: Cause) -> Cause:
    """One cause out of all of a place and kind: the endpoint and the caller only where all agree."""
    endpoints, callers = {(one.endpoint, one.method) for one in causes}, {one.caller for one in causes}
    endpoint, method = next(iter(endpoints)) if len(endpoints) == 1 else ("", "")
    return Cause(best.service, best.kind, endpoint, method, best.caller if len(callers) == 1 else "")


def _places(way: Sequence[Trouble]) -> tuple[PlaceExcess, ...]:
    """The way as data. A share is known between troubles of one family only: seconds and failures do not compare."""
    shares = [None, *(_share(one, other) for one, other in pairwise(way))]
    return tuple(
        PlaceExcess(
            service=one.place[0],
            caller=one.place[1],
            family=one.family,
            observed=one.observed,
            expected=one.expected,
            per_second=one.excess,
            share=share,
            onset=one.onset,
        )
        for one, share in zip(way, shares, strict=True)
    )


def _share(of: Trouble, by: Trouble) -> float | None:
    return round(by.excess / of.excess, 3) if of.family == by.family and of.excess > 0 else None


def _unclear(ends: Sequence[tuple[End, float]]) -> str:
    """Why no cause is named for a trouble."""
    if not ends:
        return "which services call each other is not known"
    end = ends[0][0]
    if end.why == Stop.CIRCLE:
        return f"services that call each other in a circle are all in trouble, {end.cause.service} among them"
    if end.why == Stop.SUSPECT:
        return f"what {end.cause.service} calls looks unusual too, and is not judged yet"
    if end.why == Stop.UNANSWERED:
        return f"calls to {end.cause.service} fail, which reports no such trouble"
    return f"too few series lead to {end.cause.service}"
