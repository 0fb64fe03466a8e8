"""The calls between services, from the service graph that Tempo's metrics-generator writes to Prometheus: the
TopologySource."""

from collections import Counter
from typing import Final

from aiops.model import VIRTUAL, Edge, Window
from aiops.model.promql import quoted
from aiops.sources.common.caps import Roll
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.folding import calls
from aiops.sources.prometheus.meaning import CALL_SECONDS, CALLS, FAILED_CALLS

CALL_COUNT: Final = CALL_SECONDS.removesuffix("_sum") + "_count"
SHORTEST: Final = 60.0
"""The shortest window in seconds: `increase` needs two samples of a counter."""


class PrometheusTopology:
    """Edges with their rates over a window. Rates are estimates (`increase` extrapolates); the judged counts are exact
    and come from elsewhere."""

    def __init__(self, api: PrometheusClient, roll: Roll | None = None) -> None:
        """Read edges through a PrometheusClient; `roll` has the names that are told apart."""
        self._api, self._roll = api, roll or Roll()

    def edges(self, window: Window) -> list[Edge]:
        """Return every edge that carried a request, by caller and callee. Raises SourceError."""
        seconds = max(window.seconds, SHORTEST)
        total = self._increases(CALLS, window.end, seconds)
        failed = self._increases(FAILED_CALLS, window.end, seconds)
        took = self._increases(CALL_SECONDS, window.end, seconds)
        timed = self._increases(CALL_COUNT, window.end, seconds)
        answering = {(caller, callee) for caller, callee, connection in total if not connection}
        out: dict[tuple[str, str], Edge] = {}
        for caller, callee in sorted({(caller, callee) for caller, callee, _ in total}):
            requests, bad, spent, measured = (
                sum(value for key, value in one.items() if key[:2] == (caller, callee))
                for one in (total, failed, took, timed)
            )
            if requests > 0:
                out[caller, callee] = Edge(
                    caller=caller,
                    callee=callee,
                    rate=requests / seconds,
                    error_ratio=min(bad / requests, 1.0),
                    latency=spent / measured if measured > 0 else 0.0,
                    connection="" if (caller, callee) in answering else VIRTUAL,
                )
        return list(out.values())

    def _increases(self, name: str, at: float, seconds: float) -> dict[tuple[str, str, str], float]:
        of = f"{name}{{client!={quoted('user')},client!={quoted('')},server!={quoted('')}}}"
        by = "client, server, connection_type"
        points = self._api.instant(f"sum by ({by}) (increase({of}[{round(seconds)}s]))", at)
        out: Counter[tuple[str, str, str]] = Counter()
        for one in points:
            caller, callee = calls(one.labels["client"], one.labels["server"], self._roll)
            out[caller, callee, one.labels.get("connection_type", "")] += one.value  # type: ignore[assignment]
        return dict(out)
