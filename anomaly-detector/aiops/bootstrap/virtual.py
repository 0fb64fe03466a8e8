"""An engine in virtual time: its clock goes from one slice of telemetry to the next. Nothing listens or notifies."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiops.bootstrap.assembly import assembled, budgets_of, calendar_of
from aiops.bootstrap.world import all_embedded
from aiops.config import Settings
from aiops.engine import Cycle, Engine
from aiops.model import Change, Delivery, Incident
from aiops.notify import Channel, Deliveries, Routing
from aiops.observability.telemetry import Telemetry
from aiops.process.folder import DataFolder
from aiops.sources.duckdb.staged import StagedSlice
from aiops.sources.embedded import EmbeddedSource
from aiops.store import SqlEscalations, SqlIncidents, SqlOutbox, open_store

EVERYTHING = 100_000
HOUR = 3600.0


@dataclass(slots=True)
class VirtualClock:
    """A clock that stands still until it is set; Unix seconds."""

    time: float

    def now(self) -> float:
        """Return the time that was set."""
        return self.time


class _Nobody:
    """Takes announcements of what is long past, so that no later engine sends them."""

    def send(self, _one: Delivery) -> None:
        """Tell nobody."""


def _nobody(store: SqlIncidents) -> Deliveries:
    outbox, escalations = SqlOutbox(store.database), SqlEscalations(store.database)
    return Deliveries(outbox, escalations, Routing(always=("nobody",)), [Channel("nobody", "nobody", _Nobody())])


@dataclass(slots=True)
class VirtualEngine:
    """An engine as `aiops up` builds it. `changes` are told to it at their times."""

    clock: VirtualClock
    source: EmbeddedSource
    store: SqlIncidents
    engine: Engine
    deliveries: Deliveries
    retention_seconds: float
    changes: Sequence[Change] = ()
    _dropped_at: float = field(default=0.0)

    def live(self, slice_: StagedSlice) -> Cycle:
        """Take in what arrives in a slice, and judge it at its end. Raises SourceError or StoreError."""
        before, self.clock.time = self.clock.time, slice_.end
        for one in self.changes:
            if before < one.at <= slice_.end:
                self.store.record_change(one)
        self.source.store.append(
            resources=slice_.resources, series=slice_.series, points=slice_.points, spans=slice_.spans
        )
        cycle = self.engine.cycle()
        if cycle.watermark is not None:
            self.source.judged(cycle.watermark)
        if slice_.end - self._dropped_at >= HOUR:
            self._dropped_at = slice_.end
            self.source.store.drop_before(slice_.end - self.retention_seconds)
            self.engine.expire()
        while self.deliveries.round(self.clock.time):
            pass
        return cycle

    def incidents(self) -> list[Incident]:
        """Return every incident, oldest first."""
        return self.store.page(limit=EVERYTHING)[0][::-1]


@contextmanager
def in_virtual_time(settings: Settings, start: float, changes: Sequence[Change] = ()) -> Iterator[VirtualEngine]:
    """Build an engine that has learned nothing yet, at a Unix time, on stores in `settings.data_dir`.

    It waits for nothing that is late, because telemetry arrives by its own time. Raises SourceError, StoreError,
    CannotStart or FolderError.
    """
    settings = settings.model_copy(update={"lateness_seconds": 0.0})
    clock = VirtualClock(start)
    folder = DataFolder(settings.data_dir)
    try:
        calendar = calendar_of(settings)
        world = all_embedded(settings, clock)
        try:
            store = SqlIncidents(open_store(f"sqlite:///{settings.data_dir / 'incidents.sqlite'}"))
            try:
                budgets = budgets_of(settings, world, store)
                engine = assembled(settings, world, store, clock, Telemetry(), calendar=calendar, budgets=budgets)
                assert world.embedded is not None
                yield VirtualEngine(
                    clock,
                    world.embedded,
                    store,
                    engine,
                    _nobody(store),
                    settings.retention_hours * HOUR,
                    changes,
                    start,
                )
            finally:
                store.close()
        finally:
            world.close()
    finally:
        folder.release()
