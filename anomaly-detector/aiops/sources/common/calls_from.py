"""Two sources of metrics as one."""

from collections.abc import Sequence

from aiops import names
from aiops.model import Selector, SeriesBlock, Window
from aiops.ports import MetricSource


class CallsFrom:
    """Metrics of one source, but requests as their callers saw them from another: the one that has the spans."""

    def __init__(self, metrics: MetricSource, calls: MetricSource) -> None:
        self._metrics, self._calls = metrics, calls

    def window(self, selectors: Sequence[Selector], window: Window, step: float) -> SeriesBlock:
        edges = [one for one in selectors if names.CALLER in one.by]
        others = [one for one in selectors if names.CALLER not in one.by]
        block = self._metrics.window(others, window, step)
        return block.joined(self._calls.window(edges, window, step)) if edges else block

    def complete_until(self) -> float | None:
        return self._metrics.complete_until()

    def newest(self) -> float | None:
        return self._metrics.newest()
