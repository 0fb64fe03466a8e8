"""The engine's own metrics, for Prometheus to scrape, and its own traces."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

from aiops import __version__
from aiops.model import ActionState, Oddity, Transition, names
from aiops.model import own_metrics as own
from aiops.observability.drill_gauges import DrillGauges
from aiops.observability.gauges import BudgetGauges, IncidentGauges

FLUSH_MILLISECONDS = 3000
EXPORT_MILLISECONDS = 15_000
OUTCOMES = ("firing", "resolved", "known", "refused", "truncated", "dropped", "mended")
SOURCES = ("metrics", "traces", "topology", "verdicts")
REMEMBERED: Final = 240
"""Cycles whose times are remembered."""


@dataclass(frozen=True, slots=True)
class CycleTimes:
    """How long a cycle took, and each of its phases, in seconds; `failed`: it ended with an error."""

    seconds: float
    phases: tuple[tuple[str, float], ...]
    failed: bool


class Telemetry:
    """One registry per engine. The names are those of `aiops_*` on /metrics. With `traces_url`, each cycle is a trace
    with a span for each of its phases."""

    def __init__(self, traces_url: str = "") -> None:
        self.registry = CollectorRegistry()
        self._provider = _provider(traces_url) if traces_url else None
        self._tracer = (self._provider or trace.NoOpTracerProvider()).get_tracer("aiops")
        self._seconds: Histogram = self._made(own.CYCLE_DURATION)
        self._failures: Counter = self._made(own.CYCLE_FAILURES)
        self._failed: Counter = self._made(own.SOURCE_FAILURES)
        self._up: Gauge = self._made(own.SOURCE_UP)
        self.dropped: Counter = self._made(own.SERIES_DROPPED)
        self.budgets = BudgetGauges()
        self.registry.register(self.budgets)
        self.incidents = IncidentGauges()
        self.registry.register(self.incidents)
        self.drills = DrillGauges()
        self.registry.register(self.drills)
        self._about: Info = self._made(own.ENGINE)
        for source in SOURCES:
            self._failed.labels(source)
            self._up.labels(source).set(1)
        self.interval: Gauge = self._made(own.CYCLE_INTERVAL)
        self._at: Gauge = self._made(own.CYCLE_TIME)
        self._watermark: Gauge = self._made(own.WATERMARK)
        self._findings: Gauge = self._made(own.FINDINGS)
        self._events: Counter = self._made(own.INCIDENT_EVENTS)
        for transition in Transition:
            self._events.labels(str(transition))
        self.spans: Gauge = self._made(own.SPANS_ACCEPTED)
        self.points: Gauge = self._made(own.POINTS_ACCEPTED)
        self.faults: Gauge = self._made(own.RECEIVED_FAULTS)
        self.late: Gauge = self._made(own.LATE_ITEMS)
        self._oddities: Gauge = self._made(own.SENDER_ODDITY)
        self.alerts: Counter = self._made(own.ALERTS_RECEIVED)
        for outcome in OUTCOMES:
            self.alerts.labels(outcome)
        self.limited: Counter = self._made(own.REQUESTS_LIMITED)
        self.audit_rows: Gauge = self._made(own.AUDIT_ROWS)
        self.audit_head: Gauge = self._made(own.AUDIT_HEAD)
        self.tls: Counter = self._made(own.TLS_RELOADS)
        for outcome in ("taken", "refused"):
            self.tls.labels(outcome)
        self.posts: Counter = self._made(own.ALERTMANAGER_POSTS)
        self.notifications: Counter = self._made(own.NOTIFICATIONS)
        self.notifications_waiting: Gauge = self._made(own.NOTIFICATIONS_WAITING)
        self.notifications_failing: Gauge = self._made(own.NOTIFICATIONS_FAILING)
        self.actions: Counter = self._made(own.ACTIONS)
        for state in ActionState:
            self.actions.labels(str(state))
        self.times: deque[CycleTimes] = deque(maxlen=REMEMBERED)
        self.failing: dict[str, float] = {}  # sources that do not answer, and since when
        self._phases: list[tuple[str, float]] = []

    def _made(self, metric: own.OwnMetric) -> Any:
        """Create the instrument of a metric in this engine's registry."""
        given: dict[str, Any] = {"registry": self.registry}
        match metric.kind:
            case own.InstrumentKind.COUNTER:
                return Counter(metric.name, metric.help, metric.labels, **given)
            case own.InstrumentKind.GAUGE:
                return Gauge(metric.name, metric.help, metric.labels, **given)
            case own.InstrumentKind.HISTOGRAM:
                return Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, **given)
            case own.InstrumentKind.INFO:  # its labels are given with its values
                return Info(metric.name.removesuffix("_info"), metric.help, **given)

    def odd(self, oddities: Iterable[Oddity]) -> None:
        """Expose peculiarities of the telemetry of services."""
        self._oddities.clear()
        for one in oddities:
            self._oddities.labels(one.service, one.kind).set(1)

    def about(self, base_url: str) -> None:
        """Expose the address of the engine's pages."""
        self._about.info({"version": __version__, "url": base_url})
        self.incidents.base_url = base_url

    @contextmanager
    def cycle(self) -> Iterator[Callable[[Any], None]]:
        """Time one cycle; call what is yielded with its Cycle."""
        started, failed = time.perf_counter(), True
        self._phases = []
        try:
            with self._tracer.start_as_current_span("cycle"):
                yield self._done
            failed = False
        except Exception:
            self._failures.inc()
            raise
        finally:
            seconds = time.perf_counter() - started
            self._seconds.observe(seconds)
            self.times.append(CycleTimes(seconds, tuple(self._phases), failed))

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Record a part of a cycle as a span, and how long it took."""
        started = time.perf_counter()
        try:
            with self._tracer.start_as_current_span(name):
                yield
        finally:
            self._phases.append((name, time.perf_counter() - started))

    def close(self) -> None:
        """Send the remaining traces, within a short time limit."""
        if self._provider is not None:
            self._provider.force_flush(FLUSH_MILLISECONDS)
            self._provider.shutdown()

    def exposition(self) -> bytes:
        """Return the metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

    def _done(self, cycle: Any) -> None:
        span = trace.get_current_span()
        span.set_attributes({"aiops.findings": len(cycle.findings), "aiops.events": len(cycle.events)})
        if cycle.gaps:
            span.set_status(trace.StatusCode.ERROR, "; ".join(cycle.gaps))
        self._at.set(cycle.at)
        self._watermark.set(cycle.watermark or 0.0)
        for source in SOURCES:
            self._up.labels(source).set(source not in cycle.failed)
        for source in cycle.failed:
            self._failed.labels(source).inc()
        self.failing = {source: self.failing.get(source, cycle.at) for source in cycle.failed}
        counts: dict[str, int] = {"errors": 0, "latency": 0, "silence": 0}
        for finding in cycle.findings:
            counts[str(finding.family)] = counts.get(str(finding.family), 0) + 1
        for family, number in counts.items():
            self._findings.labels(family).set(number)
        for event in cycle.events:
            self._events.labels(str(event.transition)).inc()


def _provider(url: str) -> TracerProvider:
    # Imported only here: most engines send no traces.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({names.SERVICE_NAME: names.SELF, names.SERVICE_VERSION: __version__})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces", timeout=3)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=EXPORT_MILLISECONDS))
    return provider
