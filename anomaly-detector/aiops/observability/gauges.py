"""Budgets and incidents as metrics, for Prometheus to scrape: what its own rules cannot know, for dashboards and
Grafana's alerts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aiops.model import Incident, group_label, names
from aiops.slo.live.standing import SloState, SloStatus
from aiops.slo.spec import durations

MOST: Final = 200
"""Incidents that are exposed, at most: the newest."""
TOLD: Final = ("incident", "state", "severity", "service", "endpoint", "kind", "title", "trace_id", "page")
CHANGED: Final = ("kind", "service", "version")


class BudgetGauges(Collector):
    """`aiops_slo_*`, of the standings it was given last. What is not known is not there."""

    def __init__(self) -> None:
        self.standings: Sequence[SloStatus] = ()

    def collect(self) -> Iterator[Metric]:
        found = [(one, _labels(one)) for one in self.standings]
        yield _family(
            names.SLO_BUDGET_LEFT,
            "Share of the error budget that is left; negative once it is broken",
            [(labels, one.budget.left) for one, labels in found if one.state != SloState.NO_DATA],
        )
        yield _family(
            names.SLO_EXHAUSTED_IN,
            "Time until the budget is gone if it burns as in the last hour; absent while it does not run out",
            [(labels, one.exhausted_in) for one, labels in found if one.state != SloState.NO_DATA],
        )
        yield _family(
            names.SLO_PROJECTED_LEFT,
            "Share of the budget left at the end of a calendar period, by the traffic of last week",
            [(labels, one.projected) for one, labels in found if one.state != SloState.NO_DATA],
        )
        yield _family(
            names.SLO_COVERAGE,
            "Share of the period in which data were there",
            [(labels, one.budget.coverage) for one, labels in found],
        )
        yield _family(
            names.SLO_EVENTS,
            "Events of the period: requests, or slices of time",
            [(labels, one.budget.events) for one, labels in found],
        )
        yield _family(
            names.SLO_BAD_EVENTS,
            "Bad ones of them",
            [(labels, one.budget.bad) for one, labels in found],
        )
        burn = GaugeMetricFamily(
            names.SLO_BURN_RATE,
            "How many times as fast as allowed the budget burns",
            labels=(*names.SLO_LABELS, "window"),
        )
        for one, labels in found:
            for window, rate in one.burn.items():
                if rate is not None:
                    burn.add_metric((*labels, durations.prometheus(window)), rate)
        yield burn

    def describe(self) -> Iterator[Metric]:
        return iter(())


class IncidentGauges(Collector):
    """`aiops_incident_*` and `aiops_change_*`, of what it was given last; `base_url` is where pages are."""

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
        """Expose these incidents; how many alerts tell of each, by its key; changes (CHANGED) and when they were."""
        newest = sorted(incidents, key=lambda one: one.episode.detected)[-MOST:]
        self._incidents, self._alerts, self._changes = newest, alerts, dict(changes)

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily(names.INCIDENT_INFO, "Incidents that are open, or were in the last hour", labels=TOLD)
        times = GaugeMetricFamily(
            names.INCIDENT_TIME, "When an incident began, was detected, taken and over", labels=("incident", "moment")
        )
        alerts = GaugeMetricFamily(
            names.INCIDENT_ALERTS, "Alerts of other rules that tell of an incident", labels=("incident",)
        )
        for one in self._incidents:
            info.add_metric(_told(one, self.base_url), 1)
            alerts.add_metric((one.id,), self._alerts.get(one.key, 0))
            for moment, at in _moments(one):
                times.add_metric((one.id, moment), at)
        changes = GaugeMetricFamily(names.CHANGE_TIME, "When a change was told of, last hour's", labels=CHANGED)
        for change, at in self._changes.items():
            changes.add_metric(change, at)
        yield from (info, times, alerts, changes)

    def describe(self) -> Iterator[Metric]:
        return iter(())


def _told(one: Incident, base_url: str) -> tuple[str, ...]:
    """The values of TOLD. Without a cause the first of the services that are hit stands for it."""
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
    """Of the present episode, or the last: how long it took says nothing when it begins with another's."""
    episode = one.episode
    yield "onset", episode.onset
    yield "detected", episode.detected
    entries = (entry.at for entry in one.timeline if entry.what == "acknowledged" and entry.at >= episode.onset)
    taken = next(entries, None)
    if taken is not None:
        yield "acknowledged", taken
    if one.resolved_at is not None:
        yield "resolved", one.resolved_at


def _family(name: str, about: str, values: Sequence[tuple[tuple[str, ...], float | None]]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=names.SLO_LABELS)
    for labels, value in values:
        if value is not None:
            family.add_metric(labels, value)
    return family


def _labels(one: SloStatus) -> tuple[str, ...]:
    return one.slo.name, group_label(one.group), one.slo.service
