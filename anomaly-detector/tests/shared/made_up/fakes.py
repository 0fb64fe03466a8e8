"""Sources of telemetry that are made up, as the ports describe them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from aiops.model import (
    Edge,
    Labels,
    Population,
    PopulationKind,
    Selector,
    SeriesBlock,
    Span,
    SpanKind,
    Trace,
    TraceQuery,
    TraceSummary,
    Unread,
    Verdict,
    Window,
    labels,
    names,
)
from aiops.model.errors import SourceError
from aiops.sources.common import bounds, spans

NOW = 1_795_253_700.0


@dataclass
class FakeClock:
    at: float = NOW

    def now(self) -> float:
        return self.at


@dataclass
class Route:
    """Traffic of one route: requests a second, share of failures, mean seconds."""

    service: str
    method: str
    route: str
    rate: float = 2.0
    errors: float = 0.0
    seconds: float = 0.04


@dataclass
class FakeMetrics:
    """The same traffic in every step."""

    clock: FakeClock
    routes: list[Route] = field(default_factory=list)
    asked: list[Selector] = field(default_factory=list)
    silent_for: float = 2.0
    broken: bool = False

    def window(self, selectors: Sequence[Selector], window: Window, step: float) -> SeriesBlock:
        if self.broken:
            raise SourceError("the telemetry store does not answer: disk full; make room")
        self.asked = list(selectors)
        ends = np.arange(window.start + step, window.end + step / 2, step)
        rows = [row for selector in selectors for row in self._rows(selector, step)]
        values = np.array([np.full(len(ends), value) for _, value in rows]).reshape(len(rows), len(ends))
        return SeriesBlock(tuple(series for series, _ in rows), ends, step, values)

    def complete_until(self) -> float | None:
        return self.newest()

    def newest(self) -> float | None:
        if self.broken:
            raise SourceError("the telemetry store does not answer: disk full; make room")
        return self.clock.at - self.silent_for if self.routes else None

    def _rows(self, selector: Selector, step: float) -> list[tuple[Labels, float]]:
        out: list[tuple[Labels, float]] = []
        for one in self.routes:
            count = one.rate * step
            of = {"service": one.service, "route": one.route, "method": one.method}
            if names.CALLER in selector.by or dict(selector.where).get("service", one.service) != one.service:
                continue
            if selector.name == names.TELEMETRY:
                out.append((labels(name=selector.name, service=one.service), count))
            elif names.STATUS_CODE in selector.by:
                out.append((labels(name=selector.name, http_status="200", **of), round(count * (1 - one.errors))))
                out.append((labels(name=selector.name, http_status="500", **of), round(count * one.errors)))
            elif selector.name == names.BUCKET:
                for bound in (*names.DURATION_BOUNDS, float("inf")):
                    below = count if bound >= one.seconds else 0.0
                    out.append((labels(name=selector.name, le=str(bound), **of), below))
            elif selector.name in (names.REQUESTS, names.ERRORS, names.DURATION):
                factor = {names.REQUESTS: 1.0, names.ERRORS: one.errors, names.DURATION: one.seconds}[selector.name]
                out.append((labels(name=selector.name, **of), count * factor))
        if selector.name == "queue.depth":
            out.append((labels(name="queue.depth", **dict.fromkeys(selector.by, "a")), float("nan")))
        return out


@dataclass
class FakeTraces:
    known: dict[str, Trace] = field(default_factory=dict)
    store: str = "a made-up store"
    asked: list[Population] = field(default_factory=list)
    searched: list[TraceQuery] = field(default_factory=list)
    refusal: Unread | Exception | None = None
    while_asked: Callable[[Population], None] | None = None

    most_found = 300

    def search(self, query: TraceQuery, window: Window, limit: int, evenly: bool = False) -> list[TraceSummary]:
        """The newest of all known traces that match."""
        if isinstance(self.refusal, Exception):
            raise self.refusal
        self.searched.append(query)
        found = [
            spans.summary(one, span)
            for one in self.known.values()
            if (span := query.found(each for each in one.spans if window.start < each.end <= window.end))
        ]
        return sorted(found, key=lambda one: (-one.found.end, one.trace_id))[:limit]

    def traces(self, ids: Sequence[str]) -> list[Trace]:
        return [self.known[one] for one in ids if one in self.known]

    def populations(self, wanted: Sequence[Population]) -> list[list[Trace] | Unread]:
        return [self._drawn(one) for one in wanted]

    def _drawn(self, wanted: Population) -> list[Trace] | Unread:
        """All known traces of a population, ordered by their ids."""
        self.asked.append(wanted)
        if self.while_asked is not None:
            self.while_asked(wanted)
        if isinstance(self.refusal, Unread):
            return self.refusal
        if self.refusal is not None:
            raise self.refusal
        ids = sorted(one.trace_id for one in self.known.values() if any(_is_of(wanted, span) for span in one.spans))
        return [self.known[one] for one in ids[: wanted.limit]]

    def described(self, wanted: Population) -> str:
        return f"{wanted.kind} traces of {wanted.service}"

    def spans(self, window: Window, most: int) -> tuple[list[Span], bool]:
        inside = [one for trace in self.known.values() for one in trace.spans if window.start < one.end <= window.end]
        bounds.check_spans(len(inside), most)
        return inside, True


def _is_of(wanted: Population, span: Span) -> bool:
    """Whether a population is drawn by a served request; kinds by length are not told apart."""
    served = span.kind in (SpanKind.SERVER, SpanKind.CONSUMER) and span.service == wanted.service
    inside = wanted.window.start < span.end <= wanted.window.end and span.goes_by(wanted.route)
    return served and inside and (wanted.kind == PopulationKind.ANY or span.failed == (wanted.kind == "failed"))


@dataclass
class FakeTopology:
    known: list[Edge] = field(default_factory=list)

    def edges(self, window: Window) -> list[Edge]:
        return self.known


@dataclass
class FakeVerdicts:
    recorded: list[Verdict] = field(default_factory=list)

    def record(self, verdicts: Sequence[Verdict]) -> None:
        self.recorded.extend(verdicts)

    def history(self, service: str, route: str, window: Window, most: int = 0, every: float = 0.0) -> list[Verdict]:
        wanted = {("service", service)} | ({("route", route)} if route else set())
        return [one for one in self.recorded if wanted <= set(one.series) and window.start < one.at <= window.end]

    def latest(self, window: Window, most: int = 0) -> list[Verdict]:
        inside = [one for one in self.recorded if window.start < one.at <= window.end]
        return list({(one.series, one.family): one for one in sorted(inside, key=lambda one: one.at)}.values())

    def of(self, series: Sequence[Labels], window: Window, most: int = 0) -> list[Verdict]:
        return [one for one in self.recorded if one.series in series and window.start < one.at <= window.end]
