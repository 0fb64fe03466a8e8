"""The engine's own metrics, for Prometheus to scrape."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Telemetry:
    """One registry an engine. Names are those of `aiops_*` on /metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "aiops_cycle_duration_seconds",
            "Time one cycle takes",
            registry=self.registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )
        self._failures = Counter("aiops_cycle_failures_total", "Cycles that raised an error", registry=self.registry)
        self._gaps = Counter(
            "aiops_source_failures_total", "Cycles without an answer of a source", registry=self.registry
        )
        self._at = Gauge("aiops_cycle_timestamp_seconds", "When the last cycle ended", registry=self.registry)
        self._watermark = Gauge(
            "aiops_watermark_timestamp_seconds", "End of the last step judged", registry=self.registry
        )
        self._findings = Gauge("aiops_findings", "Series in trouble now", ["family"], registry=self.registry)
        self._events = Counter("aiops_incident_events_total", "Transitions", ["transition"], registry=self.registry)
        self.spans = Gauge("aiops_spans_accepted", "Spans accepted since the start", registry=self.registry)
        self.points = Gauge("aiops_points_accepted", "Metric points accepted since the start", registry=self.registry)
        self.late = Gauge("aiops_late_items", "Spans and points that came behind the watermark", registry=self.registry)

        self.alerts = Counter(
            "aiops_alerts_received_total", "Alerts that Alertmanager told of", ["outcome"], registry=self.registry
        )
        self.posts = Counter(
            "aiops_alertmanager_posts_total", "Posts to an Alertmanager", ["to", "outcome"], registry=self.registry
        )

    @contextmanager
    def cycle(self) -> Iterator[Callable[[Any], None]]:
        """Time one cycle; call what is yielded with its Cycle."""
        started = time.perf_counter()
        try:
            yield self._done
        except Exception:
            self._failures.inc()
            raise
        finally:
            self._seconds.observe(time.perf_counter() - started)

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)

    def _done(self, cycle: Any) -> None:
        self._at.set(cycle.at)
        self._watermark.set(cycle.watermark or 0.0)
        self._gaps.inc(len(cycle.gaps))
        counts: dict[str, int] = {"errors": 0, "latency": 0, "silence": 0}
        for finding in cycle.findings:
            counts[str(finding.family)] = counts.get(str(finding.family), 0) + 1
        for family, number in counts.items():
            self._findings.labels(family).set(number)
        for event in cycle.events:
            self._events.labels(str(event.transition)).inc()
