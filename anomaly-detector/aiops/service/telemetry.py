"""Telemetry: calls between services, verdicts and metrics over time, and traces."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiops.engine import Engine
from aiops.model import Labels, Selector, SeriesBlock, Span, Trace, Verdict, Window, names
from aiops.model.errors import NotFound
from aiops.sources.common import bounds

VALUES = 250_000
"""The most values in one answer: about 5 MB of JSON."""
MOST_VERDICTS = 50_000
SPANS = 5_000
"""The most spans in one answer: about 10 MB of JSON."""


@dataclass(slots=True)
class TelemetryService:
    """What the sources keep. Every method may raise SourceError."""

    engine: Engine

    def series(self, service: str, route: str, window: Window) -> list[Verdict]:
        """Return observed, expected, bounds and score of a route over time. Raises NotFound for a route never judged,
        TooMuch for more than MOST_VERDICTS."""
        found = self.engine.verdicts.history(service, route, window, MOST_VERDICTS)
        if not found:
            raise NotFound(f"nothing was judged for service {service!r}, route {route!r} in that time")
        return found

    def metric(self, name: str, by: Sequence[str], where: Labels, window: Window, step: float) -> SeriesBlock:
        """Return any OpenTelemetry metric that was received, on a grid. Raises TooMuch."""
        selector, steps = Selector(name, tuple(by), where, most=VALUES), int(window.seconds // step)
        if name in names.SIGNALS and steps > 1:
            # Requests are summed from many series: one step over the window shows how many rows the answer has.
            bounds.check_size(len(self.engine.metrics.window([selector], window, window.seconds).labels), steps, VALUES)
        return self.engine.metrics.window([selector], window, step)

    def trace(self, trace_id: str) -> Trace:
        """Return a trace by its id. Raises NotFound where it is unknown or no longer stored."""
        found = self.engine.traces.traces([trace_id])
        if not found:
            raise NotFound(f"there is no trace {trace_id}, or not any more")
        return found[0]

    def spans(self, window: Window) -> tuple[list[Span], bool]:
        """Return the spans that ended in a window, by their end, and whether these are all. Raises TooMuch for more
        than SPANS."""
        return self.engine.traces.spans(window, SPANS)

    def newest(self) -> float | None:
        """Return when telemetry last arrived, by its own timestamps; None before the first."""
        return self.engine.metrics.newest()
