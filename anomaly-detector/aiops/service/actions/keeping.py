"""How a change of an action is written: with the audit, the incident's timeline, a line in the log and a count."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from prometheus_client import Counter

from aiops.engine import Engine
from aiops.incidents.life import noted
from aiops.model import Action, Actor, AuditEntry, GateDecision
from aiops.model.safe import visible
from aiops.store import SqlActions, SqlIncidents

log = logging.getLogger("aiops.action")
ENGINE: Final = Actor("engine")
"""Who acts where no person does."""
TOLD: Final = "action"
"""The word of an action in the timeline of an incident."""
ESCALATED: Final = "escalated"


@dataclass(frozen=True, slots=True)
class ActionKeeper:
    """Writes actions. Every method may raise StoreError; `change` raises NotPossible where another writer was first."""

    engine: Engine
    store: SqlActions
    incidents: SqlIncidents
    counter: Counter

    def add(self, action: Action, by: Actor) -> Action:
        """Store a new action."""
        return self._write(action, None, by, "propose action", self.store.add)

    def change(self, before: Action, after: Action, by: Actor, what: str) -> Action:
        """Store an action after a change; returns it with its version."""
        made = replace(after, version=before.version + 1)
        return self._write(made, before, by, what, self.store.change)

    def escalate(self, action: Action, text: str) -> None:
        """Tell people that they must take over."""
        log.error("%s: people must take over: %s", action.id, visible(text))
        with self.engine.lock:
            incident = self.incidents.get(action.evidence.subject)
            if incident is not None:
                words = f"{action.id}: people must take over: {text}"
                told = noted(incident, self.engine.clock.now(), ESCALATED, words)
                entry = self._entry(action, None, ENGINE, "escalate action", text)
                self.store.tell(told, entry)

    def _write(self, after: Action, before: Action | None, by: Actor, what: str, write: Callable[..., None]) -> Action:
        now, text = self.engine.clock.now(), sentence(after)
        entry = self._entry(after, before, by, what, text)
        with self.engine.lock:
            incident = self.incidents.get(after.evidence.subject)
            write(after, entry, None if incident is None else noted(incident, now, TOLD, text))
        self.counter.labels(str(after.state)).inc()
        log.warning("%s", visible(text))
        return after

    def _entry(self, after: Action, before: Action | None, by: Actor, what: str, text: str) -> AuditEntry:
        return AuditEntry(
            at=self.engine.clock.now(),
            by=by,
            what=what,
            subject=after.id,
            text=text,
            before=None if before is None else _standing(before),
            after=_standing(after),
        )


def sentence(action: Action) -> str:
    """Return the state of an action in one line."""
    dry = " (dry run)" if action.dry_run else ""
    return f"{action.id} {action.kind} of {action.target}{dry} {action.state}: {action.reason}"


def refusal(decision: GateDecision) -> str:
    """Return why the gate refused."""
    return f"refused: {decision.reasons}"


def _standing(one: Action) -> dict[str, object]:
    return {
        "state": str(one.state),
        "digest": one.digest,
        "approved_by": one.approval.by if one.approval is not None else None,
        "attempt": one.attempt.id if one.attempt is not None else None,
    }
