"""Burn rates as Prometheus' own rules recorded them: the values that its alerts use."""

from collections import defaultdict

from aiops.model import Labels
from aiops.model.promql import any_of
from aiops.ports import BurnRates
from aiops.slo.rules import tiers
from aiops.slo.rules.prometheus import BURN
from aiops.slo.spec import durations
from aiops.sources.prometheus.client import PrometheusClient


class PrometheusBurns:
    """The recorded burn rates, read in one query."""

    def __init__(self, api: PrometheusClient) -> None:
        self._api = api
        self._windows = {BURN + durations.promql_duration(window): window for window in tiers.WINDOWS}

    def burn_rates(self, at: float) -> BurnRates:
        """Return them by objective and group; empty where there are no rules. Raises SourceError."""
        found: dict[tuple[str, Labels], dict[int, float]] = defaultdict(dict)
        for point in self._api.instant(f"{{__name__=~{any_of(list(self._windows))}}}", at):
            window, slo = self._windows[point.labels["__name__"]], point.labels.get("slo", "")
            split = tuple(sorted((key, value) for key, value in point.labels.items() if key not in ("__name__", "slo")))
            found[slo, split][window] = point.value
        return found
