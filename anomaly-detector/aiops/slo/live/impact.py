"""Which objectives burn because of an incident, and the records of burns."""

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
    counted_requests,
    names,
    value_of,
)
from aiops.slo.live.budget import exhausted_in
from aiops.slo.live.status import LOOKBACK, SloStatus
from aiops.slo.rules import tiers

NOW: Final = 300
"""Seconds of the window that shows whether a budget burns at present."""
SETTLED: Final = 30.0
"""Seconds for which a burn must last before it is announced by itself."""
ROLES: Final = (names.SERVICE, names.CALLER, names.CALLEE)
FAILING: Final = frozenset({Family.ERRORS, Family.SILENCE, Family.TRAFFIC, Family.NO_TELEMETRY})
SLOW: Final = frozenset({Family.LATENCY})
"""Symptom families that match an objective: FAILING where it counts failures, SLOW where it has a threshold of
duration."""
FASTER: Final = {Urgency.TICKET: 0, Urgency.PAGE: 1}


def impacts(
    found: Iterable[SloStatus],
    services: Sequence[str],
    endpoints: Sequence[str],
    symptoms: Sequence[tuple[Labels, str]],
) -> tuple[Impact, ...]:
    """Return the objectives that burn faster than allowed at present, the fastest first: those about these services and
    endpoints, where these symptoms (series, family) are of the kind that the objective counts.

    An objective of a whole service, or of a metric, is about every endpoint of the service.
    """
    hit = [
        Impact(
            slo=one.slo.name,
            group=one.group,
            urgency=one.urgency,
            burn_rate=_rate(one),
            budget_left=one.budget.left,
            exhausted_in=_lasts(one),
        )
        for one in found
        if (one.burn[NOW] or 0.0) > 1 and _about(one.slo, one.group, services, endpoints) and _shows(one.slo, symptoms)
    ]
    return tuple(sorted(hit, key=lambda one: -one.burn_rate))


def followed(
    records: Sequence[Burn], found: Sequence[SloStatus], incidents: Iterable[Incident], now: float
) -> tuple[list[Burn], list[BurnEvent]]:
    """Update the records of burns: return the records that changed, and the events to notify people of.

    A burn that an incident lists is announced by that incident alone, also while it fades afterwards. If it continues
    for longer, it is announced by itself.
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
    # A burn that is announced late, when its incident ends, is announced with its urgency at that time.
    urgency = {(one.slo.name, one.group): one.urgency for one in found if one.urgency is not None}
    events = [BurnEvent(what, replace(burn, urgency=urgency[place]), now) for place, burn, what in carried if what]
    there = {one.slo.name for one in found}  # nothing is known of an objective that was removed
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
    """Yield the record of each group with an urgency, and the transition to announce, if there is one."""
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
        # After an outage the budget burns slowly for hours: another outage in that time is announced.
        faster = rank > highest or (rank == highest > 0 and not _lately(before.highest_at, now))
        covered_at = now if incident else before.covered_at
        # An incident of the same fault may come a cycle or two later.
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
    """Whether a time is less than HELD ago. A time in the future is from before clocks were set back."""
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
    """Return the burn rate over the last hour, or over the last minutes where that is higher, as at the start."""
    return max(one.burn[LOOKBACK] or 0.0, one.burn[NOW] or 0.0)


def _lasts(one: SloStatus) -> float | None:
    """Return the seconds until the budget is spent at that rate."""
    return exhausted_in(one.budget.left, tiers.seconds(one.slo.period), _rate(one))


def _shows(slo: Slo, symptoms: Sequence[tuple[Labels, str]]) -> bool:
    """Whether the symptoms seen at the objective's service, or at all where none is seen there, are what it counts:
    slowness does not make requests fail. For an objective on a metric of its own this is not known."""
    of = slo.indicator
    if not isinstance(of, Server):
        return True
    near = {family for series, family in symptoms if of.service in (value_of(series, role) for role in ROLES)}
    counted = FAILING if of.threshold is None else SLOW
    return not counted.isdisjoint(near or {family for _, family in symptoms})


def _about(slo: Slo, group: Labels, services: Sequence[str], endpoints: Sequence[str]) -> bool:
    of = counted_requests(slo, group)
    if (slo.service if of is None else of.service) not in services:
        return False
    route = dict(group).get("http.route", "") if of is None else of.route
    return not route or not endpoints or route in endpoints
