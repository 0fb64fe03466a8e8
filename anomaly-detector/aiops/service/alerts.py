"""Alerts: what Alertmanager reports, linked to the incidents it concerns."""

import threading
from collections import Counter as Counts
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import inf

from prometheus_client import Counter

from aiops.incidents.alerts import carried_on, is_own, joined
from aiops.model import Actor, Alert, AlertLink, AlertState, AuditEntry, Incident
from aiops.ports import Clock, IncidentStore
from aiops.store import SqlAlerts

DAY = 86_400.0
KEPT = 30 * DAY
LATE = DAY
"""Seconds since the end of an incident within which a late report of an alert is still linked to it."""
JUST = 600.0
"""Seconds since the end of an incident within which it is linked to alerts that were reported before it opened."""
SHOWN = 100
LONGEST_NAME = 100
NAMED = 10
"""The most names of alerts in a row of the audit."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What happened to the alerts of one post: the engine's own are refused."""

    received: int
    firing: int
    resolved: int
    known: int
    refused: int


@dataclass(slots=True)
class AlertService:
    """Alerts and their incidents. `lock` is the engine's, so that a cycle and a post do not write the same incident at
    once. Every method may raise StoreError."""

    store: SqlAlerts
    incidents: IncidentStore
    clock: Clock
    lock: threading.RLock
    counter: Counter

    def began(self, fingerprints: Sequence[str]) -> dict[str, float]:
        """Return the start of the firing episodes of these fingerprints."""
        found = self.store.episodes(fingerprints, inf) if fingerprints else []
        return {one.fingerprint: one.starts_at for one in sorted(found, key=lambda one: one.starts_at)}

    def take(self, told: Sequence[Alert], by: Actor, truncated: int = 0, dropped: int = 0, mended: int = 0) -> Receipt:
        """Store reports in one transaction with the timelines that show them, and a row in the audit. The same reports
        again change nothing, and are not audited."""
        theirs = [one for one in told if not is_own(dict(one.labels))]
        known: list[Alert] = []
        fresh: list[Alert] = []
        if theirs:
            with self.lock:
                known = self.store.episodes(_prints(theirs), min(one.starts_at for one in theirs))
                fresh = carried_on(known, theirs)
                late = self.incidents.resolved_since(self.clock.now() - LATE)
                links = self.store.links(fingerprints=_prints(fresh))
                entry = _entry(_receipt(told, theirs, known, fresh), theirs, by, self.clock.now())
                self._join(fresh, fresh, [*self.incidents.active(), *late], links, entry)
        receipt = _receipt(told, theirs, known, fresh)
        self._count(receipt, {"truncated": truncated, "dropped": dropped, "mended": mended})
        return receipt

    def join(self) -> None:
        """Link alerts that were reported before an incident opened, reopened or affected another service. To be called
        after each cycle."""
        with self.lock:
            just = self.incidents.resolved_since(self.clock.now() - JUST)
            lately = [*self.incidents.active(), *just]
            alerts = self.store.lasting(min(one.onset for one in lately)) if lately else []
            if alerts:
                self._join((), alerts, lately, self.store.links(incidents=[one.key for one in lately]))

    def page(self, state: str | None, service: str | None, limit: int) -> list[tuple[Alert, list[str]]]:
        """Return alerts, newest first, each with the ids of its incidents."""
        found = self.store.page(state, service, limit)
        names = self.store.names(found)
        return [(one, names[one.identity]) for one in found]

    def of(self, incident: Incident) -> list[Alert]:
        """Return the alerts that concern an incident, newest first."""
        return self.store.of(incident.key, SHOWN)

    def counts(self, incidents: Iterable[Incident]) -> dict[str, int]:
        """Return how many alerts concern each incident, by the incident's key."""
        return dict(Counts(link.incident for link in self.store.links(incidents=[one.key for one in incidents])))

    def purge(self) -> int:
        """Forget alerts that ended long ago; returns how many."""
        return self.store.purge(self.clock.now() - KEPT)

    def _join(
        self,
        fresh: Sequence[Alert],
        alerts: Sequence[Alert],
        lately: Iterable[Incident],
        links: Sequence[AlertLink],
        entry: AuditEntry | None = None,
    ) -> None:
        """Save `fresh`, and add `alerts` to incidents: those of `lately`, and any that is already linked."""
        incidents = {one.key: one for one in lately}
        for key in {one.incident for one in links} - set(incidents):
            found = self.incidents.get(key)
            if found is not None:
                incidents[key] = found
        made, changed = joined(alerts, incidents.values(), links, self.clock.now())
        if fresh or made:
            self.store.keep(fresh, made, changed, entry)

    def _count(self, receipt: Receipt, beside: Mapping[str, int]) -> None:
        for field in fields(receipt):
            if field.name != "received":
                self.counter.labels(field.name).inc(getattr(receipt, field.name))
        for outcome, count in beside.items():
            self.counter.labels(outcome).inc(count)


def _receipt(told: Sequence[Alert], theirs: Sequence[Alert], known: Sequence[Alert], fresh: Sequence[Alert]) -> Receipt:
    before = {one.identity: one.state for one in known}
    news = {one.identity: one.state for one in fresh if before.get(one.identity) != one.state}
    states = [news.pop(one.identity, None) for one in theirs]
    firing, resolved = states.count(AlertState.FIRING), states.count(AlertState.RESOLVED)
    return Receipt(len(told), firing, resolved, len(theirs) - firing - resolved, len(told) - len(theirs))


def _entry(receipt: Receipt, theirs: Sequence[Alert], by: Actor, now: float) -> AuditEntry | None:
    """Return what the audit says of a post; None for one that begins and ends nothing."""
    if not (receipt.firing or receipt.resolved):
        return None
    names = sorted({one.name[:LONGEST_NAME] for one in theirs})
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    text = f"{receipt.firing} firing, {receipt.resolved} resolved: {', '.join(names[:NAMED])}{more}"
    after = {"firing": receipt.firing, "resolved": receipt.resolved}
    return AuditEntry(at=now, by=by, what="receive alerts", subject="alerts", text=text, after=after)


def _prints(alerts: Iterable[Alert]) -> list[str]:
    return [one.fingerprint for one in alerts]
