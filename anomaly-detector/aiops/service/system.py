"""What an operator asks of the engine itself: whether it works, how fast, from what, what it leaves out, and what it is
set to."""

import platform
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final, TypeVar

from aiops import __version__
from aiops.config import Settings, shown_settings
from aiops.engine import Engine
from aiops.engine.objectives import Budgets
from aiops.model import iso
from aiops.model.errors import SourceError, StoreError
from aiops.observability.telemetry import SOURCES
from aiops.presentation.documents.system import (
    AuditEnd,
    Cap,
    ChannelStatus,
    CyclePhase,
    CycleStatus,
    Occurrence,
    OddService,
    Setting,
    SourceStatus,
    Storage,
    StoredFile,
    System,
    TelemetryStatus,
    Versions,
)
from aiops.service.health import HealthService
from aiops.service.operation import OperationService
from aiops.sources.common.caps import SAID
from aiops.sources.duckdb.opening import FORMAT
from aiops.sources.embedded import EmbeddedSource
from aiops.store import snapshot, tables

T = TypeVar("T")

LIBRARIES: Final = ("duckdb", "numpy", "pyarrow", "scipy", "SQLAlchemy", "Flask", "pydantic", "opentelemetry-sdk")
FILES: Final = {
    "incident store (SQLite)": "incidents.",
    "telemetry (DuckDB)": "telemetry.",
    "learned state (snapshot)": "learned.",
    "counts of objectives": "objectives.",
}
"""Prefixes of the names of files in the data folder."""
OUTSIDE: Final = "given by the program that runs this engine"
DROPPED: Final = {
    "verdicts": "verdicts that were not written to Prometheus (verdicts_limit)",
    "edges": "calls between services that were not written to Prometheus (verdicts_limit)",
}


@dataclass(frozen=True, slots=True)
class Installation:
    """What the engine is built on: the store behind each source of SOURCES, with its address but without credentials,
    and the engine's own source of telemetry, if it has one."""

    places: Mapping[str, str] = field(default_factory=dict)
    embedded: EmbeddedSource | None = None


