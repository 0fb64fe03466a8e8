"""The whole engine over the embedded source, in virtual time, fed by a model of services whose truth is known."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiops.engine import Cycle, Engine, Pace
from aiops.engine.objectives import Budgets
from aiops.model import Incident
from aiops.slo import Objectives
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.store import Rings, SqlIncidents, SqlObjectives
from aiops.testing import GivenClock, Sources, assemble, empty_store
from shop.virtual.stream import Slice

STEP = 15.0
EVERYTHING = 10_000
BACKFILL = 3600.0
AT_ONCE = 10
"""Steps that are judged together while an engine only learns."""


@dataclass(slots=True)
class Rig:
    """One engine as `aiops up` builds it, but with a given clock, telemetry in memory, and no processes or ports."""

    clock: GivenClock
    source: EmbeddedSource
    store: SqlIncidents
    engine: Engine

    def take(self, slice_: Slice) -> None:
        """Take in what arrives in a slice; the next cycle judges it."""
        self.clock.time = slice_.end
        self.source.store.append(
            resources=slice_.resources, series=slice_.series, points=slice_.points, spans=slice_.spans
        )

    def live(self, slice_: Slice) -> Cycle:
        """Take in what arrives in a slice, and judge it at its end."""
        self.take(slice_)
        return self.engine.cycle()

    def learn(self, slices: Sequence[Slice]) -> None:
        """Live through slices in which nothing is wrong: some are judged together, which finds the same and is sooner
        done."""
        for number, slice_ in enumerate(slices, 1):
            if number % AT_ONCE and number < len(slices):
                self.take(slice_)
            else:
                self.live(slice_)

    def incidents(self) -> list[Incident]:
        """Every incident there ever was."""
        return self.store.page(limit=EVERYTHING)[0]


@contextmanager
def rig(
    start: float,
    step: float = STEP,
    retention_hours: float = 48.0,
    objectives: Objectives | None = None,
    on_disk: bool = False,
) -> Iterator[Rig]:
    """An engine that has learned nothing yet, at a Unix time; its telemetry is in memory, or on disk as it is for
    people."""
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as folder:
        clock = GivenClock(start)
        kept = EmbeddedSettings(lateness_seconds=0.0, retention_hours=retention_hours)
        if on_disk:
            kept = replace(kept, path=str(Path(folder) / "telemetry.duckdb"))
        source = EmbeddedSource(kept, clock)
        store = empty_store(Path(folder))
        more = {} if objectives is None else {"budgets": _budgets(objectives, Path(folder), source, store)}
        engine = assemble(Path(folder), Sources.of(source), clock, store, pace=Pace(step, BACKFILL), **more)
        try:
            yield Rig(clock, source, store, engine)
        finally:
            source.close()
            store.close()


def _budgets(objectives: Objectives, folder: Path, source: EmbeddedSource, store: SqlIncidents) -> Budgets:
    kept = SqlObjectives(store.database)
    return Budgets(objectives, source.metrics, kept, Rings(folder / "objectives.npz"), BACKFILL)
