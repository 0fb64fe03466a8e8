"""Which findings belong together: to a place that founded the trouble, or to each other."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from aiops.explain.attribution import Attribution
from aiops.explain.latency import NAMED
from aiops.explain.places import TOGETHER, Place, absorbed, for_every_caller, founds, moved, owner, shares_of
from aiops.explain.troubles import MetricsAlone
from aiops.explain.walked import Walked, walked
from aiops.model import Edge, Family, names, value_of

JOINS = NAMED  # a finding belongs to every cause that holds this share of it


@dataclass(frozen=True, slots=True)
class Groups:
    """Findings by the place that causes them; those of causes that metrics alone name; findings of missing traffic by
    service; and others that nothing explains, together where one service calls the other's."""

    members: dict[Place, list[Attribution]]
    walked: list[Walked]
    fewer: dict[str, list[Attribution]]
    unexplained: list[list[Attribution]]

    @classmethod
    def of(cls, ordered: list[Attribution], edges: Sequence[Edge], metrics: MetricsAlone | None = None) -> "Groups":
        """Group findings, which are in a fixed order."""
        ordered = for_every_caller(moved(ordered), edges)
        founded = sorted({place for one in ordered for place in founds(one)})
        other = absorbed(founded, ordered)
        founded = [place for place in founded if place not in other]
        below = _reachable(edges)
        members: dict[Place, list[Attribution]] = {place: [] for place in founded}
        silent: list[Attribution] = []
        loose: list[Attribution] = []
        for one in ordered:
            shares: dict[Place, float] = defaultdict(float)
            for place, share in shares_of(one).items():
                shares[other.get(place, place)] += share
            of = [place for place in founded if shares.get(place, 0.0) >= JOINS]
            for place in of:
                members[place].append(one)
            if not of:
                (loose if shares else silent).append(one)
        told = {place: tuple(found) for place, found in members.items()}
        for one in silent:
            of = [place for place in founded if _suffers(one, place, told[place], below)]
            for place in of:
                members[place].append(one)
            if not of:
                loose.append(one)
        loose = _taken(loose, members, below)
        untraced, loose = walked(loose, edges, metrics)
        loose = _taken(loose, {place: found.members for place, found in untraced.items()}, below)
        fewer, loose = _split(loose)
        return cls(members, list(untraced.values()), fewer, _clusters(loose, below))


def _suffers(one: Attribution, place: Place, members: Sequence[Attribution], below: dict[str, set[str]]) -> bool:
    """Whether a finding without traces of its own belongs to a cause: its service is the cause, or calls it and got
    into trouble at about the same time. One whose traces nobody has looked at yet is taken to, until they say more; so
    it is where it calls a service whose traces tell of the cause."""
    mine = owner(one.finding)
    if mine == place[0]:
        return True
    reached = below.get(mine, {mine})
    if one.unread:
        return place[0] in reached or any(owner(other.finding) in reached for other in members)
    return place[0] in reached and any(abs(one.finding.onset - other.finding.onset) <= TOGETHER for other in members)


def _taken(
    loose: Sequence[Attribution], members: dict[Place, list[Attribution]], below: dict[str, set[str]]
) -> list[Attribution]:
    """Give findings whose traces blame nobody to the cause that broke out at the same time and calls their services, or
    is called by them; what is left belongs to none."""
    left = []
    for one in loose:
        mine, other = owner(one.finding), value_of(one.finding.series, names.CALLEE)
        near = [
            place
            for place, found in members.items()
            if not one.votes
            and one.finding.family != Family.SILENCE
            and ({mine, other} & below.get(place[0], set()) or place[0] in below.get(mine, set()))
            and any(abs(one.finding.onset - each.finding.onset) <= TOGETHER for each in found)
        ]
        if near:
            members[near[0]].append(one)
        else:
            left.append(one)
    return left


def _split(loose: list[Attribution]) -> tuple[dict[str, list[Attribution]], list[Attribution]]:
    """Findings of missing traffic by service, and the others."""
    fewer: dict[str, list[Attribution]] = defaultdict(list)
    for one in loose:
        if one.finding.family == Family.TRAFFIC:
            fewer[owner(one.finding)].append(one)
    return fewer, [one for one in loose if one.finding.family != Family.TRAFFIC]


def _reachable(edges: Sequence[Edge]) -> dict[str, set[str]]:
    """Every service with all it calls, directly or not, itself included."""
    calls: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        calls[edge.caller].add(edge.callee)
        calls[edge.callee] |= set()
    out: dict[str, set[str]] = {}
    for service in calls:
        seen, stack = {service}, [service]
        while stack:
            for callee in calls[stack.pop()] - seen:
                seen.add(callee)
                stack.append(callee)
        out[service] = seen
    return out


def _clusters(loose: list[Attribution], below: dict[str, set[str]]) -> list[list[Attribution]]:
    """Findings that one service calls the other's, put together."""
    clusters: list[list[Attribution]] = []
    for one in loose:
        mine = owner(one.finding)
        touching = [
            cluster
            for cluster in clusters
            if any(
                mine in below.get(other, {other}) or other in below.get(mine, {mine})
                for other in (owner(member.finding) for member in cluster)
            )
        ]
        merged = [one, *(member for cluster in touching for member in cluster)]
        clusters = [cluster for cluster in clusters if cluster not in touching] + [merged]
    return clusters
