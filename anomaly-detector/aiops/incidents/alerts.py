"""Alerts of other systems: how their episodes continue, and which incidents they concern."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby, pairwise

from aiops.model import Alert, AlertLink, AlertState, Incident, TimelineEntry, names
from aiops.model.alert import Identity

FIRES = "alert"
RESOLVED = "alert_resolved"
MOMENTS = 60.0
"""Seconds after a reported end in which a late report of firing is ignored once."""
APART = 1.0
"""Seconds between two reports that are not the same report sent twice."""
MOST = 100  # entries about alerts in one timeline


def services_of(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the services that an alert's labels name. A job is `namespace/service`, as OpenTelemetry has it, or the
    name."""
    named = [labels.get(name, "") for name in names.ALERT_SERVICES]
    named.append(labels.get(names.ALERT_JOB, "").rpartition("/")[2])
    return tuple(dict.fromkeys(name for name in named if name))


def is_own(labels: Mapping[str, str]) -> bool:
    """Whether an alert is an incident of this engine that came back through Alertmanager."""
    return labels.get(names.ALERT_SOURCE) == names.OWN_SOURCE


def carried_on(known: Iterable[Alert], told: Iterable[Alert]) -> list[Alert]:
    """Return the episodes that reports change, as they are afterwards; reports may come in any order.

    A later start is another episode; it ends an earlier one whose end was not reported, until its end is reported. A
    report that a resolved episode fires may be a late one, because posts can overtake each other: it is ignored once,
    within MOMENTS of the end. If it is repeated, or comes later, the end was wrong and the episode fires again.

    `known` must hold the firing episodes of all reported fingerprints, and all episodes that start at the earliest
    reported start or later.
    """
    before = {one.identity: one for one in known}
    after = dict(before)
    for one in told:
        old = after.get(one.identity)
        after[one.identity] = one if old is None else _next(old, one)
        if not one.guessed:
            for other in [each for each in after.values() if each.fingerprint == one.fingerprint and each.guessed]:
                over = replace(other, state=AlertState.RESOLVED, ends_at=other.starts_at)
                after[other.identity] = other if other.state == AlertState.RESOLVED else over
    in_order = sorted((one for one in after.values() if not one.guessed), key=lambda one: one.identity)
    for _, episodes in groupby(in_order, key=lambda one: one.fingerprint):
        for older, newer in pairwise(episodes):
            if older.state == AlertState.FIRING:
                after[older.identity] = replace(older, state=AlertState.RESOLVED, ends_at=newer.starts_at)
    return [one for identity, one in after.items() if one != before.get(identity)]


def _next(old: Alert, told: Alert) -> Alert:
    """Return the episode after this report."""
    if old.state == AlertState.FIRING:
        stale = told.state == AlertState.RESOLVED and told.ends_at is not None and told.ends_at == old.was_over
        return old if stale else replace(told, was_over=old.was_over)
    if told.state == AlertState.RESOLVED:
        return replace(told, was_over=old.was_over) if _ends_earlier(told, old) else old
    if old.doubted_at is None and told.heard_at - old.heard_at <= MOMENTS:
        return replace(old, doubted_at=told.heard_at)
    if old.doubted_at is not None and told.heard_at - old.doubted_at < APART:
        return old
    return replace(told, was_over=old.ends_at)


def _ends_earlier(one: Alert, other: Alert) -> bool:
    return one.ends_at is not None and other.ends_at is not None and one.ends_at < other.ends_at


def concerns(alert: Alert, incident: Incident) -> bool:
    """Whether the alert names a service of the incident, and both overlap in time."""
    if _hit(incident).isdisjoint(alert.services):
        return False
    over = incident.resolved_at is not None and alert.starts_at > incident.resolved_at
    return not over and (alert.ends_at is None or alert.ends_at >= incident.onset)


def joined(
    alerts: Iterable[Alert], incidents: Iterable[Incident], links: Iterable[AlertLink], now: float
) -> tuple[list[AlertLink], list[Incident]]:
    """Return the links that are new or have a new state, and the incidents whose timelines changed.

    `links` must hold the links of each of these alerts to each of these incidents; what a timeline already shows is not
    added again.
    """
    told = {(one.fingerprint, one.starts_at, one.incident): one.told for one in links}
    after = {one.key: one for one in incidents}
    near: dict[str, list[str]] = defaultdict(list)
    for one in after.values():
        for service in _hit(one):
            near[service].append(one.key)
    linked: dict[Identity, list[str]] = defaultdict(list)
    for fingerprint, starts_at, key in told:
        linked[fingerprint, starts_at].append(key)
    made: list[AlertLink] = []
    for alert in alerts:
        keys = [*linked[alert.identity], *(key for service in alert.services for key in near[service])]
        for key in dict.fromkeys(key for key in keys if key in after):
            state = told.get((*alert.identity, key))
            if state != alert.state and (state is not None or concerns(alert, after[key])):
                after[key] = _with(after[key], alert, state, now)
                made.append(AlertLink(key, *alert.identity, alert.state))
    return made, [after[key] for key in dict.fromkeys(one.incident for one in made)]


def _hit(incident: Incident) -> set[str]:
    cause = incident.root_cause
    return {*incident.affected_services, *((cause.cause.service,) if cause is not None else ())}


def _with(incident: Incident, alert: Alert, told: AlertState | None, now: float) -> Incident:
    """Add to the timeline what it does not yet show of the alert; `told` is the state that it shows."""
    name = alert.name or "without a name"
    if told is None:
        incident = _entered(incident, alert.starts_at, FIRES, f"alert {name} fires", now)
    elif told == AlertState.RESOLVED and alert.state == AlertState.FIRING:
        text = f"alert {name} fires again: it was not over, though that was told"
        incident = _entered(incident, alert.heard_at, FIRES, text, now)
    if alert.state == AlertState.RESOLVED and alert.ends_at is not None:
        incident = _entered(incident, alert.ends_at, RESOLVED, f"alert {name} resolved", now)
    return incident


def is_alert(entry: TimelineEntry) -> bool:
    """Whether an entry of a timeline is about an alert."""
    return entry.what in (FIRES, RESOLVED)


def _entered(incident: Incident, at: float, what: str, text: str, now: float) -> Incident:
    """Insert an entry at its time, because alerts are reported later than they happen. A time in the future becomes
    now, so that it does not make later entries seem older."""
    if sum(map(is_alert, incident.timeline)) >= MOST:
        return incident
    entry = TimelineEntry(min(at, now), what, text)
    place = bisect_right([one.at for one in incident.timeline], entry.at)
    return replace(incident, timeline=(*incident.timeline[:place], entry, *incident.timeline[place:]))
