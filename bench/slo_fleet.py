"""Services with objectives, and what Prometheus knows of them: days of history in blocks, and what they send now."""

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Histogram, HistogramDataPoint, Metric

from aiops.model import names

ROUTES: Final = 10  # of a service
TARGET: Final = "0.999"
METRIC: Final = "http_server_request_duration_seconds"
FAST: Final = 0.5  # seconds; the bucket that latency is judged by
RECORDED: Final = 60  # seconds between recorded samples
BLOCK: Final = 18 * 3600  # the largest block that Prometheus makes when it keeps 15 days
KINDS: Final = 16  # different courses of traffic
LIVE: Final = 3 * 3600  # seconds of traffic made up beyond the history
OK, FAILED = 200, 500
COUNTERS: Final = ("good", "failed", "fast")  # the rest of a history is recorded

Ints = NDArray[np.int64]
DOCUMENT: Final = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: {name}
  displayName: {service} {route}
  annotations:
    aiops/min-bad-events: "5"
spec:
  description: Requests that are answered as they should be.
  service: {service}
  indicator:
    metadata: {{name: {name}}}
    spec:
      ratioMetric:
        counter: true
        rawType: success
        raw:
          metricSource: {{type: otel.http.server, spec: {{route: {route}, method: GET{threshold}}}}}
  timeWindow:
    - {{duration: 30d, isRolling: true}}
  budgetingMethod: Occurrences
  objectives:
    - target: {target}
