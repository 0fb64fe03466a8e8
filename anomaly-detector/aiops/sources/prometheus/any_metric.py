"""Any OpenTelemetry metric by its name."""

import re
from typing import Final

import numpy as np

from aiops.model import Selector, names
from aiops.model.errors import SourceError
from aiops.model.promql import label, quoted
from aiops.model.translation import MetricType, any_unit, metric_name
from aiops.sources.common import bounds
from aiops.sources.common.grid import NANO, Grid
from aiops.sources.common.rows import labelled
from aiops.sources.prometheus import meaning
from aiops.sources.prometheus.catalogue import Numbers
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.counters import MOST, Counters
from aiops.sources.prometheus.meaning import Adds, LabelMap, Meaning
from aiops.sources.prometheus.sums import Rows

# Resource attributes that Prometheus keeps under labels of its own.
IDENTIFYING: Final = {names.SERVICE, names.SERVICE_NAME, names.SERVICE_INSTANCE}


def values(api: PrometheusClient, selector: Selector, grid: Grid) -> Rows:
    """Return a metric by attributes (or `service`, or promoted resource attributes), summed over the rest.

    Counters and histograms give increments (histograms of their count), gauges and up-down counters the last value of
    each series in the step. Raises SourceError, also for a label that no series of the metric has: a resource attribute
    that Prometheus does not promote does not exist there.
    """
    counted, native, level = _named(selector)
    counting = re.compile(counted)
    counters = Counters(api, lambda labels: _counter(labels, selector, counting))
    if selector.most:
        for these in (f"{counted}|{native}", level):
            _check_size(api, f"{{__name__=~{quoted(these)}}}", selector, grid)
    found = counters.read(f"{{__name__=~{quoted(f'{counted}|{native}')}}}", grid)
    if counters.catalogue.left_out:
        raise SourceError(f"{selector.name} has more than {MOST:,} series in Prometheus, which are not read")
    known = counters.catalogue.labels
    keys = counters.catalogue.key[found.series]
    numbers, column, value = counters.catalogue.keys, found.column, found.value
    if not known:  # no counter of that name: a level
        raw = api.samples(f"{{__name__=~{quoted(level)}}}", grid.start_ns, grid.end_ns)
        known, numbers, column = raw.series, Numbers(), grid.columns(raw.time_ns)
        row = np.array([numbers.of(_key(one, selector)) for one in known], np.int64).reshape(len(known))
        last = np.ones(len(column), bool)
        last[:-1] = (raw.row[1:] != raw.row[:-1]) | (column[1:] != column[:-1])
        keys, value = row[raw.row], np.where(last, raw.value, np.nan)
    if known:
        _check(selector, known)
    bounds.check_size(len(numbers), grid.steps, selector.most)
    table = grid.sums(keys, column, value, len(numbers))
    wanted_values = tuple(value for _, value in selector.where)
    width = len(selector.by)
    rows = [
        (labelled(selector.name, dict(zip(selector.by, key[:width], strict=True))), table[at])
        for key, at in numbers.items()
        if key[width:] == wanted_values and not np.isnan(table[at]).all()
    ]
    return [labels for labels, _ in rows], np.array([one for _, one in rows]).reshape(len(rows), grid.steps)


def _check_size(api: PrometheusClient, of: str, selector: Selector, grid: Grid) -> None:
    """Ask how much there is before it is read. Raises TooMuch."""
    seconds = (grid.end_ns - grid.start_ns) // 1_000_000_000
    found = api.instant(f"sum(count_over_time({of}[{max(seconds, 1)}s]))", grid.end_ns / NANO)
    bounds.check_samples(round(found[0].value) if found else 0, selector.most)


def _named(selector: Selector) -> tuple[str, str, str]:
    """Return regular expressions for the names of a metric as a counter, as a native histogram, and as a level."""
    unit = selector.unit
    found = {
        kind: any_unit(selector.name, kind) if unit is None else metric_name(selector.name, unit, kind)
        for kind in MetricType
    }
    counted = f"{found[MetricType.COUNTER]}|({found[MetricType.OTHER]})_count"
    return counted, found[MetricType.OTHER], f"{found[MetricType.GAUGE]}|{found[MetricType.OTHER]}"


def _counter(labels: LabelMap, selector: Selector, counting: re.Pattern[str]) -> Meaning | None:
    """Return what a series counts; None for a gauge with the name of a histogram, and for other parts of a
    histogram."""
    if not counting.fullmatch(labels[names.NAME]):
        return None
    sender = (labels.get("job", ""), labels.get("instance", ""), labels[names.NAME])
    itself = tuple(f"{name}={labels[name]}" for name in sorted(labels))
    return Meaning(
        key=_key(labels, selector), adds=Adds.TOTAL, family=labels[names.NAME], histogram=itself, sender=sender
    )


def _key(labels: LabelMap, selector: Selector) -> tuple[str, ...]:
    """Return the values of `by`, then those of `where`."""
    return tuple(_value(labels, name) for name in (*selector.by, *(name for name, _ in selector.where)))


def _value(labels: LabelMap, name: str) -> str:
    if name in (names.SERVICE, names.SERVICE_NAME):
        return meaning.service(labels)
    if name == names.SERVICE_INSTANCE:
        return labels.get("instance", "")
    return labels.get(label(name), "")


def _check(selector: Selector, known: list[dict[str, str]]) -> None:
    for name in (*selector.by, *(name for name, _ in selector.where)):
        wanted = label(name)
        if name not in IDENTIFYING and not any(wanted in one for one in known):
            raise SourceError(
                f"no series of {selector.name} in Prometheus has the label {wanted}; is {name} a resource attribute? "
                "then add it to otlp.promote_resource_attributes in Prometheus' configuration"
            )
