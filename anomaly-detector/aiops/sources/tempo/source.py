"""Tempo as one thing: what bootstrap builds and closes."""

from aiops.http import Endpoint
from aiops.model import Window
from aiops.sources.tempo.api import SERVICE_TAG, Api, Measured
from aiops.sources.tempo.calls import Callees
from aiops.sources.tempo.reader import Reader
from aiops.sources.tempo.topology import TempoTopology
from aiops.sources.tempo.traces import SECONDS, TempoTraces


class TempoSource:
    """Ports over one Tempo: `traces`, and `topology` from a sample of them. Nothing is asked before it is needed.

    What ended within Tempo's `query_end_cutoff` (30 s unless set) is found by id only.
    """

    def __init__(self, endpoint: Endpoint, reads: int = 1, seconds: float = SECONDS) -> None:
        """`reads` whole traces are read at a time; after so many seconds a call begins no further population."""
        self._api = Api(endpoint)
        self._reader = Reader(self._api, reads)
        callees = Callees()
        self.traces = TempoTraces(self._reader, callees, seconds)
        self.topology = TempoTopology(self._reader, callees)

    def ready(self) -> None:
        """Return when Tempo answers queries; raises SourceError that says what is the matter."""
        self._api.ready()

    def values(self, tag: str, window: Window, where: str = "") -> list[str]:
        """List the values of a tag such as `resource.service.name` on spans in the window, sorted; `where` is TraceQL
        that selects spans. Raises SourceError."""
        return self._api.values(tag, window, where)

    def measure(self, query: str, window: Window, step: float) -> list[Measured]:
        """Ask a TraceQL metrics query of at most 24 h, a value each `step` seconds. Raises SourceError."""
        return self._api.measure(query, window, step)

    def rates(self, window: Window, step: float) -> dict[str, Measured]:
        """Requests a second that each service served, by service. Raises SourceError."""
        query = f"{{ kind = server }} | rate() by ({SERVICE_TAG})"
        return {dict(one.labels).get(SERVICE_TAG, ""): one for one in self.measure(query, window, step)}

    def close(self) -> None:
        self._reader.close()
