"""Which objectives burn where an incident is, and the records of burns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final

from aiops.model import (
    BURNS,
    BURNS_FASTER,
    BURNS_NO_MORE,
    HELD,
    Burn,
    BurnEvent,
    Family,
    Impact,
    Incident,
    IncidentState,
    Labels,
    Server,
    Slo,
    Urgency,
    names,
    value_of,
)
from aiops.slo.live.budget import exhausted_in
from aiops.slo.live.standing import LOOKBACK, SloStatus
from aiops.slo.rules import tiers

NOW: Final = 300
"""Seconds of the window that says whether a budget burns at present."""
SETTLED: Final = 30.0
"""Seconds that a burn must last before it is told by itself."""
ROLES: Final = (names.SERVICE, names.CALLER, names.CALLEE)
FAILING: Final = frozenset({Family.ERRORS, Family.SILENCE, Family.TRAFFIC, Family.NO_TELEMETRY})
SLOW: Final = frozenset({Family.LATENCY})
"""Families of symptoms of which requests that fail, or that are slow, are counted by objectives."""
FASTER: Final = {Urgency.TICKET: 0, Urgency.PAGE: 1}


def impacts(
    found: Iterable[SloStatus],
    services: Sequence[str],
    endpoints: Sequence[str],
    symptoms: Sequence[tuple[Labels, str]],
) -> tuple[Impact, ...]:
    """What burns at present faster than allowed, of objectives about these services and endpoints, where these symptoms
    (series, family) are of the kind that it counts; the fastest first.

    An objective of a whole service, or of a metric, is about every endpoint of it.
    """
    hit = [
        Impact(one.slo.name, one.group, one.urgency, _rate(one), one.budget.left, _lasts(one))
        for one in found
        if (one.burn[NOW] or 0.0) > 1 and _about(one.slo, one.group, services, endpoints) and _shows(one.slo, symptoms)
    ]
    return tuple(sorted(hit, key=lambda one: -one.burn_rate))


def followed(
    records: Sequence[Burn], found: Sequence[SloStatus], incidents: Iterable[Incident], now: float
) -> tuple[list[Burn], list[BurnEvent]]:
    """Carry the records of burns on: those that changed, and what people are to be told of.

    A burn that an incident lists is told by that incident alone, also while it dies away afterwards; if it burns on for
    longer, it is told by itself.
    """
    covered = {
        (impact.slo, impact.group): one.id
        for one in incidents
        if one.state != IncidentState.RESOLVED
        for impact in one.slo_impact
    }
    known = {(one.slo, one.group): one for one in records if one.until is None}
    carried = list(_burning(known, found, covered, now))
    after = {place: burn for place, burn, _ in carried}
    # What is told late, as its incident ends, is told as urgent as it is by then.
    urgency = {(one.slo.name, one.group): one.urgency for one in found if one.urgency is not None}
    events = [BurnEvent(what, replace(burn, urgency=urgency[place]), now) for place, burn, what in carried if what]
    there = {one.slo.name for one in found}  # of an objective that was taken away nothing is known
    for place, burn in known.items():
        if place not in after:
            after[place] = replace(burn, until=now)
            if burn.told and burn.slo in there:
                events.append(BurnEvent(BURNS_NO_MORE, after[place], now))
    return [burn for place, burn in after.items() if burn != known.get(place)], events


def _burning(
    known: Mapping[tuple[str, Labels], Burn],
    found: Sequence[SloStatus],
    covered: Mapping[tuple[str, Labels], str],
    now: float,
) -> Iterator[tuple[tuple[str, Labels], Burn, str]]:
    """The record of everything that has an urgency, and the transition to tell of, if there is one."""
    for one in found:
        if one.urgency is None:
            continue
        place = (one.slo.name, one.group)
        before, incident = known.get(place), covered.get(place, "")
        if before is None:
            beside = {"incident": incident, "covered_at": now} if incident else {"highest_at": now}
            yield place, replace(_new(one, now), **beside), ""
            continue
        rank, highest = FASTER[one.urgency], FASTER[before.urgency]
        # After an outage it burns slowly for hours: the next outage in them is news.
        faster = rank > highest or (rank == highest > 0 and not _lately(before.highest_at, now))
        covered_at = now if incident else before.covered_at
        # An incident of the same fault may be a cycle or two behind.
        free = not _lately(covered_at, now) and not 0 <= now - before.since < SETTLED
        burn = replace(
            before,
            urgency=one.urgency if faster else before.urgency,
            last_seen=now,
            burn_rate=max(before.burn_rate, _rate(one)),
            budget_left=one.budget.left,
            exhausted_in=_lasts(one),
            incident=before.incident or incident,
            covered_at=covered_at,
            told=before.told or free,
            highest_at=now if free and rank >= highest else before.highest_at,
        )
        news = BURNS if not before.told else BURNS_FASTER if faster else ""
        yield place, burn, news if free else ""


def _lately(at: float | None, now: float) -> bool:
    """Whether it is less than HELD ago; a time that is still to come is from before clocks were set back."""
    return at is not None and 0 <= now - at <= HELD


def _new(one: SloStatus, now: float) -> Burn:
    assert one.urgency is not None
    key = sha256(f"{one.slo.name}|{one.group!r}|{now:.3f}".encode()).hexdigest()[:16]
    return Burn(
        key=key,
        slo=one.slo.name,
        display_name=one.slo.display_name or one.slo.name,
        service=one.slo.service,
        group=one.group,
        urgency=one.urgency,
        since=now,
        last_seen=now,
        burn_rate=_rate(one),
        budget_left=one.budget.left,
        exhausted_in=_lasts(one),
    )


def _rate(one: SloStatus) -> float:
    """How fast it burns, over the last hour; over the last minutes where that is faster, as at the start."""
    return max(one.burn[LOOKBACK] or 0.0, one.burn[NOW] or 0.0)


def _lasts(one: SloStatus) -> float | None:
    """Seconds until the budget is gone at that rate."""
    return exhausted_in(one.budget.left, tiers.seconds(one.slo.period), _rate(one))


def _shows(slo: Slo, symptoms: Sequence[tuple[Labels, str]]) -> bool:
    """Whether what is seen of the objective's service, or where nothing is seen of it at all, is what it counts:
    slowness does not make requests fail. What an objective on a metric of its own counts is not known."""
    of = slo.indicator
    if not isinstance(of, Server):
        return True
    near = {family for series, family in symptoms if of.service in (value_of(series, role) for role in ROLES)}
    counted = FAILING if of.threshold is None else SLOW
    return not counted.isdisjoint(near or {family for _, family in symptoms})


def _about(slo: Slo, group: Labels, services: Sequence[str], endpoints: Sequence[str]) -> bool:
    of = slo.indicator
    service = of.service if isinstance(of, Server) else slo.service
    if service not in services:
        return False
    route = (of.route if isinstance(of, Server) else "") or dict(group).get("http.route", "")
    return not route or not endpoints or route in endpoints
