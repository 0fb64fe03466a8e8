"""Peculiarities of the telemetry of services: one identity for several processes, or nothing that is understood."""

from typing import Final

from aiops.model import Oddity, much_rejected, names, not_understood, shared_identity
from aiops.sources.common.grid import NANO, Grid
from aiops.sources.duckdb.columns import texts
from aiops.sources.duckdb.counters import Grown
from aiops.sources.duckdb.one_sided import OneSided
from aiops.sources.duckdb.partitions import POINTS, SPANS
from aiops.sources.duckdb.schema import Kind
from aiops.sources.duckdb.store import Store

LATELY_SECONDS: Final = 600.0
EVERY: Final = 60.0
"""Seconds, in the time of the telemetry, for which an answer about metrics is reused."""
NOW_SECONDS: Final = 60.0
_METRICS: Final = ", ".join(f"'{metric}'" for metric in names.SERVER_DURATION_METRICS)
_COUNTED: Final = f"bool_or(se.metric IN ({_METRICS}) AND se.kind = {int(Kind.HISTOGRAM)})"


class StoreSenders:
    """Remembers until when each service shared an identity, or had many rejections, in the time of the telemetry."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._shared: dict[str, tuple[float, bool]] = {}
        self._unknown: list[Oddity] = []
        self._asked = float("-inf")
        self._lost: dict[str, tuple[float, tuple[str, ...]]] = {}

    def saw(self, grown: Grown, services: dict[int, str], until: float) -> None:
        """Take in which resources several processes share, as counted up to a time (Unix seconds)."""
        for resource in grown.shared:
            self._shared[services[resource]] = (until, resource in grown.lost)

    def lost(self, missing: OneSided, grid: Grid) -> None:
        """Take in which services had too many rejections in the steps of a grid."""
        for key, odd in missing.steps.items():
            until = float(grid.ends_ns[odd].max()) / NANO
            if until >= self._lost.get(key[0], (0.0, ()))[0]:
                self._lost[key[0]] = until, missing.reasons[key[0]]

    def oddities(self) -> list[Oddity]:
        """Return the peculiarities, by service. Raises SourceError."""
        newest = self._store.newest()
        if newest is None:
            return []
        if not 0 <= newest - self._asked < EVERY:
            self._unknown, self._asked = self._ask(newest), newest
        found = [
            shared_identity(service, lost)
            for service, (until, lost) in sorted(self._shared.items())
            if until > newest - LATELY_SECONDS
        ]
        found += [
            much_rejected(service, reasons)
            for service, (until, reasons) in list(self._lost.items())
            if until > newest - NOW_SECONDS
        ]
        return sorted([*found, *self._unknown])

    def _ask(self, newest: float) -> list[Oddity]:
        """Return services that recently sent metrics but no spans, and never a duration of requests served."""
        start, end = int((newest - LATELY_SECONDS) * 1e9), int((newest + LATELY_SECONDS) * 1e9)
        found = self._store.query(
            lambda partitions: (
                f"""
            WITH known AS (
                SELECT resource FROM {partitions.relation(SPANS, start, end)}
                UNION SELECT resource FROM series se GROUP BY resource HAVING {_COUNTED}
            ), candidates AS (
                SELECT se.id, se.metric, se.kind, r.service FROM series se JOIN resources r ON se.resource = r.id
                WHERE r.service <> '{names.SELF}'
                AND r.service NOT IN (SELECT r.service FROM known JOIN resources r ON known.resource = r.id)
            )
            SELECT service, metric FROM candidates
            WHERE id IN (SELECT series FROM {partitions.relation(POINTS, start, end)} SEMI JOIN candidates ON
                series = candidates.id)
            GROUP BY service, metric ORDER BY service, max(kind) DESC, metric"""
            )
        )
        metrics: dict[str, list[str]] = {}
        for service, metric in zip(texts(found, "service"), texts(found, "metric"), strict=True):
            metrics.setdefault(service, []).append(metric)
        return [one for service, these in metrics.items() if (one := not_understood(service, these))]
