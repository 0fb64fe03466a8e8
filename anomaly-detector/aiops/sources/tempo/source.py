"""Tempo as a whole: what bootstrap builds and closes."""

from aiops.http import Endpoint
from aiops.model import Window
from aiops.sources.tempo.calls import KnownCallees
from aiops.sources.tempo.client import SERVICE_TAG, MetricsSeries, TempoClient
from aiops.sources.tempo.reader import TraceReader
from aiops.sources.tempo.topology import TempoTopology
from aiops.sources.tempo.traces import POPULATION_SECONDS, TempoTraces


class TempoSource:
    """The ports on one Tempo: `traces`, and `topology` from a sample of them. Nothing is queried before it is needed.

    Traces that ended within Tempo's `query_end_cutoff` (30 s by default) are found by id only.
    """

    def __init__(self, endpoint: Endpoint, reads: int = 1, seconds: float = POPULATION_SECONDS) -> None:
        """Connect to Tempo. `reads` whole traces are read in parallel; after `seconds` a call begins no further
        population."""
        self._api = TempoClient(endpoint)
        self._reader = TraceReader(self._api, reads)
        callees = KnownCallees()
        self.traces = TempoTraces(self._reader, callees, seconds)
        self.topology = TempoTopology(self._reader, callees)

    def ready(self) -> None:
        """Return when Tempo answers queries. Raises SourceError with the reason."""
        self._api.ready()

    def values(self, tag: str, window: Window, where: str = "") -> list[str]:
        """Return the values of a tag such as `resource.service.name` on spans in the window, sorted; `where` is TraceQL
        that selects spans. Raises SourceError."""
        return self._api.values(tag, window, where)

    def measure(self, query: str, window: Window, step: float) -> list[MetricsSeries]:
        """Return a TraceQL metrics query over at most 24 h, one value per `step` seconds. Raises SourceError."""
        return self._api.measure(query, window, step)

    def rates(self, window: Window, step: float) -> dict[str, MetricsSeries]:
        """Return the requests per second that each service served, by service. Raises SourceError."""
        query = f"{{ kind = server }} | rate() by ({SERVICE_TAG})"
        return {dict(one.labels).get(SERVICE_TAG, ""): one for one in self.measure(query, window, step)}

    def close(self) -> None:
        """Close all connections."""
        self._reader.close()
