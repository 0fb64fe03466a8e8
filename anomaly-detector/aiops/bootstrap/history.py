"""Stored metrics to look back on, without an engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aiops.bootstrap.application import SystemClock
from aiops.http import Endpoint
from aiops.ports import MetricSource
from aiops.sources.duckdb.metrics import EmbeddedMetrics
from aiops.sources.duckdb.store import Store
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.metrics import PrometheusMetrics

MEMORY: Final = "512MB"


@contextmanager
def prometheus_history(url: str) -> Iterator[MetricSource]:
    """Open the metrics of a Prometheus. Using them raises SourceError."""
    api = PrometheusClient(Endpoint(name="Prometheus", url=url))
    try:
        yield PrometheusMetrics(api, SystemClock(), 0.0)
    finally:
        api.close()


@contextmanager
def left_by_engine(data_dir: Path) -> Iterator[MetricSource]:
    """Open the metrics in the data folder of an engine that does not run. Raises SourceError."""
    store = Store(str(data_dir / "telemetry.duckdb"), SystemClock().now, MEMORY, read_only=True)
    try:
        yield EmbeddedMetrics(store, 0.0)
    finally:
        store.close()
