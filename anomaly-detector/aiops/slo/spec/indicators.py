"""Service level indicators (SLIs) from `ratioMetric` and `thresholdMetric` of OpenSLO."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Final, TypeVar
from typing import Protocol as TypingProtocol

from aiops.model import Indicator, Labels, Probe, Protocol, Query, Ratio, Server, Term, Threshold
from aiops.model.promql import label
from aiops.model.translation import MetricType, metric_name
from aiops.slo.spec import durations
from aiops.slo.spec.fields import Fields

PROMETHEUS: Final = "prometheus"
METRIC_SOURCE: Final = "otel.metric"
PROBE: Final = "probe"
KNOWN: Final = (*Protocol, METRIC_SOURCE, PROBE, PROMETHEUS)
WINDOW: Final = "{{.window}}"
_WINDOW: Final = re.compile(r"\{\{\s*\.window\s*\}\}")

Of = TypeVar("Of")
Sources = Mapping[str, str]
"""The type of each DataSource document, by its name."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What an indicator measures, and the attributes it is split by."""

    indicator: Indicator
    group_by: tuple[str, ...] = ()


class Promql(TypingProtocol):
    """A reader of PromQL. Raises ValueError where a text is not PromQL, or not of the required form."""

    def events(self, text: str, by: Sequence[str]) -> tuple[Term, ...]:
        """Return the terms whose sum, by some labels, is the events per second."""
        ...

    def gauge(self, text: str, by: Sequence[str]) -> Term:
        """Return a level that has these labels."""
        ...


@dataclass(slots=True)
class IndicatorReader:
    """A reader of the indicators of one service."""

    service: str
    sources: Sources
    promql: Promql
    _groups: set[tuple[str, ...]] = field(default_factory=set)

    def read(self, spec: Fields) -> Measured:
        """Read the `spec` of an SLI."""
        self._groups = set()
        if (description := spec.get("description")) is not None:
            description.text()
        kind, metric = spec.one_of("ratioMetric", "thresholdMetric")
        measured = self._ratio(metric) if kind == "ratioMetric" else self._threshold(metric)
        metric.end()
        spec.end()
        if len(self._groups) > 1:
            metric.wrong("groupBy must be the same in all its metrics")
        return Measured(measured, next(iter(self._groups)))

    def _ratio(self, metric: Fields) -> Indicator:
        if (counter := metric.get("counter")) is not None and not counter.true():
            counter.wrong("must be true: a ratio is taken of counters; for a gauge use thresholdMetric")
        if (raw := metric.get("raw")) is not None:
            metric.need("rawType").choice("success")
            return self._server(raw)
        total = self._query(metric.need("total"), rated=True)
        kind, events = metric.one_of("bad", "good")
        query = self._query(events, rated=True)
        return Ratio(total, bad=query) if kind == "bad" else Ratio(total, good=query)

    def _threshold(self, metric: Fields) -> Indicator:
        kind, spec = self._source(metric)
        if kind in tuple(Protocol):
            spec.wrong(f"{kind} counts requests: use it as ratioMetric.raw with rawType: success")
        if kind == PROBE:
            return Probe(self._asked(METRIC_SOURCE if spec.get("metric") else PROMETHEUS, spec, rated=False))
        # The operator and the bound are fields of the objective.
        return Threshold(self._asked(kind, spec, rated=False), "lte", Decimal(0))

    def _server(self, raw: Fields) -> Server:
        kind, spec = self._source(raw)
        if kind not in tuple(Protocol):
            raw.wrong(f"the type must be {' or '.join(Protocol)}; a ratio of other metrics needs total and bad or good")
        threshold = spec.get("threshold")
        native = spec.get("histogram")
        found = Server(
            protocol=Protocol(kind),
            service=self._optional(spec, "service") or self.service,
            route=self._optional(spec, "route"),
            method=self._optional(spec, "method"),
            threshold=None if threshold is None else _meant(threshold, lambda: durations.seconds(threshold.text())),
            native=native is not None and native.choice("classic", "native") == "native",
        )
        self._group(spec)
        spec.end()
        return found

    def _query(self, metric: Fields, rated: bool) -> Query:
        kind, spec = self._source(metric)
        if kind not in (METRIC_SOURCE, PROMETHEUS):
            spec.wrong(f"the type must be {METRIC_SOURCE} or {PROMETHEUS}, not {kind}")
        return self._asked(kind, spec, rated)

    def _asked(self, kind: str, spec: Fields, rated: bool) -> Query:
        if kind == METRIC_SOURCE:
            where: Labels = ()
            if (found := spec.get("where")) is not None:
                for name, value in found.texts():
                    _meant(value, partial(label, name))
                where = tuple(sorted((name, value.text()) for name, value in found.texts()))
            unit, metric = self._optional(spec, "unit"), spec.need("metric")
            _meant(metric, lambda: metric_name(metric.text(), unit, MetricType.COUNTER if rated else MetricType.GAUGE))
            query = Query(metric=metric.text(), unit=unit, where=where)
        else:
            written = spec.need("query")
            text, by = written.text().strip(), [label(one) for one in self._group(spec)]
            windowed = _WINDOW.search(text)
            if rated and not windowed:
                written.wrong(f"must rate its counter over {WINDOW}, as in sum(rate(requests_total[{WINDOW}]))")
            if not rated and windowed:
                written.wrong(f"is a gauge's: it has no {WINDOW}")
            terms = _meant(written, lambda: self.promql.events(text, by) if rated else (self.promql.gauge(text, by),))
            query = Query(promql=text, terms=terms)
        self._group(spec)
        spec.end()
        return query

    def _source(self, metric: Fields) -> tuple[str, Fields]:
        source = metric.need("metricSource")
        spec, kind = source.need("spec"), source.get("type")
        if (ref := source.get("metricSourceRef")) is not None:
            if ref.text() not in self.sources:
                ref.wrong(f"there is no DataSource {ref.text()!r}")
            found = self.sources[ref.text()].lower()
        elif kind is None:
            source.wrong("needs a type")
        else:
            found = kind.text().lower()
        if found not in KNOWN:
            (kind or source).wrong(f"is {found!r}, but must be one of {', '.join(KNOWN)}")
        source.end()
        if metric.path.rpartition(".")[2] not in ("ratioMetric", "thresholdMetric"):
            metric.end()
        return found, spec

    def _group(self, spec: Fields) -> tuple[str, ...]:
        found = spec.get("groupBy")
        groups = [] if found is None else found.items()
        for one in groups:
            _meant(one, partial(label, one.text()))
        by = tuple(one.text() for one in groups)
        self._groups.add(by)
        return by

    @staticmethod
    def _optional(spec: Fields, key: str) -> str:
        found = spec.get(key)
        return "" if found is None else found.text()


def windows(promql: str, window: str) -> str:
    """Replace `{{.window}}`, however it is spaced, by a window."""
    return _WINDOW.sub(window, promql)


def _meant(written: Fields, made: Callable[[], Of]) -> Of:
    """Convert a written value; a ValueError becomes the Mistake that says why."""
    try:
        return made()
    except ValueError as error:
        written.wrong(str(error))
