"""Sources that are not under test."""

from collections.abc import Sequence

from aiops.model import Edge, Labels, Population, Span, Trace, TraceQuery, TraceSummary, Verdict, Window


class NoTelemetry:
    """A source without traces and calls, and a store that drops verdicts: for a cycle in which only metrics matter."""

    store = "no store"

    most_found = 0

    def search(self, _query: TraceQuery, _window: Window, _limit: int, _evenly: bool = False) -> list[TraceSummary]:
        """Return no traces."""
        return []

    def traces(self, _ids: Sequence[str]) -> list[Trace]:
        """Return no traces."""
        return []

    def populations(self, wanted: Sequence[Population]) -> list[list[Trace]]:
        """Return an empty list for each population."""
        return [[] for _ in wanted]

    def described(self, _wanted: Population) -> str:
        """Return no question."""
        return ""

    def spans(self, _window: Window, _most: int) -> tuple[list[Span], bool]:
        """Return no spans."""
        return [], True

    def edges(self, _window: Window) -> list[Edge]:
        """Return no edges."""
        return []

    def record(self, _verdicts: Sequence[Verdict]) -> None:
        """Drop the verdicts."""
        ...

    def latest(self, _window: Window, _most: int = 0) -> list[Verdict]:
        """Return no verdicts."""
        return []

    def history(
        self, _service: str, _route: str, _window: Window, _most: int = 0, _every: float = 0.0
    ) -> list[Verdict]:
        """Return no verdicts."""
        return []

    def of(self, _series: Sequence[Labels], _window: Window, _most: int = 0) -> list[Verdict]:
        """Return no verdicts."""
        return []
