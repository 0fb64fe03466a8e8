"""*This is normal now*: people teach the detector what it may not take as normal by itself, and undo it."""

from dataclasses import dataclass
from typing import Final

from aiops import detect
from aiops.engine import Engine
from aiops.incidents import life
from aiops.model import (
    Accepted,
    Actor,
    Ending,
    Family,
    Incident,
    IncidentEvent,
    IncidentState,
    Labels,
    Relearned,
    Transition,
    iso,
    names,
    value_of,
)
from aiops.model.errors import NotPossible
from aiops.presentation.words import written
from aiops.service.incidents import IncidentService, audited
from aiops.store import SqlAccepted

UNDO_SECONDS: Final = 3600.0
ACTION: Final = "normal"
NEVER: Final = {
    Family.ERRORS: "requests fail",
    Family.SILENCE: "nothing comes",
    Family.NO_TELEMETRY: "no telemetry arrives",
}


@dataclass(slots=True)
class AcceptanceService:
    """Declarations that symptoms are normal. Every method may raise NotPossible, with the reason, or StoreError."""

    engine: Engine
    incidents: IncidentService
    store: SqlAccepted

    def proposal(self, incident: Incident) -> list[Relearned]:
        """Return what would be learned of each symptom in trouble: its expectation now and afterwards."""
        if incident.state == IncidentState.RESOLVED:
            since = iso(incident.resolved_at or incident.last_seen)
            raise NotPossible(f"{incident.id} is resolved since {since}; there is nothing to take for normal")
        with self.engine.lock:
            state, tuning = self.engine.state, self.engine.detector.tuning
            found = []
            for series, family in ((series, Family(name)) for series, name in incident.symptoms):
                if family == Family.NO_TELEMETRY or detect.troubled(state, series, family):
                    if not detect.adoptable(family):
                        what = NEVER.get(family, family)
                        raise NotPossible(
                            f"{incident.id}: {what} at {_where(series)}, and that is never taken for normal; "
                            "only latency and traffic are. Resolve it when it is over"
                        )
                    found.append(Relearned(series, family, *detect.proposed(state, series, family, tuning)))
        if not found:
            raise NotPossible(f"none of the symptoms of {incident.id} is in trouble now; there is nothing to learn")
        return found

    def accept(self, name: str, by: Actor, reason: str) -> Incident:
        """Learn the symptoms of an incident as normal, and resolve it. The earlier learned state is kept for an hour.
        Raises NotFound."""
        with self.engine.lock:
            self.incidents.health.forget()
            incident = self.incidents.get(name)
            changes, now = self.proposal(incident), self.engine.clock.now()
            before = self.engine.state.copy()
            learned = [
                detect.rebaseline(self.engine.state, one.series, Family(one.family), self.engine.detector.tuning)
                for one in changes
            ]
            after = life.resolve(incident, now, f"normal from now on, says {by.name}: {reason}", Ending.ACCEPTED)
            record = Accepted(incident=incident.id, at=now, who=by.name, reason=reason, changes=tuple(changes))
            text = "; ".join(map(change_sentence, changes)) + f"; reason: {reason}"
            event = IncidentEvent(Transition.RESOLVED, after)
            try:
                entry = audited(incident, after, now, by, ACTION, text)
                self.incidents.store.act(event, entry, self.store.added(record, learned))
            except Exception:
                self.engine.detector.state = before
                raise
            return after

    def undo(self, name: str, by: Actor) -> Incident:
        """Restore the learned state before the last declaration; the incident that it resolved is open again. Raises
        NotFound."""
        with self.engine.lock:
            self.incidents.health.forget()
            incident = self.incidents.get(name)
            now, last = self.engine.clock.now(), self.undoable(incident)
            if last is None:
                raise NotPossible(
                    f"nothing of {incident.id} was taken for normal within the last hour that could be taken back"
                )
            before = self.engine.state.copy()
            try:
                for one, learned in zip(last.changes, self.store.learned(last), strict=True):
                    detect.restore(self.engine.state, one.series, Family(one.family), learned)
                after, transition = incident, Transition.UPDATED
                if incident.ending == Ending.ACCEPTED:
                    after, transition = life.taken_back(incident, now, by.name), Transition.REOPENED
                text = "taken back: " + "; ".join(map(change_sentence, last.changes))
                event = self.engine.muted([IncidentEvent(transition, after)], [incident], now)[0]
                entry = audited(incident, after, now, by, f"{ACTION} undone", text)
                self.incidents.store.act(event, entry, self.store.undone(last, now, by.name))
            except ValueError as error:
                self.engine.detector.state = before
                raise NotPossible(f"what was taken for normal of {incident.id} cannot be taken back: {error}") from None
            except Exception:
                self.engine.detector.state = before
                raise
            return after

    def of(self, incident: Incident) -> list[Accepted]:
        """Return the declarations about an incident, newest first."""
        return self.store.of(incident.id)

    def undoable(self, incident: Incident) -> Accepted | None:
        """Return the last declaration if it can still be undone."""
        last = next((one for one in self.of(incident) if one.undone_at is None), None)
        now = self.engine.clock.now()
        return last if last is not None and now - last.at <= UNDO_SECONDS else None

    def purge(self) -> int:
        """Delete learned state that can no longer be restored."""
        return self.store.purge(self.engine.clock.now() - UNDO_SECONDS)


def change_sentence(one: Relearned) -> str:
    """Write a change in words: `latency of payment POST /pay: 41 ms expected, 560 ms from now on`."""
    before, after = written(one.family, one.before), written(one.family, one.after)
    return f"{one.family} of {_where(one.series)}: {before} expected, {after} from now on"


def _where(series: Labels) -> str:
    if value_of(series, names.CALLER):
        return f"{value_of(series, names.CALLER)} → {value_of(series, names.CALLEE)}"
    parts = (value_of(series, one) for one in (names.SERVICE, names.METHOD, names.ROUTE))
    return " ".join(one for one in parts if one)
