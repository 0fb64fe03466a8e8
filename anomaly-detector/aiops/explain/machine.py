"""A machine that starves: all on it is slow at once, the work of services and the ways between them.

A service that is slow by itself leaves the work of others, and the ways to them, as they were. Where all of it becomes
slow together, what is shared is to blame: a host, a node, a zone; where no attribute says who shares what, whatever all
of them run on. See docs/methods.md, Who is a victim.
"""

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass
from statistics import median

from aiops.explain.tree import SERVING, Tree
from aiops.model import Span, Trace, names

SLOWER = 2.0  # times as long as in good requests, from which a place counts as slower
LEAST = 0.002  # seconds longer
BEYOND = 4.0  # times what a place would lose with the others, from which it is slow by itself
ENOUGH = 3  # spans on either side, to compare a place: what many places agree on needs few of each
SERVICES = 2  # whose own work must be slower
MOST_WORK, MOST_WAYS = 0.8, 0.5  # of a machine's services, and of the ways to and from them, that must be slower
HELD = 0.6  # of the places of one finding's requests that are slower, for it to belong to the machine

Location = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PlaceTime:
    """How long one place takes: the own work of a service, or (with a `callee`) the way from it to another.

    took, takes: median seconds in good and in bad requests. at: what the processes on either side run on.
    """

    service: str
    callee: str
    at: frozenset[Location]
    took: float
    takes: float

    @property
    def slower(self) -> bool:
        """Whether the place is slower in bad requests than in good ones."""
        return self.takes >= SLOWER * self.took and self.excess >= LEAST

    @property
    def excess(self) -> float:
        """By how many seconds it is slower."""
        return self.takes - self.took

    @property
    def ratio(self) -> float:
        """How many times as long it takes."""
        return self.takes / max(self.took, LEAST)


@dataclass(frozen=True, slots=True)
class Machine:
    """What starves: a location, ("", "") where none is known; and how fast each of its places is."""

    location: Location
    paces: tuple[PlaceTime, ...]

    def holds(self, paces: Sequence[PlaceTime]) -> bool:
        """Whether these places, of the requests of one finding, are slow with the machine."""
        mine = [one for one in paces if _is_at(one, self.location)]
        return bool(mine) and _slow_share(mine) >= HELD

    @property
    def services(self) -> frozenset[str]:
        """The services whose own work was measured."""
        return frozenset(one.service for one in self.paces if not one.callee)

    def counts(self) -> tuple[int, int, int, int]:
        """Slower and all services, slower and all ways."""
        work = [one for one in self.paces if not one.callee]
        ways = [one for one in self.paces if one.callee]
        slower = (len({one.service for one in work if one.slower}), sum(one.slower for one in ways))
        return slower[0], len({one.service for one in work}), slower[1], len(ways)

    def factor(self) -> float:
        """How many times as long the slower places take, in the middle."""
        return median(one.ratio for one in self.paces if one.slower)


def paces(bad: Sequence[Trace], good: Sequence[Trace]) -> tuple[PlaceTime, ...]:
    """How long every place takes that bad and good traces have often enough."""
    takes, took = _seconds(bad), _seconds(good)
    return tuple(
        PlaceTime(*place, median(took[place]), median(seconds))
        for place, seconds in sorted(takes.items(), key=lambda pair: (pair[0][0], pair[0][1], sorted(pair[0][2])))
        if len(seconds) >= ENOUGH and len(took.get(place, ())) >= ENOUGH
    )


def starved(each: Sequence[Sequence[PlaceTime]]) -> Machine | None:
    """The machine that the places of several findings' requests show to starve; None where there is none."""
    found = merged(each)
    work = [one for one in found if not one.callee]
    shared = False
    for key in names.LOCATIONS:
        for location in sorted({one for pace in work for one in pace.at if one[0] == key}):
            mine = [one for one in found if location in one.at]
            elsewhere = [one for one in work if location not in one.at]
            shared = shared or len({one.service for one in mine if not one.callee}) > 1
            if _starves(mine) and _slow_share(elsewhere) < MOST_WAYS:
                return Machine(location, tuple(mine))
    # Attributes that no two services share do not say what they share: containers have hosts of their own.
    return Machine(("", ""), tuple(found)) if not shared and _starves(found) else None


