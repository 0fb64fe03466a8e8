"""A whole cycle over many series of a real Prometheus: how long, and in how much memory.

    python -m bench.cycle                   # 50,000 series
    python -m bench.cycle --series 100000

Prometheus is the one that `make stack` builds. It is fed over OTLP with duration histograms of services that export
every 5 s, in virtual time; the engine reads them as `aiops run` does, a cycle every 15 s of that time. The limit is
what asking for the same raw samples and parsing them takes.
"""

import argparse
import gc
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import orjson
import psutil
import requests
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Histogram, HistogramDataPoint, Metric

from aiops.engine import Pace
from aiops.http import Endpoint
from aiops.model import names
from aiops.sources.prometheus import meaning
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.metrics import PrometheusMetrics
from aiops.sources.prometheus.verdicts import PrometheusVerdicts
from aiops.testing import GivenClock, NoTelemetry, Sources, assemble, empty_store
from tools.native.alone import LonePrometheus
from tools.native.build import ensure

START = 1_763_712_000.0
EXPORT, STEP = 5.0, 15.0
ROUTES = 25  # of a service
BUCKETS = len(names.DURATION_BOUNDS) + 1
RAW = BUCKETS + 2  # series of a histogram: its buckets, count and sum
LEARN = 24  # cycles before those that are measured
MEASURED = 9
VERDICTS = 5000


class Fleet:
    """Services whose histograms grow like those of a healthy application."""

    def __init__(self, histograms: int, start: float = START) -> None:
        self._random, self._start = random.Random(1), start
        self._counts = [[0] * BUCKETS for _ in range(histograms)]
        self._sums = [0.0] * histograms

    def exports(self, at: float) -> list[bytes]:
        """What every service sends at a time."""
        return [
            self._export(first, min(first + ROUTES, len(self._counts)), at)
            for first in range(0, len(self._counts), ROUTES)
        ]

    def _export(self, first: int, last: int, at: float) -> bytes:
        out = ExportMetricsServiceRequest()
        group = out.resource_metrics.add()
        service = f"service-{first // ROUTES}"
        group.resource.attributes.extend([_pair("service.name", service), _pair("service.instance.id", f"{service}-0")])
        points = []
        for number in range(first, last):
            counts = self._counts[number]
            for _ in range(self._random.randint(5, 15)):
                counts[min(int(self._random.lognormvariate(1.2, 0.4)), BUCKETS - 1)] += 1
                self._sums[number] += 0.05
            route = [_pair("http.route", f"/r{number - first}"), _pair("http.request.method", "GET")]
            points.append(
                HistogramDataPoint(
                    attributes=[*route, KeyValue(key="http.response.status_code", value=AnyValue(int_value=200))],
                    start_time_unix_nano=round((self._start - 5) * 1e9),
                    time_unix_nano=round(at * 1e9),
                    count=sum(counts),
                    sum=self._sums[number],
                    bucket_counts=counts,
                    explicit_bounds=names.DURATION_BOUNDS,
                )
            )
        histogram = Histogram(data_points=points, aggregation_temporality=2)
        group.scope_metrics.add().metrics.append(
            Metric(name="http.server.request.duration", unit="s", histogram=histogram)
        )
        return out.SerializeToString()


def _pair(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def limit(url: str, at: float) -> float:
    """Seconds to ask for the raw samples of one step and to parse them, as the engine does: uncompressed, and without
    Python's search for cyclic garbage."""
    gc.disable()
    started = time.perf_counter()
    query = f"{meaning.served_selector(True)}[{STEP:.0f}s]"
    plain = {"Accept-Encoding": "identity"}
    body = requests.post(f"{url}/api/v1/query", {"query": query, "time": f"{at}"}, headers=plain, timeout=60).content
    orjson.loads(body)
    took = time.perf_counter() - started
    gc.enable()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--series", type=int, default=50_000, help="raw series in Prometheus (default 50000)")
    arguments = parser.parse_args()
    fleet = Fleet(round(arguments.series / RAW))
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as text:
        folder = Path(text)
        prometheus = LonePrometheus(ensure()["prometheus"], folder / "prometheus")
        api = PrometheusClient(Endpoint(name="Prometheus", url=prometheus.url, timeout_seconds=60))
        clock = GivenClock(START)
        metrics, verdicts = PrometheusMetrics(api, clock, 0.0), PrometheusVerdicts(api, VERDICTS)
        sources = Sources(metrics, NoTelemetry(), NoTelemetry(), verdicts)
        engine = assemble(folder, sources, clock, empty_store(folder), pace=Pace(STEP, 60.0))
        took, limits = [], []
        for number in range(LEARN + MEASURED):
            for _ in range(round(STEP / EXPORT)):
                clock.time += EXPORT
                for body in fleet.exports(clock.time):
                    api.write_otlp(body)
            limits.append(limit(prometheus.url, clock.time))
            started = time.perf_counter()
            cycle = engine.cycle()
            took.append(time.perf_counter() - started)
            if cycle.gaps:
                raise RuntimeError(f"cycle {number}: {cycle.gaps}")
            sys.stderr.write(
                f"\rcycle {number + 1} of {LEARN + MEASURED}: {took[-1]:.2f} s " if sys.stderr.isatty() else ""
            )
        if engine.state.at != clock.time:
            raise RuntimeError(f"judged until {engine.state.at}, not {clock.time}")
        whole, least = statistics.median(took[LEARN:]), statistics.median(limits[LEARN:])
        series = PrometheusClient(Endpoint(name="Prometheus", url=prometheus.url)).instant(
            f"count({meaning.served_selector(True)})", clock.time
        )
        print(f"{'raw series read':<44}{series[0].value:,.0f}, and the last bucket of each histogram not")
        print(f"{'limit: ask and parse one step of them':<44}{least:.2f} s, ratio 1.00")
        print(f"{'whole cycle, median of ' + str(MEASURED):<44}{whole:.2f} s, ratio {whole / least:.2f}, at most 1.5 s")
        print(f"{'slowest':<44}{max(took[LEARN:]):.2f} s")
        memory = psutil.Process(os.getpid()).memory_full_info().uss / 2**20
        print(f"{'memory of the engine and its feeder':<44}{memory:.0f} MB USS, at most 800 MB")
        prometheus.close()


if __name__ == "__main__":
    main()
