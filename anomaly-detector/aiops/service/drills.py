"""Drills: faults that people cause on purpose, and whether the engine found them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Final

from aiops.engine import Engine
from aiops.incidents.drills import judged
from aiops.model import Actor, AuditEntry, Drill, DrillResult, DrillWanted, Incident, TimelineEntry
from aiops.model.errors import NotFound, NotPossible
from aiops.store import SqlDrills, SqlIncidents

TOLD: Final = "drill"
"""What a timeline calls the entry about a drill."""
EXPOSED: Final = 1000


@dataclass(slots=True)
class DrillService:
    """Drills. Every method may raise StoreError."""

    engine: Engine
    store: SqlDrills
    incidents: SqlIncidents

    def page(self, limit: int) -> list[Drill]:
        """Return drills, newest first."""
        return self.store.newest(limit)

    def get(self, id_: str) -> Drill:
        """Return one drill. Raises NotFound."""
        found = self.store.get(id_)
        if found is None:
            raise NotFound(f"there is no drill {id_}")
        return found

    def begin(self, wanted: DrillWanted, by: Actor) -> Drill:
        """Store that a fault is caused now, or why it is not. Raises NotPossible while another drill runs, because
        nobody could tell whose fault an incident is of."""
        with self.engine.lock:
            now = self.engine.clock.now()
            others = [one for one in self.store.open() if one.result == DrillResult.RUNNING]
            if others and not wanted.skipped:
                raise NotPossible(f"the drill {others[0].name} ({others[0].id}) runs; one runs at a time")
            drill = Drill(
                id=f"drill-{token_hex(4)}",
                name=wanted.name,
                service=wanted.service,
                kind=wanted.kind,
                within=wanted.within,
                lasts=wanted.lasts,
                who=by.name,
                started=now,
                ended=now if wanted.skipped else None,
                result=DrillResult.SKIPPED if wanted.skipped else DrillResult.RUNNING,
                incident="",
                detected=None,
                text=wanted.skipped,
            )
            what = "skip drill" if wanted.skipped else "begin drill"
            self.store.begin(drill, _entry(drill, now, by, what, drill.text))
        self.show()
        return drill

    def end(self, id_: str, failed: str, by: Actor) -> Drill:
        """Store that a fault was taken back; failed: why it could not be caused or taken back, "" where it was. Raises
        NotFound, and NotPossible where its end is known."""
        with self.engine.lock:
            before, now = self.get(id_), self.engine.clock.now()
            if before.ended is not None:
                raise NotPossible(f"{id_} has ended")
            after = replace(before, ended=now, text=failed or before.text)
            if failed and before.result == DrillResult.RUNNING:
                after = replace(after, result=DrillResult.FAILED)
            self.store.change(after, _entry(after, now, by, "end drill", failed))
        self.show()
        return after

    def judge(self) -> None:
        """Look for the incidents that running drills expect, and say in their timelines that they are drills. To be
        called after each cycle."""
        with self.engine.lock:
            running = self.store.running()
            if not running:
                return
            now = self.engine.clock.now()
            known = self._since(min(one.started for one in running))
            for drill in running:
                after = judged(drill, known, now)
                if after != drill:
                    self.store.change(after, incident=_marked(after, known, now))
        self.show()

    def show(self) -> None:
        """Put the results among the engine's own metrics."""
        self.engine.telemetry.drills.show(self.store.newest(EXPOSED), self.store.counts())

    def _since(self, start: float) -> list[Incident]:
        """Return the incidents that may have been detected since a time."""
        return [*self.incidents.active(), *self.incidents.resolved_since(start)]


def _marked(drill: Drill, incidents: Sequence[Incident], now: float) -> Incident | None:
    found = next((one for one in incidents if one.id == drill.incident), None)
    if found is None:
        return None
    entry = TimelineEntry(now, TOLD, f"expected by the drill {drill.name}, which {drill.who} began")
    return replace(found, timeline=(*found.timeline, entry))


def _entry(drill: Drill, at: float, by: Actor, what: str, why: str) -> AuditEntry:
    text = f"{drill.name}: {why}" if why else drill.name
    after = {"result": str(drill.result), "service": drill.service, "ended": drill.ended}
    return AuditEntry(at=at, by=by, what=what, subject=drill.id, text=text, after=after)
