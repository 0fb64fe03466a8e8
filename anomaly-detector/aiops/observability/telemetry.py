"""The engine's own metrics, for Prometheus to scrape, and its own traces."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

from aiops import __version__
from aiops.model import Oddity, Transition, names
from aiops.observability.gauges import BudgetGauges, IncidentGauges

FLUSH_MILLISECONDS = 3000
EXPORT_MILLISECONDS = 15_000
OUTCOMES = ("firing", "resolved", "known", "refused", "truncated", "dropped", "mended")
SOURCES = ("metrics", "traces", "topology", "verdicts")


class Telemetry:
    """One registry an engine. Names are those of `aiops_*` on /metrics. With `traces_url` each cycle is a trace, with a
    span for each of its phases."""

    def __init__(self, traces_url: str = "") -> None:
        self.registry = CollectorRegistry()
        self._provider = _provider(traces_url) if traces_url else None
        self._tracer = (self._provider or trace.NoOpTracerProvider()).get_tracer("aiops")
        self._seconds = Histogram(
            "aiops_cycle_duration_seconds",
            "Time one cycle takes",
            registry=self.registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )
        self._failures = Counter(names.CYCLE_FAILURES, "Cycles that raised an error", registry=self.registry)
        self._failed = Counter(
            "aiops_source_failures_total", "Cycles without an answer of a source", ["source"], registry=self.registry
        )
        self._up = Gauge(
            "aiops_source_up", "Whether a source answered the last cycle that asked", ["source"], registry=self.registry
        )
        self.dropped = Counter(
            "aiops_series_dropped_total",
            "Series left out, and what was counted as `other`, because there were too many",
            ["reason"],
            registry=self.registry,
        )
        self.budgets = BudgetGauges()
        self.registry.register(self.budgets)
        self.incidents = IncidentGauges()
        self.registry.register(self.incidents)
        self._about = Info("aiops_engine", "Which release this is, and where its pages are", registry=self.registry)
        for source in SOURCES:
            self._failed.labels(source)
            self._up.labels(source).set(1)
        self.interval = Gauge(names.CYCLE_INTERVAL, "Time from one cycle to the next", registry=self.registry)
        self._at = Gauge(names.CYCLE_TIME, "When the last cycle ended", registry=self.registry)
        self._watermark = Gauge(names.WATERMARK_TIME, "End of the last step judged", registry=self.registry)
        self._findings = Gauge("aiops_findings", "Series in trouble now", ["family"], registry=self.registry)
        self._events = Counter("aiops_incident_events_total", "Transitions", ["transition"], registry=self.registry)
        for transition in Transition:
            self._events.labels(str(transition))
        self.spans = Gauge("aiops_spans_accepted", "Spans accepted since the start", registry=self.registry)
        self.points = Gauge("aiops_points_accepted", "Metric points accepted since the start", registry=self.registry)
        self.faults = Gauge(
            "aiops_received_faults",
            "What was rejected, repaired or left out of what clients sent since the start, and connections given up",
            ["reason"],
            registry=self.registry,
        )
        self.late = Gauge("aiops_late_items", "Spans and points that came behind the watermark", registry=self.registry)

        self._oddities = Gauge(
            "aiops_sender_oddity", "What is odd about how a service sends", ["service", "kind"], registry=self.registry
        )
        self.alerts = Counter(
            "aiops_alerts_received_total", "Alerts that Alertmanager told of", ["outcome"], registry=self.registry
        )
        for outcome in OUTCOMES:
            self.alerts.labels(outcome)
        self.posts = Counter(
            "aiops_alertmanager_posts_total", "Posts to an Alertmanager", ["to", "outcome"], registry=self.registry
        )

    def odd(self, oddities: Iterable[Oddity]) -> None:
        """Say what is odd about the way in which services send."""
        self._oddities.clear()
        for one in oddities:
            self._oddities.labels(one.service, one.kind).set(1)

    def about(self, base_url: str) -> None:
        """Say where the engine's pages are."""
        self._about.info({"version": __version__, "url": base_url})
        self.incidents.base_url = base_url

    @contextmanager
    def cycle(self) -> Iterator[Callable[[Any], None]]:
        """Time one cycle; call what is yielded with its Cycle."""
        started = time.perf_counter()
        try:
            with self._tracer.start_as_current_span("cycle"):
                yield self._done
        except Exception:
            self._failures.inc()
            raise
        finally:
            self._seconds.observe(time.perf_counter() - started)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A part of a cycle, as a span."""
        with self._tracer.start_as_current_span(name):
            yield

    def close(self) -> None:
        """Send what is left of the traces, for a moment at most."""
        if self._provider is not None:
            self._provider.force_flush(FLUSH_MILLISECONDS)
            self._provider.shutdown()

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
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
        counts: dict[str, int] = {"errors": 0, "latency": 0, "silence": 0}
        for finding in cycle.findings:
            counts[str(finding.family)] = counts.get(str(finding.family), 0) + 1
        for family, number in counts.items():
            self._findings.labels(family).set(number)
        for event in cycle.events:
            self._events.labels(str(event.transition)).inc()


def _provider(url: str) -> TracerProvider:
    # Imported where it is needed: most engines send no traces.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({names.SERVICE_NAME: names.SELF, names.SERVICE_VERSION: __version__})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces", timeout=3)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=EXPORT_MILLISECONDS))
    return provider
