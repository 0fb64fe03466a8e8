"""Budgets as metrics, for Prometheus to scrape: what its own rules cannot know, for dashboards and Grafana's alerts."""

from collections.abc import Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aiops import names
from aiops.model import group_label
from aiops.slo import durations
from aiops.slo.standing import SloState, Standing


class BudgetGauges(Collector):
    """`aiops_slo_*`, of the standings it was given last. What is not known is not there."""

    def __init__(self) -> None:
        self.standings: Sequence[Standing] = ()

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


def _family(name: str, about: str, values: Sequence[tuple[tuple[str, ...], float | None]]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=names.SLO_LABELS)
    for labels, value in values:
        if value is not None:
            family.add_metric(labels, value)
    return family


def _labels(one: Standing) -> tuple[str, ...]:
    return one.slo.name, group_label(one.group), one.slo.service
