"""The work of people on incidents: who works on one, and what they write about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiops.engine import Engine
from aiops.incidents import life, merging, splitting
from aiops.model import (
    Actor,
    AuditEntry,
    Comment,
    Incident,
    IncidentEvent,
    IncidentState,
    Severity,
    SeverityOverride,
    Snooze,
    Transition,
)
from aiops.model.errors import NotPossible
from aiops.presentation.trace_search import BadParameter
from aiops.service.incidents import IncidentService, audited
from aiops.service.silences import wanted_reason, wanted_time
from aiops.store.comments import SqlComments

LONGEST_NAME: Final = 128
LONGEST_COMMENT: Final = 10_000
SHOWN: Final = 200
"""The most characters of a comment that the audit repeats."""


@dataclass(slots=True)
class WorkflowService:
    """What people do with an incident beside acknowledging and resolving it. Every method may raise StoreError, and
    with an id NotFound; what is written wrongly raises BadParameter."""

    engine: Engine
    incidents: IncidentService
    store: SqlComments

    def assign(self, name: str, to: str, by: Actor) -> Incident:
        """Assign an incident to somebody; "" takes it from whoever has it. Raises NotPossible when it is resolved."""
        if len(to) > LONGEST_NAME or not to.isprintable():
            raise BadParameter("assignee", f"must be a name of at most {LONGEST_NAME} characters in one line")
        with self.engine.lock:
            before = self.incidents.get(name)
            after = life.assign(before, self.engine.clock.now(), to, by.name)
            return self.incidents.acted(before, after, Transition.UPDATED, by, "assign" if to else "unassign")

    def snooze(self, name: str, until: float, reason: str, by: Actor) -> Incident:
        """Announce nothing about an incident until a time (Unix seconds), and then remind people of it if it is still
        open. The reason may be empty. Raises NotPossible when it is resolved."""
        with self.engine.lock:
            before, now = self.incidents.get(name), self.engine.clock.now()
            wanted_time(until, now)
            if reason:
                wanted_reason(reason)
            after = life.snooze(before, now, Snooze(until, by.name, reason))
            return self.incidents.acted(before, after, Transition.UPDATED, by, "snooze")

    def wake(self, name: str, by: Actor) -> Incident:
        """End the snooze of an incident now: people are reminded of it unless something else mutes it. Raises
        NotPossible when it is resolved or not snoozed."""
        with self.engine.lock:
            before = self.incidents.get(name)
            if before.snooze is None:
                raise NotPossible(f"{before.id} is not snoozed")
            after = life.snooze(before, self.engine.clock.now(), None)
            return self.incidents.acted(before, after, Transition.UPDATED, by, "wake")

    def may_reopen(self, incident: Incident) -> bool:
        """Whether an incident may be opened again by hand, as far as itself is concerned."""
        try:
            life.reopen(incident, self.engine.clock.now(), "")
        except NotPossible:
            return False
        return True

    def reopen(self, name: str, by: Actor) -> Incident:
        """Reopen an incident that ended within a day; it stays open until somebody resolves it. Raises NotPossible."""
        with self.engine.lock:
            before = self.incidents.get(name)
            after = life.reopen(before, self.engine.clock.now(), by.name)
            alike = (one for one in self.incidents.store.active() if one.fingerprint == before.fingerprint != "")
            if (other := next(alike, None)) is not None:
                raise NotPossible(f"{before.id} cannot be opened again: {other.id} is open for the same cause")
            return self.incidents.acted(before, after, Transition.REOPENED, by, "reopen")

    def merge(self, name: str, into: str, by: Actor) -> Incident:
        """Merge an incident into another one: it ends, and its symptoms belong to the other while that is open. Returns
        the other. Raises NotPossible unless both are open."""
        with self.engine.lock:
            one, other, now = self.incidents.get(name), self.incidents.get(into), self.engine.clock.now()
            over, after = merging.merge_into(one, other, now, by.name)
            raised = after.severity.rank > other.severity.rank
            changed = IncidentEvent(Transition.CHANGED if raised else Transition.UPDATED, after)
            self._both(one, other, [IncidentEvent(Transition.RESOLVED, over), changed], by, "merge")
            return after

    def unmerge(self, name: str, by: Actor) -> Incident:
        """Take an incident out of the one that it was merged into: both are open afterwards. Raises NotPossible where
        it was not merged by a person, or the other has ended."""
        with self.engine.lock:
            one, now = self.incidents.get(name), self.engine.clock.now()
            if not one.merged_into:
                raise NotPossible(f"{one.id} was not merged into another incident by a person")
            other = self.incidents.get(one.merged_into)
            if other.state == IncidentState.RESOLVED:
                raise NotPossible(f"{other.id} has ended, and {one.id} with it")
            after, kept = merging.unmerge(one, other, now, by.name)
            events = [IncidentEvent(Transition.REOPENED, after), IncidentEvent(Transition.UPDATED, kept)]
            self._both(one, other, events, by, "unmerge")
            return after

    def split(self, name: str, services: Sequence[str], by: Actor) -> Incident:
        """Take services out of an incident: their symptoms are an incident of their own, which is returned, also
        later. Raises NotPossible where nothing would be left of either, and for the service of the cause."""
        with self.engine.lock:
            one, now = self.incidents.get(name), self.engine.clock.now()
            kept, new = splitting.split_off(one, services, now, by.name, self.incidents.store.count() + 1)
            events = [IncidentEvent(Transition.UPDATED, kept), IncidentEvent(Transition.OPENED, new)]
            self._both(one, new, events, by, "split")
            return new

    def _both(self, one: Incident, other: Incident, events: list[IncidentEvent], by: Actor, what: str) -> None:
        """Store what a person did to two incidents, in one transaction."""
        now = self.engine.clock.now()
        events = self.engine.muted(events, [one, other], now)
        text = f"{events[0].incident.timeline[-1].text} ({other.id})"
        self.incidents.store.act_on(events, audited(one, events[0].incident, now, by, what, text))
        self.incidents.health.forget()

    def set_severity(self, name: str, severity: Severity, reason: str, by: Actor) -> Incident:
        """Raise or lower the severity of an incident; the engine's own is kept beside it. People are told when it is
        raised. Raises NotPossible when it is resolved."""
        wanted_reason(reason)
        with self.engine.lock:
            before, now = self.incidents.get(name), self.engine.clock.now()
            after = life.override(before, now, SeverityOverride(severity, before.own_severity, by.name, reason, now))
            raised = after.severity.rank > before.severity.rank
            transition = Transition.CHANGED if raised else Transition.UPDATED
            return self.incidents.acted(before, after, transition, by, "set severity")

    def clear_severity(self, name: str, by: Actor) -> Incident:
        """Leave the severity of an incident to the engine again. Raises NotPossible where nobody set it."""
        with self.engine.lock:
            before = self.incidents.get(name)
            after = life.without_override(before, self.engine.clock.now(), by.name)
            return self.incidents.acted(before, after, Transition.UPDATED, by, "clear severity")

    def comments(self, incident: Incident) -> list[Comment]:
        """Return what people wrote about an incident, oldest first."""
        return self.store.of(incident)

    def comment(self, name: str, text: str, by: Actor) -> Incident:
        """Add a comment. It may be about an incident that is over, and cannot be changed afterwards."""
        text = text.replace("\r\n", "\n").strip()
        if not 0 < len(text) <= LONGEST_COMMENT:
            raise BadParameter("text", f"must have 1 to {LONGEST_COMMENT} characters, not {len(text)}")
        if not all(one.isprintable() or one in "\n\t" for one in text):
            raise BadParameter("text", "must not have control characters")
        now, incident = self.engine.clock.now(), self.incidents.get(name)
        said = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
        entry = AuditEntry(at=now, by=by, what="comment", subject=incident.id, text=said)
        self.incidents.store.act_on([], entry, self.store.added(incident, Comment(now, by.name, text)))
        return incident
