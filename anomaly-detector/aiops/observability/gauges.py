"""Budgets and incidents as metrics for Prometheus to scrape: what its own rules cannot know, for dashboards and
Grafana's alerts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aiops.model import Incident, group_label
from aiops.model import own_metrics as own
from aiops.slo.live.status import SloState, SloStatus
from aiops.slo.spec import durations

MOST: Final = 200
"""The most incidents that are exposed: the newest."""


class BudgetGauges(Collector):
    """`aiops_slo_*`, from the last status of objectives. Unknown values are left out."""

    def __init__(self) -> None:
        self.statuses: Sequence[SloStatus] = ()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of objectives."""
        found = [(one, _labels(one)) for one in self.statuses]
        lasting = [(one, labels) for one, labels in found if one.state != SloState.NO_DATA]
        yield _family(own.SLO_BUDGET_LEFT, [(labels, one.budget.left) for one, labels in lasting])
        yield _family(own.SLO_EXHAUSTED_IN, [(labels, one.exhausted_in) for one, labels in lasting])
        yield _family(own.SLO_PROJECTED_LEFT, [(labels, one.projected) for one, labels in lasting])
        yield _family(own.SLO_COVERAGE, [(labels, one.budget.coverage) for one, labels in found])
        yield _family(own.SLO_EVENTS, [(labels, one.budget.events) for one, labels in found])
        yield _family(own.SLO_BAD_EVENTS, [(labels, one.budget.bad) for one, labels in found])
        burn = _empty(own.SLO_BURN_RATE)
        for one, labels in found:
            for window, rate in one.burn.items():
                if rate is not None:
                    burn.add_metric((*labels, durations.promql_duration(window)), rate)
        yield burn

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: names are not checked in advance."""
        return iter(())


class IncidentGauges(Collector):
    """`aiops_incident_*` and `aiops_change_*`, from the last data it was given; `base_url` is the address of the
    engine's pages."""

    def __init__(self) -> None:
        self.base_url = ""
        self._incidents: Sequence[Incident] = ()
        self._alerts: Mapping[str, int] = {}
        self._changes: Mapping[tuple[str, str, str], float] = {}

    def show(
        self,
        incidents: Sequence[Incident],
        alerts: Mapping[str, int],
        changes: Sequence[tuple[tuple[str, str, str], float]],
    ) -> None:
        """Set what to expose: incidents, the number of alerts that concern each (by its key), and the times of changes
        by kind, service and version."""
        newest = sorted(incidents, key=lambda one: one.episode.detected)[-MOST:]
        self._incidents, self._alerts, self._changes = newest, alerts, dict(changes)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of incidents and changes."""
        info, times, alerts = _empty(own.INCIDENT_INFO), _empty(own.INCIDENT_TIME), _empty(own.INCIDENT_ALERTS)
        for one in self._incidents:
            info.add_metric(_told(one, self.base_url), 1)
            alerts.add_metric((one.id,), self._alerts.get(one.key, 0))
            for moment, at in _moments(one):
                times.add_metric((one.id, moment), at)
        changes = _empty(own.CHANGE_TIME)
        for change, at in self._changes.items():
            changes.add_metric(change, at)
        yield from (info, times, alerts, changes)

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: names are not checked in advance."""
        return iter(())


def _told(one: Incident, base_url: str) -> tuple[str, ...]:
    """Return the labels of INCIDENT_INFO. Without a cause, the first affected service takes its place."""
    cause = one.root_cause.cause if one.root_cause is not None else None
    return (
        one.id,
        str(one.state),
        str(one.severity),
        one.service,
        cause.endpoint if cause is not None else "",
        str(cause.kind) if cause is not None else next((family for _, family in one.symptoms), ""),
        one.title,
        one.trace_correlation.trace_id,
        f"{base_url}/incidents/{one.id}",
    )


def _moments(one: Incident) -> Iterator[tuple[str, float]]:
    """Yield the times of the present episode, or of the last one: durations across two episodes would be
    meaningless."""
    episode = one.episode
    yield "onset", episode.onset
    yield "detected", episode.detected
    entries = (entry.at for entry in one.timeline if entry.what == "acknowledged" and entry.at >= episode.onset)
    taken = next(entries, None)
    if taken is not None:
        yield "acknowledged", taken
    if one.resolved_at is not None:
        yield "resolved", one.resolved_at


def _empty(metric: own.OwnMetric) -> GaugeMetricFamily:
    return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)


def _family(metric: own.OwnMetric, values: Sequence[tuple[tuple[str, ...], float | None]]) -> Metric:
    family = _empty(metric)
    for labels, value in values:
        if value is not None:
            family.add_metric(labels, value)
    return family


def _labels(one: SloStatus) -> tuple[str, ...]:
    return one.slo.name, group_label(one.group), one.slo.service
