"""A whole engine on given sources, with a real incident store in a folder."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiops.engine import Engine
from aiops.observability.telemetry import Telemetry
from aiops.ports import Clock, MetricSource, TopologySource, TraceSource, VerdictStore
from aiops.sources.embedded import EmbeddedSource
from aiops.store import Snapshots, SqlIncidents, open_store

STORE = "incidents.sqlite"
SNAPSHOT = "learned.npz"


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of an engine, and the store of its verdicts."""

    metrics: MetricSource
    traces: TraceSource
    topology: TopologySource
    verdicts: VerdictStore

    @classmethod
    def of(cls, source: EmbeddedSource) -> "Sources":
        """Use the embedded source for all four."""
        return cls(source.metrics, source.traces, source.topology, source.verdicts)


def assemble(
    folder: Path, sources: Sources, clock: Clock, store: SqlIncidents, fingerprint: str = "test", **more: Any
) -> Engine:
    """Build an engine that stores its learned state in a folder. `more`: further fields of `Engine`, such as pace and
    budgets."""
    given: dict[str, Any] = {"telemetry": Telemetry(), **more}
    return Engine(
        metrics=sources.metrics,
        traces=sources.traces,
        topology=sources.topology,
        verdicts=sources.verdicts,
        store=store,
        snapshots=Snapshots(folder / SNAPSHOT, fingerprint),
        clock=clock,
        **given,
    )


def empty_store(folder: Path) -> SqlIncidents:
    """Open the incident store of a folder. A new store is a copy with tables, because creating tables takes half a
    second."""
    file = folder / STORE
    if not file.exists():
        file.write_bytes(_empty())
    return SqlIncidents(open_store(f"sqlite:///{file}"))


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / STORE
        open_store(f"sqlite:///{file}").dispose()
        return file.read_bytes()
