"""One group of all that a starving machine slows, whatever each finding's traces blame by themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from aiops.explain import machine, wilson, wording
from aiops.explain.attribution import Attribution
from aiops.explain.machine import Machine
from aiops.explain.places import Place, owner, place_of
from aiops.explain.wording import SLOW
from aiops.model import Cause, CauseKind, CauseMeasure, Family, RootCause

SOON: Final = 300.0
"""Seconds around its onset in which what has no traces belongs to it."""
KNOWN: Final = 0.7
"""Confidence at most: other causes can look like it."""
GUESSED: Final = 0.6
"""Confidence at most where no attribute names it."""
NOBODY: Final = "the shared machine"
SERVICES: Final = 2
"""Slow services on one machine, for what they share to be the cause."""


@dataclass(frozen=True, slots=True)
class Starved:
    """A machine that starves (None: there is none), the findings that it holds, and all others."""

    machine: Machine | None
    held: tuple[Attribution, ...]
    rest: tuple[Attribution, ...]

    @property
    def root(self) -> RootCause | None:
        """The machine as a cause."""
        return None if self.machine is None else _cause(self.machine)


def split(ordered: Sequence[Attribution]) -> Starved:
    """Find a machine whose places are all slow at once, and what it slows."""
    slow = [one for one in ordered if one.finding.family == Family.LATENCY and one.paces]
    found = machine.starved([one.paces for one in slow])
    if found is None:
        return Starved(None, (), tuple(ordered))
    held = [one for one in ordered if one.paces and found.holds(one.paces)]
    onset = min((one.finding.onset for one in held), default=0.0)
    fits = _without_traces(found, onset)
    held = [one for one in ordered if one in held or fits(one)]
    if not any(one.finding.family == Family.LATENCY for one in held):
        return Starved(None, (), tuple(ordered))
    return Starved(found, tuple(held), tuple(one for one in ordered if one not in held))


def gathered(
    starved: Starved, members: Mapping[Place, Sequence[Attribution]], loose: Sequence[list[Attribution]]
) -> tuple[Starved, frozenset[Place], list[list[Attribution]]]:
    """Slow places that are slow on one machine only belong to it; returns what it holds with theirs, the places, and
    what nothing explains still.

    members: findings by the place that causes them; loose: others, together where nothing explains them. A machine may
    so be found where others on it are not slow: those that wait for no turn there.
    """
    every = [*starved.held, *chain.from_iterable(members.values())]
    paces = machine.merged([one.paces for one in every])
    services = {place: _services(place, found) for place, found in members.items() if _is_slow(place, found)}
    found = starved.machine or machine.beneath(set().union(*services.values()), paces, SERVICES)
    if found is None:
        return starved, frozenset(), list(loose)
    here = machine.only_at(found.location, paces)
    taken = frozenset(place for place, mine in services.items() if mine & here)
    more = [one for one in chain.from_iterable(loose) if _blames_only(one, here)]
    left = [rest for group in loose if (rest := [one for one in group if one not in more])]
    held = {id(one): one for one in [*starved.held, *(one for place in sorted(taken) for one in members[place]), *more]}
    return replace(starved, machine=found, held=tuple(held.values())), taken, left


def _blames_only(one: Attribution, services: frozenset[str]) -> bool:
    """Whether all that a slow finding's traces blame is one of these services, or what one of them waits for."""
    causes = [vote.cause for vote in one.votes if vote.cause.kind in SLOW]
    return (
        bool(causes)
        and len(causes) == len(one.votes)
        and all({cause.service, cause.caller} & services for cause in causes)
    )


def _is_slow(place: Place, found: Sequence[Attribution]) -> bool:
    return all(vote.cause.kind in SLOW for one in found for vote in one.votes if place_of(vote.cause) == place)


def _services(place: Place, found: Sequence[Attribution]) -> set[str]:
    """Who is slow there: the service, or who calls what sends no spans."""
    callers = {vote.cause.caller for one in found for vote in one.votes if place_of(vote.cause) == place} - {""}
    return callers if callers and not place[1] else {place[0], place[1]} - {""}


def _without_traces(found: Machine, onset: float) -> Callable[[Attribution], bool]:
    def fits(one: Attribution) -> bool:
        here = not found.location[0] or owner(one.finding) in found.services
        return not one.votes and here and abs(one.finding.onset - onset) <= SOON

    return fits


def _cause(found: Machine) -> RootCause:
    slow, services, slow_ways, ways = found.counts()
    most = KNOWN if found.location[0] else GUESSED
    hits, total = slow + slow_ways, services + ways
    lower, upper = (round(min(end, most), 3) for end in wilson.interval(hits, total))
    cause = Cause(found.location[1] or NOBODY, CauseKind.MACHINE)
    text = wording.starves(found.location, found.counts(), found.factor())
    return RootCause(
        cause=cause,
        description=text,
        confidence=round(min(wilson.centre(hits, total), most), 3),
        interval=(lower, upper),
        measured=CauseMeasure(Family.LATENCY, found.factor(), 1.0),
    )
