"""The results of drills as metrics for Prometheus to scrape."""

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aiops.model import Drill, DrillResult
from aiops.model import own_metrics as own


class DrillGauges(Collector):
    """`aiops_drill_*`, from the drills it was given last. The counts are those of the store, so that they survive a
    restart."""

    def __init__(self) -> None:
        self._newest: Sequence[Drill] = ()
        self._counts: Mapping[tuple[str, str], int] = {}

    def show(self, newest: Sequence[Drill], counts: Mapping[tuple[str, str], int]) -> None:
        """Set what to expose: drills, newest first, and how many there were by name and result."""
        self._newest, self._counts = newest, counts

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of drills."""
        runs = CounterMetricFamily(own.DRILL_RUNS.name, own.DRILL_RUNS.help, labels=own.DRILL_RUNS.labels)
        for of, count in self._counts.items():
            if of[1] != DrillResult.RUNNING:
                runs.add_metric(of, count)
        last, found, took = (_empty(one) for one in (own.DRILL_LAST_RUN, own.DRILL_LAST_FOUND, own.DRILL_DETECTION))
        for name in dict.fromkeys(one.name for one in self._newest):
            tried = [one for one in self._newest if one.name == name and one.result not in _NOT_JUDGED]
            if tried:
                last.add_metric((name,), tried[0].started)
            caught = next((one for one in tried if one.result == DrillResult.FOUND), None)
            if caught is not None:
                found.add_metric((name,), caught.started)
            if tried and tried[0].took is not None:
                took.add_metric((name,), tried[0].took)
        yield from (runs, last, found, took)

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: names are not checked in advance."""
        return iter(())


_NOT_JUDGED = frozenset({DrillResult.RUNNING, DrillResult.SKIPPED})


def _empty(metric: own.OwnMetric) -> GaugeMetricFamily:
    return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
