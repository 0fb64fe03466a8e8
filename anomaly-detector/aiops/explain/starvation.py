"""One group of all that a starving machine slows, whatever each finding's traces blame by themselves."""

from collections.abc import Callable, Sequence

from aiops.explain import machine, wilson, wording
from aiops.explain.attribution import Attribution
from aiops.explain.machine import Machine
from aiops.explain.places import owner
from aiops.model import Cause, CauseKind, Family, RootCause

SOON = 300.0  # seconds around its onset in which what has no traces belongs to it
KNOWN, GUESSED = 0.7, 0.6  # confidence at most: other causes can look like it; less where no attribute names it
NOBODY = "the shared machine"

Split = tuple[RootCause, list[Attribution], list[Attribution]]


def split(ordered: Sequence[Attribution]) -> Split | None:
    """The cause, what it slows, and the rest; None where no machine starves."""
    slow = [one for one in ordered if one.finding.family == Family.LATENCY and one.paces]
    found = machine.starved([one.paces for one in slow])
    if found is None:
        return None
    held = [one for one in ordered if one.paces and found.holds(one.paces)]
    onset = min((one.finding.onset for one in held), default=0.0)
    fits = _without_traces(found, onset)
    held = [one for one in ordered if one in held or fits(one)]
    if not any(one.finding.family == Family.LATENCY for one in held):
        return None
    return _cause(found), held, [one for one in ordered if one not in held]


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
    )