def beneath(services: Set[str], paces: Sequence[PlaceTime], least: int) -> Machine | None:
    """The machine on which alone at least so many of these services are slow, and most of those that run there; of
    several the one with most of them, of equal ones the narrowest. Something must run elsewhere, and not be slow."""
    best, most = None, least - 1
    work = [one for one in paces if not one.callee]
    for key in names.LOCATIONS:
        for location in sorted({one for pace in paces for one in pace.at if one[0] == key}):
            slow = only_at(location, paces)
            all_ = {one.service for one in work if location in one.at}
            apart = any(location not in one.at and not one.slower for one in work)
            if apart and len(services & slow) > most and len(slow) >= MOST_WAYS * len(all_):
                best, most = location, len(services & slow)
    return None if best is None else Machine(best, tuple(one for one in paces if best in one.at))


def only_at(location: Location, paces: Sequence[PlaceTime]) -> frozenset[str]:
    """Services whose own work is slower at a location and nowhere else."""
    slow = [one for one in paces if not one.callee and one.slower]
    elsewhere = {one.service for one in slow if not _is_at(one, location)}
    return frozenset(one.service for one in slow if _is_at(one, location)) - elsewhere


def _starves(places: Sequence[PlaceTime]) -> bool:
    work, ways = [one for one in places if not one.callee], [one for one in places if one.callee]
    slow = {one.service for one in work if one.slower}
    return (
        len(slow) >= SERVICES
        and len(slow) >= MOST_WORK * len({one.service for one in work})
        and bool(ways)
        and _slow_share(ways) >= MOST_WAYS
        and not _by_itself(places)
    )


def _by_itself(places: Sequence[PlaceTime]) -> bool:
    """Whether a place is so much slower than the rest that it has a trouble of its own. Who waits for a turn loses some
    time at every place, and as many times as long as the work needs: a place beyond both is slow by itself."""
    lost, ratio = median(one.excess for one in places), median(one.ratio for one in places)
    return any(one.excess > BEYOND * (max(lost, LEAST) + (max(ratio, 1.0) - 1.0) * one.took) for one in places)


def _slow_share(places: Sequence[PlaceTime]) -> float:
    return sum(one.slower for one in places) / len(places) if places else 0.0


def _is_at(pace: PlaceTime, location: Location) -> bool:
    return not location[0] or location in pace.at


def merged(each: Sequence[Sequence[PlaceTime]]) -> list[PlaceTime]:
    """One pace for each place, the middle one of those that the findings saw."""
    found: dict[tuple[str, str, frozenset[Location]], list[PlaceTime]] = defaultdict(list)
    for paces_ in each:
        for one in paces_:
            found[one.service, one.callee, one.at].append(one)
    return [sorted(same, key=lambda one: one.ratio)[len(same) // 2] for same in found.values()]


def _seconds(traces: Sequence[Trace]) -> dict[tuple[str, str, frozenset[Location]], list[float]]:
    """Seconds of every visit to each place."""
    seconds: dict[tuple[str, str, frozenset[Location]], list[float]] = defaultdict(list)
    for trace in traces:
        tree = Tree.of(trace)
        for span in trace.spans:
            if span.kind in SERVING:
                seconds[span.service, "", _at(span)].append(tree.self_time(span))
            elif (server := tree.server_of(span)) is not None:
                gap = max(0.0, span.duration - server.duration)
                seconds[span.service, server.service, _at(span) | _at(server)].append(gap)
    return seconds


def _at(span: Span) -> frozenset[Location]:
    return frozenset((key, value) for key in names.LOCATIONS if (value := span.resource.get(key, "")))
