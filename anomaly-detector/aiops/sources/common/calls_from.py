"""Two sources of metrics as one."""

from collections.abc import Sequence
from typing import Protocol

from aiops.model import Oddity, OddityKind, Selector, SeriesBlock, Window, names
from aiops.ports import MetricSource, Senders


class Counting(MetricSource, Senders, Protocol):
    """A source of metrics that also knows peculiarities of its senders."""


class CallsFrom:
    """The metrics of one source, with the calls (requests as their callers saw them) of another source that has the
    spans."""

    def __init__(self, metrics: Counting, calls: Counting) -> None:
        self._metrics, self._calls = metrics, calls

    def oddities(self) -> Sequence[Oddity]:
        """Return the peculiarities of the metrics, and of the calls only those about rejections. Raises SourceError."""
        rejected = [one for one in self._calls.oddities() if one.kind == OddityKind.REJECTED]
        return sorted([*self._metrics.oddities(), *rejected])

    def window(self, selectors: Sequence[Selector], window: Window, step: float) -> SeriesBlock:
        """Answer selectors by caller from the source of calls, all others from the source of metrics. Raises
        SourceError."""
        edges = [one for one in selectors if names.CALLER in one.by]
        others = [one for one in selectors if names.CALLER not in one.by]
        block = self._metrics.window(others, window, step)
        return block.joined(self._calls.window(edges, window, step)) if edges else block

    def complete_until(self) -> float | None:
        """Return the time up to which the metrics may be judged."""
        return self._metrics.complete_until()

    def newest(self) -> float | None:
        """Return the end of the newest point of the metrics."""
        return self._metrics.newest()
