"""Peculiarities of the telemetry of services: one identity for several processes, or nothing that is understood."""

from collections.abc import Collection
from typing import Final

from aiops.model import Oddity, names, not_understood, shared_identity, too_many_series
from aiops.model.promql import any_of, quoted
from aiops.ports import Clock
from aiops.sources.prometheus import meaning
from aiops.sources.prometheus.client import PrometheusClient

EVERY: Final = 60.0
"""Seconds for which an answer is reused."""
LOOK_BACK: Final = "10m"
ASKED: Final = 20
"""The most services whose metrics are queried: each one is a separate query."""

_HEARD: Final = f'group by (job, service_name) (last_over_time({meaning.INFO}{{job!=""}}[{LOOK_BACK}]))'
_COUNTED: Final = (
    "group by (job, service_name) (last_over_time({__name__=~"
    + any_of([name + part for name in meaning.SERVED for part in ("_count", "")])
    + f"}}[{LOOK_BACK}]))"
)
_SPANS: Final = f"group by (service) (last_over_time({meaning.SPANS}_count[{LOOK_BACK}]))"


class PrometheusSenders:
    """Asks Prometheus from time to time."""

    def __init__(self, api: PrometheusClient, clock: Clock) -> None:
        self._api, self._clock = api, clock
        self._unknown: list[Oddity] = []
        self._asked = float("-inf")

    def oddities(self, shared: Collection[str], left_out: Collection[str] = ()) -> list[Oddity]:
        """Return the peculiarities, by service; `shared` are services whose identity several processes share,
        `left_out` those with too many series. Raises SourceError."""
        now = self._clock.now()
        if not 0 <= now - self._asked < EVERY:
            self._unknown, self._asked = self._ask(now), now
        crowded = (too_many_series(one) for one in left_out)
        return sorted([*(shared_identity(one, lost=True) for one in shared), *crowded, *self._unknown])

    def _ask(self, now: float) -> list[Oddity]:
        heard = {meaning.service(one.labels): one.labels for one in self._api.instant(_HEARD, now)}
        heard.pop(names.SELF, None)
        if not heard:
            return []
        known = {meaning.service(one.labels) for one in self._api.instant(_COUNTED, now)}
        known |= {one.labels.get("service", "") for one in self._api.instant(_SPANS, now)}
        out = []
        for service in sorted(heard.keys() - known)[:ASKED]:
            which = f"{{job={quoted(heard[service].get('job', ''))},__name__!={quoted(meaning.INFO)}}}"
            found = self._api.instant(f"group by (__name__) (last_over_time({which}[{LOOK_BACK}]))", now)
            metrics = sorted({one.labels[names.NAME] for one in found if names.NAME in one.labels})
            if one := not_understood(service, metrics):
                out.append(one)
        return out