"""


@dataclass(frozen=True, slots=True)
class Objective:
    """One of a fleet: every second is about latency, the others about errors."""

    number: int

    @property
    def service(self) -> str:
        return f"service-{self.number // ROUTES}"

    @property
    def route(self) -> str:
        return f"/r{self.number % ROUTES}"

    @property
    def latency(self) -> bool:
        return self.number % 2 == 1

    @property
    def name(self) -> str:
        return f"{self.service}{self.route.replace('/', '-')}-{'latency' if self.latency else 'availability'}"

    @property
    def selected(self) -> str:
        """Its series, as the label matchers of a selector."""
        return f'service_name="{self.service}", http_route="{self.route}", http_request_method="GET"'

    def document(self) -> str:
        threshold = f", threshold: {FAST * 1000:.0f}ms" if self.latency else ""
        return DOCUMENT.format(
            name=self.name, service=self.service, route=self.route, threshold=threshold, target=TARGET
        )


class Fleet:
    """`count` objectives, one a route; each route is served by `instances` processes that export every `export` s."""

    def __init__(self, count: int, instances: int = 1, export: int = 60) -> None:
        self.objectives = [Objective(number) for number in range(count)]
        self.instances, self.export = instances, export

    def write(self, folder: Path) -> None:
        """Write the objectives, a file for each service."""
        folder.mkdir(parents=True)
        for first in range(0, len(self.objectives), ROUTES):
            found = self.objectives[first : first + ROUTES]
            text = "---\n".join(one.document() for one in found)
            (folder / f"{found[0].service}.yaml").write_text(text, encoding="utf-8")


class Traffic:
    """Requests of a fleet from `start` to `end` (Unix seconds) and three hours on: counted, in `KINDS` courses."""

    def __init__(self, fleet: Fleet, start: int, end: int) -> None:
        self.fleet, self.start, self.end = fleet, start, end
        random = np.random.default_rng(1)
        steps = (end + LIVE - start) // fleet.export + 1
        minutes = fleet.export / 60
        self._all, self._failed, self._slow = np.empty((3, KINDS, steps), np.int64)
        for kind in range(KINDS):
            requests = random.poisson((20 + 20 * kind) * minutes, steps)
            for counts, made in (
                (self._all, requests),
                (self._failed, random.binomial(requests, 0.0005)),
                (self._slow, random.binomial(requests, 0.0005)),
            ):
                counts[kind] = np.cumsum(made)

    def history(self, promtool: Path, folder: Path, data: Path, told: Callable[[str], None]) -> int:
        """Write blocks of all until `end` into Prometheus' data folder; returns the samples in them.

        They hold the series that rules read, and what the rules would have recorded over five minutes.
        """
        samples, at = 0, self.start
        while at < self.end:
            until = min(self.end, at - at % BLOCK + BLOCK)
            told(f"history: {(at - self.start) / 3600:.0f} of {(self.end - self.start) / 3600:.0f} h")
            file = folder / "slice.om"
            with file.open("w", encoding="utf-8") as out:
                for series, points in self._series(at, until):
                    written = series.replace('", ', '",')  # OpenMetrics allows no space there
                    out.write(f"{written} " + f"\n{written} ".join(points) + "\n")
                    samples += len(points)
                out.write("# EOF\n")
            # One block a slice: without this hidden flag there would be nine of two hours.
            made: list[str | Path] = [
                promtool,
                "tsdb",
                "create-blocks-from",
                "openmetrics",
                "--max-block-duration=18h",
                "-q",
                file,
                data,
            ]
            done = subprocess.run(made, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"promtool makes no blocks of the history: {done.stderr[-2000:]}")
            file.unlink()
            at = until
        return samples

    def exports(self, at: int) -> Iterator[bytes]:
        """What every process of every service sends at a time: OTLP."""
        step = (at - self.start) // self.fleet.export
        for first in range(0, len(self.fleet.objectives), ROUTES):
            for instance in range(self.fleet.instances):
                yield self._export(self.fleet.objectives[first : first + ROUTES], instance, step)

    def _series(self, at: int, until: int) -> Iterator[tuple[str, list[str]]]:
        """Series as OpenMetrics writes them, with `value time` of each sample from `at` to before `until`."""

        @cache
        def points(kind: int, what: str) -> list[str]:
            if what in COUNTERS:
                times = np.arange(-(-at // self.fleet.export) * self.fleet.export, until, self.fleet.export)
                values: NDArray[Any] = self._counter(kind, what, times)
            else:
                times = np.arange(-(-max(at, self.start + 1) // RECORDED) * RECORDED, until, RECORDED)
                values = self._recorded(kind, what, times)
            return [f"{value!r} {time}" for value, time in zip(values.tolist(), times.tolist(), strict=True)]

        for one in self.fleet.objectives:
            for instance in range(self.fleet.instances):
                kind = (one.number + instance) % KINDS
                for what, suffix, status in ("good", "count", OK), ("failed", "count", FAILED):
                    yield self._raw(one, instance, suffix, status), points(kind, what)
                if one.latency:
                    for what, status in ("fast", OK), ("failed", FAILED):
                        yield self._raw(one, instance, "bucket", status, f', le="{FAST}"'), points(kind, what)
            own, kind = f'{{slo="{one.name}", service_name="{one.service}"}}', one.number % KINDS
            bad = "slow" if one.latency else "bad"
            yield f"slo:events:rate5m{own}", points(kind, "events")
            yield f"slo:bad_events:rate5m{own}", points(kind, bad)
            named = f'sloth_id="{one.name}", sloth_service="{one.service}", sloth_slo="{one.name}", sloth_window="5m"'
            yield f"slo:sli_error:ratio_rate5m{{{named}}}", points(kind, f"{bad} ratio")

    def _raw(self, one: Objective, instance: int, suffix: str, status: int, more: str = "") -> str:
        who = f'instance="{one.service}-{instance}", job="{one.service}"'
        return f'{METRIC}_{suffix}{{{one.selected}, http_response_status_code="{status}", {who}{more}}}'

    def _counter(self, kind: int, what: str, times: Ints) -> Ints:
        at = (times - self.start) // self.fleet.export
        failed: Ints = self._failed[kind, at]
        if what == "failed":
            return failed
        good: Ints = self._all[kind, at] - failed
        return good if what == "good" else good - self._slow[kind, at]

    def _recorded(self, kind: int, what: str, times: Ints) -> NDArray[np.float64]:
        """Rates over five minutes, of all processes of a route."""
        if what.endswith(" ratio"):
            bad, events = (
                self._recorded(kind, what.removesuffix(" ratio"), times),
                self._recorded(kind, "events", times),
            )
            return bad / events
        counts = {"events": self._all, "bad": self._failed, "slow": self._slow}[what]
        kinds = [(kind + instance) % KINDS for instance in range(self.fleet.instances)]
        now, then = ((np.maximum(each, self.start) - self.start) // self.fleet.export for each in (times, times - 300))
        rates: NDArray[np.float64] = (counts[kinds][:, now] - counts[kinds][:, then]).sum(axis=0) / 300
        return rates

    def _export(self, objectives: list[Objective], instance: int, step: int) -> bytes:
        out = ExportMetricsServiceRequest()
        group = out.resource_metrics.add()
        service = objectives[0].service
        attributes = {"service.name": service, "service.instance.id": f"{service}-{instance}"}
        group.resource.attributes.extend(_pair(key, value) for key, value in attributes.items())
        points = [self._point(one, instance, status, step) for one in objectives for status in (OK, FAILED)]
        histogram = Histogram(data_points=points, aggregation_temporality=2)
        group.scope_metrics.add().metrics.append(
            Metric(name="http.server.request.duration", unit="s", histogram=histogram)
        )
        return out.SerializeToString()

    def _point(self, one: Objective, instance: int, status: int, step: int) -> HistogramDataPoint:
        kind = (one.number + instance) % KINDS
        failed = int(self._failed[kind, step])
        slow = 0 if status == FAILED else int(self._slow[kind, step])
        count = failed if status == FAILED else int(self._all[kind, step]) - failed
        buckets = [0] * (len(names.DURATION_BOUNDS) + 1)
        at = names.DURATION_BOUNDS.index(FAST)
        buckets[at - 3], buckets[at + 1] = count - slow, slow
        return HistogramDataPoint(
            attributes=[
                _pair("http.route", one.route),
                _pair("http.request.method", "GET"),
                KeyValue(key="http.response.status_code", value=AnyValue(int_value=status)),
            ],
            start_time_unix_nano=self.start * 10**9,
            time_unix_nano=(self.start + step * self.fleet.export) * 10**9,
            count=count,
            sum=0.05 * (count - slow) + 0.6 * slow,
            bucket_counts=buckets,
            explicit_bounds=names.DURATION_BOUNDS,
        )


def _pair(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


class Feeder:
    """Sends what a fleet exports, each export once, at its time; what has become due meanwhile follows at once."""

    def __init__(self, traffic: Traffic, send: Callable[[bytes], object]) -> None:
        self._traffic, self._send, self._next = traffic, send, traffic.end

    def until(self, at: float) -> None:
        """Feed until a time (Unix seconds)."""
        while True:
            while self._next <= time.time():
                for body in self._traffic.exports(self._next):
                    self._send(body)
                self._next += self._traffic.fleet.export
            if (now := time.time()) >= at:
                return
            time.sleep(max(0.0, min(at, self._next) - now))
