"""Incidents and changes: what people may ask about them and do to them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Executable

from aiops import incidents
from aiops.engine import Engine
from aiops.model import (
    Actor,
    AuditEntry,
    Change,
    Incident,
    IncidentEvent,
    IncidentEvidence,
    IncidentFilter,
    Severity,
    Transition,
    Window,
    iso,
)
from aiops.model.errors import NotFound
from aiops.presentation.trace_search import BadParameter
from aiops.service.health import HealthService
from aiops.store import SqlIncidents

LONGEST_HELP = 1000
ALIKE = 10
"""The number of similar incidents listed beside one."""


@dataclass(slots=True)
class IncidentService:
    """Incidents and changes. Every method may raise StoreError; methods with an id raise NotFound."""

    engine: Engine
    store: SqlIncidents
    health: HealthService

    def page(
        self, wanted: IncidentFilter, before: int | None = None, limit: int = 50
    ) -> tuple[list[Incident], int | None]:
        """Return incidents, newest first, and the cursor of the next page (None at the end)."""
        return self.store.page(wanted, before, limit)

    def alike_counts(self, incidents: Sequence[Incident], seconds: float) -> dict[str, int]:
        """Return how many incidents with the fingerprints of these were detected within so many seconds until now."""
        prints = sorted({one.fingerprint for one in incidents if one.fingerprint})
        return self.store.alike_counts(prints, self.engine.clock.now() - seconds)

    def urgent(self, limit: int) -> tuple[list[Incident], int]:
        """Return active incidents, the most severe first and then the newest, and their number."""
        found: list[Incident] = []
        for severity in reversed(Severity):
            if len(found) < limit:
                found += self.page(IncidentFilter(state="active", severity=severity), limit=limit - len(found))[0]
        return found, self.store.active_count()

    def get(self, name: str) -> Incident:
        """Return one incident by its id or key. Raises NotFound."""
        found = self.store.get(name)
        if found is None:
            raise NotFound(f"there is no incident {name}")
        return found

    def evidence(self, incident: Incident) -> IncidentEvidence | None:
        """Return the evidence of an incident's cause; None where there is none."""
        return self.store.evidence(incident)

    def alike(self, incident: Incident) -> list[Incident]:
        """Return other incidents with the same fingerprint, newest first."""
        return self.store.alike(incident, ALIKE)

    def acknowledge(self, name: str, by: Actor) -> Incident:
        """Acknowledge an incident. Raises NotPossible when it is resolved."""
        with self.engine.lock:
            before, now = self.get(name), self.engine.clock.now()
            after = incidents.acknowledge(before, now, by.name)
            return self.acted(before, after, Transition.ACKNOWLEDGED, by, "acknowledge")

    def resolve(self, name: str, by: Actor, helped: str = "") -> Incident:
        """Resolve an incident on the word of a person. Nothing is learned: if its symptoms continue, it is reopened
        soon. What helped is shown with later incidents of the same cause; it may also be said of one that is over.
        Raises BadParameter."""
        if len(helped) > LONGEST_HELP or not helped.isprintable():
            raise BadParameter("helped", f"must have at most {LONGEST_HELP} characters in one line")
        with self.engine.lock:
            before, now = self.get(name), self.engine.clock.now()
            after = incidents.resolve(before, now, f"resolved by {by.name}")
            transition = Transition.UPDATED if after == before else Transition.RESOLVED
            after = incidents.with_help(after, now, helped, by.name) if helped else after
            return self.acted(before, after, transition, by, "resolve")

    def record_change(self, change: Change, by: Actor, fact: str | None = None) -> bool:
        """Store a change, such as a deployment. fact: what it is known by where it may be told again, which is stored
        once. Returns whether it is new."""
        told = {name: getattr(change, name) for name in Change.__slots__ if name != "who"}
        text = change.named
        now = self.engine.clock.now()
        entry = AuditEntry(at=now, by=by, what="record change", subject=change.service, text=text, after=told)
        return self.store.record_change(change, entry, fact)

    def record_seen(self, change: Change, fact: str) -> bool:
        """Store a change that the engine saw itself, once: nobody did it here, so that the audit says nothing."""
        return self.store.record_change(change, None, fact)

    def changes(self, window: Window) -> list[Change]:
        """Return the changes in a window, oldest first."""
        return self.store.changes(window.start, window.end)

    def acted(
        self,
        before: Incident,
        after: Incident,
        transition: Transition,
        by: Actor,
        what: str,
        beside: Executable | None = None,
    ) -> Incident:
        """Store what a person did to an incident, if it changed anything, with the statement `beside`."""
        self.health.forget()
        if after != before:
            now = self.engine.clock.now()
            events = self.engine.muted([IncidentEvent(transition, after)], [before], now)
            after = events[0].incident
            self.store.act_on(events, audited(before, after, now, by, what, after.timeline[-1].text), beside)
        return after


def audited(before: Incident, after: Incident, at: float, by: Actor, what: str, text: str) -> AuditEntry:
    """Return the entry of the audit about what somebody did to an incident."""
    return AuditEntry(
        at=at, by=by, what=what, subject=after.id, text=text, before=_standing(before), after=_standing(after)
    )


def _standing(one: Incident) -> dict[str, object]:
    return {
        "state": str(one.state),
        "acknowledged_by": one.acknowledged_by or None,
        "assignee": one.assignee or None,
        "severity": str(one.severity),
        "resolution": one.resolution or None,
        "helped": one.helped or None,
        "snoozed_until": None if one.snooze is None else iso(one.snooze.until),
    }
