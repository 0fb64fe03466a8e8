"""Two sources of metrics as one."""

from collections.abc import Sequence
from typing import Protocol

from aiops.model import Oddity, OddityKind, Selector, SeriesBlock, Window, names
from aiops.ports import MetricSource, Senders


class Counting(MetricSource, Senders, Protocol):
    """A source that says what is odd about those who send to it."""


class CallsFrom:
    """Metrics of one source, but requests as their callers saw them from another: the one that has the spans."""

    def __init__(self, metrics: Counting, calls: Counting) -> None:
        self._metrics, self._calls = metrics, calls

    def oddities(self) -> Sequence[Oddity]:
        """What is odd about the metrics of the one; and whose calls were rejected by the other. Raises SourceError."""
        rejected = [one for one in self._calls.oddities() if one.kind == OddityKind.REJECTED]
        return sorted([*self._metrics.oddities(), *rejected])

    def window(self, selectors: Sequence[Selector], window: Window, step: float) -> SeriesBlock:
        edges = [one for one in selectors if names.CALLER in one.by]
        others = [one for one in selectors if names.CALLER not in one.by]
        block = self._metrics.window(others, window, step)
        return block.joined(self._calls.window(edges, window, step)) if edges else block

    def complete_until(self) -> float | None:
        return self._metrics.complete_until()

    def newest(self) -> float | None:
        return self._metrics.newest()
