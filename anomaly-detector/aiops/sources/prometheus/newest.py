"""How far the telemetry in Prometheus reaches."""

from typing import Final

from aiops.ports import Clock
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.meaning import INFO, SERVED

LOOK_BACK: Final = "6h"
FRESH: Final = 1.0
"""Seconds for which an answer is reused: a cycle asks three times."""

_COUNTED: Final = tuple(one + part for one in SERVED for part in ("_count", ""))
_NOW: Final = "max(" + " or ".join(f"timestamp({name})" for name in (INFO, *_COUNTED)) + ")"
_LATELY: Final = f"max(max_over_time(timestamp({INFO})[{LOOK_BACK}:1m]))"


class Newest:
    """The time of the newest point of any service. It never goes back: Prometheus accepts nothing that is much
    older."""

    def __init__(self, api: PrometheusClient, clock: Clock) -> None:
        self._api, self._clock = api, clock
        self._newest: float | None = None
        self._asked = float("-inf")

    def ask(self) -> float | None:
        """Return the time, Unix seconds; None before the first point. Raises SourceError."""
        now = self._clock.now()
        if 0 <= now - self._asked < FRESH:
            return self._newest
        points = self._api.instant(_NOW, now)
        if not points and self._newest is None:
            points = self._api.instant(_LATELY, now)  # for an engine that starts after everything else has stopped
        if points:
            self._newest = max(self._newest or 0.0, points[0].value)
        self._asked = now
        return self._newest