@dataclass(slots=True)
class SystemService:
    """The engine, seen from outside. `started` is in Unix seconds."""

    engine: Engine
    operation: OperationService
    health: HealthService
    started: float
    installation: Installation = field(default_factory=Installation)
    channels: Callable[[], Sequence[ChannelStatus]] = tuple
    """Returns how each channel of notifications does."""

    def report(self, settings: Settings) -> System:
        """Return all of it. A source or store that does not answer is one of the facts."""
        readiness, now = self.operation.readiness(), self.engine.clock.now()
        budgets = self.engine.budgets
        problems = budgets.objectives.problems if isinstance(budgets, Budgets) else ()
        return System(
            now=iso(now),
            started=iso(self.started),
            ready=readiness.ready,
            reasons=list(readiness.reasons),
            notes=list(readiness.notes),
            sources=[self._source(one) for one in SOURCES],
            cycle=self._cycle(now),
            telemetry=self._telemetry(now),
            caps=list(self._caps(settings)),
            channels=list(_or_none(self.channels) or ()),
            storage=self._storage(settings),
            audit=AuditEnd(rows=ends[0], head=ends[1]) if (ends := _or_none(self.operation.audit_head)) else None,
            versions=_versions(),
            objective_problems=[str(one) for one in problems],
            settings=[
                Setting(key=one.key, value=one.value, origin=one.origin, meaning=one.meaning, variable=one.variable)
                for one in shown_settings(settings)
            ],
        )

    def _source(self, name: str) -> SourceStatus:
        since = self.engine.telemetry.failing.get(name)
        return SourceStatus(
            source=name,
            store=self.installation.places.get(name, OUTSIDE),
            answers=since is None,
            failing_since=_time(since),
        )

    def _cycle(self, now: float) -> CycleStatus:
        last, times, interval = self.engine.last, list(self.engine.telemetry.times), self.engine.pace.step
        watermark = last.watermark if last else None
        newest = times[-1] if times else None
        return CycleStatus(
            ended=_time(last.at if last else None),
            seconds=round(newest.seconds, 4) if newest else None,
            interval_seconds=interval,
            phases=[CyclePhase(name=name, seconds=round(took, 4)) for name, took in newest.phases] if newest else [],
            watermark=_time(watermark),
            behind_seconds=None if watermark is None else round(now - watermark, 1),
            measured=len(times),
            overruns=sum(one.seconds > interval for one in times),
            failures=sum(one.failed for one in times),
            gaps=list(last.gaps) if last else [],
        )

    def _telemetry(self, now: float) -> TelemetryStatus:
        newest = _or_none(self.engine.metrics.newest)
        services = _or_none(self.health.services)
        embedded = self.installation.embedded
        stats = _or_none(embedded.stats) if embedded is not None else None
        faults = embedded.store.reasons() if embedded is not None else {}
        return TelemetryStatus(
            newest=_time(newest),
            age_seconds=None if newest is None else round(now - newest, 1),
            services=None if services is None else len(services),
            spans=stats.accepted_spans if stats else None,
            points=stats.accepted_points if stats else None,
            late=stats.late_spans + stats.late_points if stats else None,
            duplicates=stats.duplicate_spans + stats.duplicate_points if stats else None,
            rejected=stats.rejected_spans + stats.rejected_points if stats else None,
            faults=[Occurrence(reason=reason, count=count) for reason, count in sorted(faults.items())],
            oddities=[OddService(service=one.service, text=one.text) for one in self.engine.oddities],
        )

    def _caps(self, settings: Settings) -> Iterator[Cap]:
        overflow = self.operation.overflow
        for name, meaning in SAID.items():
            key = f"{name}_limit"
            yield Cap(
                setting=key,
                most=getattr(settings, key),
                exceeded=overflow.counts.get(name, 0),
                last=_time(overflow.last.get(name)),
                meaning=meaning,
            )
        if settings.prometheus.url:
            for name, meaning in DROPPED.items():
                count = sum(
                    sample.value
                    for family in self.engine.telemetry.dropped.collect()
                    for sample in family.samples
                    if sample.labels.get("reason") == name and sample.name.endswith("_total")
                )
                yield Cap(
                    setting="verdicts_limit",
                    most=settings.verdicts_limit,
                    exceeded=int(count),
                    last=None,
                    meaning=meaning,
                )

    def _storage(self, settings: Settings) -> Storage:
        folder, embedded = self.engine.snapshots.folder, self.installation.embedded
        try:
            found = [(one.name, one.stat().st_size) for one in folder.iterdir() if one.is_file()]
            disk = shutil.disk_usage(folder)
        except OSError:  # the folder is made by the first save, or it went away: its files are unknown
            found, disk = [], None
        sizes = {name: sum(size for file, size in found if file.startswith(of)) for name, of in FILES.items()}
        stats = _or_none(embedded.stats) if embedded is not None else None
        if stats is not None and not sizes["telemetry (DuckDB)"]:
            sizes["telemetry (DuckDB, in memory)"] = stats.bytes
        return Storage(
            folder=str(folder),
            files=[StoredFile(name=name, bytes=size) for name, size in sizes.items() if size],
            free_bytes=disk.free if disk else None,
            disk_bytes=disk.total if disk else None,
            retention_hours=settings.retention_hours if embedded is not None else None,
        )


def _versions() -> Versions:
    return Versions(
        engine=__version__,
        python=platform.python_version(),
        incident_store=tables.HEAD,
        telemetry_store=FORMAT,
        learned_state=str(snapshot.SNAPSHOT_FORMAT),
        libraries={name: version(name) for name in LIBRARIES},
    )


def _time(at: float | None) -> str | None:
    return None if at is None else iso(at)


def _or_none(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except (SourceError, StoreError):  # readiness says so in words
        return None
