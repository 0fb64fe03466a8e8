"""Where trouble starts by metrics alone: a walk from each trouble down the calls that explain it.

See docs/methods.md, Causes from metrics alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiops.explain.places import MAJORITY, MANY, OWN, TOGETHER, VICTIM
from aiops.explain.troubles import Trouble, TroubleMap
from aiops.model import Cause, CauseKind, Family, names, value_of

EXPLAINS: Final = 0.5
"""The part of a service's excess that the calls it makes must hold to explain it. Less than `VICTIM`, because not every
call is counted on both sides."""


class Stop(StrEnum):
    """Why a walk goes no further."""

    OWN = "own"
    """none of the calls that the service makes is in trouble"""
    REST = "rest"
    """the calls that it makes explain too little of its trouble"""
    CALLER = "caller"
    """most of the calls that it makes are slow at once, and none of the callees is"""
    DARK = "dark"
    """the callee sends no telemetry"""
    EDGE = "edge"
    """one caller waits longer than its callee works; other callers do not"""
    FRONT = "front"
    """every caller waits longer than the callee works"""
    DOWN = "down"
    """calls to it fail, and it sends no telemetry any more"""
    UNANSWERED = "unanswered"
    """calls to it fail although it reports no failure"""
    SUSPECT = "suspect"
    """what it calls looks unusual too, and is not judged yet"""
    CIRCLE = "circle"
    """services that call each other are all in trouble"""


@dataclass(frozen=True, slots=True)
class End:
    """Where a walk ends, and the troubles on the way there, first the one that it started from."""

    cause: Cause
    why: Stop
    way: tuple[Trouble, ...]

    @property
    def names_cause(self) -> bool:
        """Whether the place where it ends may be named as the cause. Calls that fail to a service that reports nothing
        do not tell whose trouble it is."""
        return self.why not in (Stop.UNANSWERED, Stop.SUSPECT, Stop.CIRCLE)


Ends = list[tuple[End, float]]
"""Ends with the part of the first trouble that each explains."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Walks over one map of troubles."""

    on: TroubleMap

    def ends(self, start: Trouble) -> Ends:
        """Return where a walk from a trouble ends, what explains most first."""
        return sorted(self._from(start, (), 1.0), key=lambda one: (-one[1], str(one[0].cause)))

    def _served(self, own: Trouble, way: tuple[Trouble, ...], part: float) -> Ends:
        """Walk on from the requests that a service serves."""
        if own in way:
            return [(_end(own, Stop.CIRCLE, way), part)]
        way, service, by = (*way, own), own.place[0], own.onset + TOGETHER
        below = self.on.below(service, own.family, by)
        if own.family == Family.LATENCY:
            if self._all_slow(service, below):
                return [(_end(own, Stop.CALLER, way), part)]
            failing = self.on.below(service, Family.ERRORS, by)
            if failing and not _explained(own, below):  # calls that fail are repeated, or waited for
                return self._split(failing, way, part)
        if _explained(own, below):
            return self._split(below, way, part)
        if any((callee, service) in self.on.suspect for callee in self.on.callees.get(service, ())):
            return [(_end(own, Stop.SUSPECT, way), part)]
        return [(_end(own, Stop.REST if below else Stop.OWN, way), part)]

    def _split(self, below: Sequence[Trouble], way: tuple[Trouble, ...], part: float) -> Ends:
        """Walk on along the calls that hold a good part of what is left, and along the one that holds most."""
        whole = sum(one.excess for one in below) or 1.0
        most = max(below, key=lambda one: (one.excess, one.place))
        kept = [(one, part * one.excess / whole) for one in below]
        return [each for one, share in kept if share >= OWN or one is most for each in self._from(one, way, share)]

    def _from(self, one: Trouble, way: tuple[Trouble, ...], part: float) -> Ends:
        return self._edge(one, way, part) if one.place[1] else self._served(one, way, part)

    def _edge(self, edge: Trouble, way: tuple[Trouble, ...], part: float) -> Ends:
        """Walk on from the calls of one service to another."""
        if edge in way:
            return [(_end(edge, Stop.CIRCLE, way), part)]
        service, caller = edge.place
        by, way = edge.onset + TOGETHER, (*way, edge)
        fails = edge.family == Family.ERRORS
        if fails and service in self.on.silent:
            return [(End(Cause(service, CauseKind.DOWN), Stop.DOWN, way), part)]
        served = self.on.at((service, ""), edge.family, by)
        if served is not None:
            return self._served(served, way, part)
        if service in self.on.dark:
            kind = CauseKind.DEPENDENCY if fails else CauseKind.LATENCY
            return [(End(Cause(service, kind, caller=caller), Stop.DARK, way), part)]
        if (service, "") in self.on.suspect:
            return [(_end(edge, Stop.SUSPECT, way), part)]
        if fails:
            return self._failing(edge, way, part)
        failing = self.on.at(edge.place, Family.ERRORS, by)
        return self._edge(failing, way, part) if failing is not None else [(self._between(edge, way), part)]

    def _failing(self, edge: Trouble, way: tuple[Trouble, ...], part: float) -> Ends:
        """Calls fail to a service that sends telemetry and reports no failure: it is too slow for its callers, it does
        not answer some of them, or it answers nobody."""
        service, by = edge.place[0], edge.onset + TOGETHER
        slow = self.on.at((service, ""), Family.LATENCY, by)
        if slow is not None:
            return self._served(slow, way, part)
        if self.on.at(edge.place, Family.LATENCY, by) is not None:
            return [(End(Cause(service, CauseKind.TIMEOUT), Stop.UNANSWERED, way), part)]
        kind = CauseKind.ERRORS if service in self.on.answering else CauseKind.DOWN
        return [(End(Cause(service, kind), Stop.UNANSWERED, way), part)]

    def _between(self, edge: Trouble, way: tuple[Trouble, ...]) -> End:
        """Calls take longer, and what the callee reports does not: for one of its callers, or for most."""
        service, caller = edge.place
        callers = self.on.callers.get(service, frozenset())
        losing = [
            one for one in callers if self.on.at((service, one), Family.LATENCY, edge.onset + TOGETHER) is not None
        ]
        if len(losing) >= min(MANY, MAJORITY * len(callers)) and (len(losing) > 1 or len(callers) == 1):
            return End(Cause(service, CauseKind.NETWORK), Stop.FRONT, way)
        return End(Cause(service, CauseKind.NETWORK, caller=caller), Stop.EDGE, way)

    def _all_slow(self, service: str, slow: Sequence[Trouble]) -> bool:
        """Whether most of the calls that a service makes are slow at once, and nothing says that the callees are."""
        by = max((one.onset for one in slow), default=0.0) + TOGETHER
        alone = [
            one
            for one in slow
            if self.on.at((one.place[0], ""), Family.LATENCY, by) is None
            and self.on.at(one.place, Family.ERRORS, by) is None
        ]
        return len(alone) > 1 and len(alone) >= MAJORITY * len(self.on.callees.get(service, ()))


def _explained(own: Trouble, below: Sequence[Trouble]) -> bool:
    """Whether calls hold enough of a service's excess: all together, or one of them for each request, where only a part
    of the calls is counted."""
    return bool(below) and (
        sum(one.excess for one in below) >= EXPLAINS * own.excess or any(one.each >= VICTIM * own.each for one in below)
    )


def _end(own: Trouble, why: Stop, way: tuple[Trouble, ...]) -> End:
    """Return the end at a service itself: at the only route that is in trouble, or at all of it."""
    service, caller = own.place
    routes = {(value_of(one.series, names.ROUTE), value_of(one.series, names.METHOD)) for one in own.findings}
    endpoint, method = next(iter(routes)) if len(routes) == 1 else ("", "")
    kind = CauseKind.ERRORS if own.family == Family.ERRORS else CauseKind.LATENCY
    return End(Cause(service, kind, endpoint, method, caller), why, way)
