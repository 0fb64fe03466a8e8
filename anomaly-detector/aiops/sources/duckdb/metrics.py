"""Metrics from the embedded store: the MetricSource."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from aiops.model import Labels, Oddity, Selector, SeriesBlock, Window, names
from aiops.model.arrays import Floats
from aiops.model.errors import SourceError
from aiops.sources.common.grid import Grid
from aiops.sources.common.rows import Requests, block, fits, labelled
from aiops.sources.duckdb import any_metric, served_metrics, served_spans
from aiops.sources.duckdb.any_metric import Metric
from aiops.sources.duckdb.arrivals import arrivals
from aiops.sources.duckdb.called import called
from aiops.sources.duckdb.lost import Told
from aiops.sources.duckdb.one_sided import metrics_one_sided, one_sided
from aiops.sources.duckdb.senders import StoreSenders
from aiops.sources.duckdb.store import Store

_REQUESTS: Final = (names.REQUESTS, names.ERRORS, names.DURATION, names.BUCKET)
_SERVED: Final = (names.SERVICE, names.ROUTE, names.METHOD)
_ANSWERED: Final = (*_SERVED, names.STATUS_CODE)
_CALLED: Final = (names.CALLER, names.CALLEE)
_SCOPES: Final = (_SERVED, _ANSWERED, _CALLED)

Rows = dict[Labels, Floats]


class EmbeddedMetrics:
    """Exact counts on a grid, from spans and raw points in DuckDB."""

    def __init__(self, store: Store, lateness_seconds: float) -> None:
        self._store = store
        self._lateness = lateness_seconds
        self._senders = StoreSenders(store)

    def window(self, selectors: Sequence[Selector], window: Window, step: float) -> SeriesBlock:
        """Answer all selectors on the grid window.start + k * step; a remainder shorter than a step is left out.

        Every row has all labels of `by`, "" where a request or series has none. Raises SourceError.
        """
        grid = Grid.over(window, step)
        rows: Rows = {}
        if grid.steps:
            for scope in _SCOPES:
                asked = [one for one in selectors if one.name in _REQUESTS and _scope(one) is scope]
                if asked:
                    found = self._requests(scope, grid, any(one.name == names.BUCKET for one in asked))
                    for selector in asked:
                        rows.update(found.chosen(scope, selector).rows(selector.name, selector.by))
            for selector in selectors:
                if selector.name not in _REQUESTS:
                    rows.update(self._other(selector, grid))
        return block(rows, grid, step)

    def complete_until(self) -> float | None:
        """Return the time up to which data may be judged: newest point minus allowed lateness; None before the
        first."""
        reached = self._store.reached()
        return None if reached is None else reached - self._lateness

    def newest(self) -> float | None:
        """Return the end time of the newest span or point that arrives now; None before the first."""
        return self._store.newest()

    def catalog(self) -> list[Metric]:
        """Return the stored metrics, by name. Raises SourceError."""
        return any_metric.catalog(self._store)

    def oddities(self) -> Sequence[Oddity]:
        """Return what is peculiar about the telemetry of services, by service. Raises SourceError."""
        return self._senders.oddities()

    def _requests(self, scope: tuple[str, ...], grid: Grid, buckets: bool) -> Requests:
        if scope is _CALLED:
            return self._sure(called(self._store, scope, grid), Told.CALLED, grid)
        reporters = served_metrics.reporters(self._store)
        out = self._sure(served_spans.served(self._store, scope, grid, without=reporters), Told.SERVED, grid)
        if reporters:
            counted = served_metrics.served(self._store, scope, grid, buckets, self._senders)
            out.add(self._sure(counted, Told.POINT, grid))
        return out

    def _sure(self, found: Requests, told: Told, grid: Grid) -> Requests:
        """Return the requests without those of which one side may have been rejected."""
        missing = one_sided(self._store, told, grid, self._lateness)
        if missing.steps:
            found.unjudged(missing.of)
            self._senders.lost(missing, grid)
        return found

    def _other(self, selector: Selector, grid: Grid) -> Rows:
        if selector.name == names.TELEMETRY:
            if selector.by != (names.SERVICE,):
                raise SourceError(f"telemetry is counted by service, not by {selector.by}")
            found = arrivals(self._store, grid)
            rows = {labelled(selector.name, {names.SERVICE: service}): row for service, row in found.items()}
            return {of: row for of, row in rows.items() if fits(of, selector.where)}
        if selector.name == names.LOST:
            lost = metrics_one_sided(self._store, grid, self._lateness)
            return {
                labelled(names.LOST, {names.METRIC: metric, names.SERVICE: service}): np.where(odd, 1.0, np.nan)
                for (metric, service), odd in lost.items()
            }
        answered = any_metric.values(self._store, selector.name, selector.by, selector.where, grid, selector.most)
        return {labelled(selector.name, dict(zip(selector.by, key, strict=True))): row for key, row in answered.items()}


def _scope(selector: Selector) -> tuple[str, ...]:
    """Return the labels by which requests are counted before they are summed. Raises SourceError."""
    wanted = {*selector.by, *(name for name, _ in selector.where)}
    for scope in _SCOPES:
        if selector.by and wanted <= set(scope):
            return scope
    raise SourceError(
        f"requests are counted by {', '.join(_ANSWERED)} or by {', '.join(_CALLED)}, not by {', '.join(sorted(wanted))}"
    )
