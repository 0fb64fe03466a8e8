"""What of the map is drawn, in which order its calls are listed, and which times one can go to."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiops.health import USERS, MapCall, ServiceMap
from aiops.model import Incident

MOST: Final = 60
"""The most nodes that are drawn."""
HOPS: Final = 2
SHOWN: Final = 1800.0
"""Seconds before now that the slider of time reaches back, unless an incident is older."""
BEFORE, AFTER = 600.0, 600.0
"""Seconds before the onset of an incident, and after its end."""
MARKS: Final = 3
"""Incidents whose onset and detection are marked."""

Ordered = Callable[[MapCall], tuple[object, ...]]
SORTS: Final[dict[str, Ordered]] = {
    "errors": lambda one: (-one.error_ratio, not one.slow, -one.rate),
    "caller": lambda one: (one.caller, one.callee),
    "callee": lambda one: (one.callee, one.caller),
    "rate": lambda one: (-one.rate, one.caller, one.callee),
    "latency": lambda one: (-(one.latency or 0.0), one.caller, one.callee),
    "expected": lambda one: (-(one.latency or 0.0) / one.expected if one.expected else 0.0, one.caller, one.callee),
}
"""Orders of the table of calls, by the value of `sort`: the first one is the usual one."""


@dataclass(frozen=True, slots=True)
class View:
    """The part of a map that is drawn. `around`: the services in its middle, none where all is drawn; `left_out`:
    how many nodes near these are not drawn."""

    map: ServiceMap
    around: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class TimeStop:
    """A time that one can go to, Unix seconds; None is now. `marks`: it belongs to an incident."""

    at: float | None
    words: str
    marks: bool = False


def viewed(whole: ServiceMap, focus: str, about: Incident | None, active: Sequence[Incident]) -> View:
    """Return what is drawn: what is near a service or an incident, else everything, or, where that is too much, what is
    near to services with open incidents or to the busiest one."""
    known = {name for name in whole.nodes if name != USERS}
    if focus in known:
        return _near(whole, [focus], HOPS)
    if about is not None and (place := _places([about], known)):
        return _near(whole, place, 1)
    if len(known) <= MOST:
        return View(whole)
    busiest = max(known, key=lambda name: (whole.nodes[name].rate, name))
    return _near(whole, _places(active, known) or [busiest], HOPS)


def only(whole: ServiceMap, incident: str) -> ServiceMap:
    """Return the map with the marks of one incident alone."""
    nodes = {
        name: replace(
            one,
            causes=tuple(each for each in one.causes if each == incident),
            hit_by=tuple(each for each in one.hit_by if each == incident),
        )
        for name, one in whole.nodes.items()
    }
    calls = [replace(one, causes=tuple(each for each in one.causes if each == incident)) for one in whole.calls]
    return ServiceMap(whole.at, nodes, calls)


def sliding(now: float, at: float | None, incidents: Sequence[Incident], about: Incident | None) -> tuple[float, float]:
    """Return from when to when the slider goes, Unix seconds."""
    if about is not None:
        end = min(now, about.resolved_at + AFTER) if about.resolved_at is not None else now
        return min(about.onset - BEFORE, end - BEFORE, at if at is not None else end), end
    onsets = [one.onset - BEFORE / 2 for one in incidents[:MARKS] if now - one.onset < 4 * SHOWN]
    return min([now - SHOWN, *onsets, *([at - BEFORE] if at is not None else [])]), now


def stops(start: float, end: float, now: float, incidents: Sequence[Incident]) -> list[TimeStop]:
    """Return the times to go to: a few evenly spread, and the onset and detection of incidents, by time."""
    size = next(one for one in (300, 600, 900, 1800, 3600, 7200, 21_600, 86_400, 604_800) if (end - start) / one <= 8)
    spread = [TimeStop(end - size * number, "") for number in range(int((end - start) // size), 0, -1)]
    marked = [each for one in incidents[:MARKS] for each in _marked(one) if each.at is None or start <= each.at < end]
    last = [TimeStop(None, "now")] if end >= now else [TimeStop(end, "")]
    return [*sorted([*spread, *marked], key=lambda one: one.at or 0.0), *last]


def _marked(one: Incident) -> list[TimeStop]:
    """Return the onset of an incident, its detection where that was later, and its end."""
    found = [(one.onset, "onset"), (max(one.onset, one.first_detected), "detection"), (one.resolved_at, "end")]
    if one.first_detected <= one.onset:
        found = [(one.onset, "onset and detection"), found[-1]]
    return [TimeStop(at, f"{words} of {one.id}", True) for at, words in found if at is not None]


def _places(incidents: Sequence[Incident], known: Collection[str]) -> list[str]:
    """Return the nodes that incidents are about: causes, and what they affect."""
    causes = [one.root_cause.cause.service for one in incidents if one.root_cause is not None]
    hit = [name for one in incidents for name in one.affected_services]
    return [name for name in dict.fromkeys([*causes, *hit]) if name in known]


def _near(whole: ServiceMap, middle: Sequence[str], hops: int) -> View:
    """Return what is at most so many calls away from the middle; of too many the outermost are left out, those with
    the least requests first."""
    beside: dict[str, set[str]] = defaultdict(set)
    for call in whole.calls:
        if call.caller != USERS:
            beside[call.caller].add(call.callee)
            beside[call.callee].add(call.caller)
    found = dict.fromkeys(middle)
    ring: Sequence[str] = middle
    for _ in range(hops):
        ring = sorted(
            {name for one in ring for name in beside[one]} - found.keys(),
            key=lambda name: (-whole.nodes[name].rate, name),
        )
        found |= dict.fromkeys(ring)
    kept = set(list(found)[:MOST])
    calls = [one for one in whole.calls if one.callee in kept and (one.caller in kept or one.caller == USERS)]
    kept |= {one.caller for one in calls}
    nodes = {name: one for name, one in whole.nodes.items() if name in kept}
    return View(ServiceMap(whole.at, nodes, calls), tuple(middle), max(0, len(found) - MOST))
