"""Traces: searched, selected and compared, and one of them with what belongs to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from aiops import explain
from aiops.engine import Engine
from aiops.model import (
    AttributeDifference,
    Incident,
    IncidentEvidence,
    IncidentFilter,
    Trace,
    TraceQuery,
    TraceSummary,
    Window,
    iso,
)
from aiops.model.errors import NotFound, SourceError
from aiops.presentation.trace_search import TraceSearch
from aiops.store import SqlIncidents

COMPARED: Final = 60
"""The most traces of each side that are read whole to be compared."""
DIFFERENCES: Final = 12
USUAL_SECONDS: Final = 3600.0
"""How long before a trace a usual one may be."""
USUAL: Final = 40
"""The most traces among which a usual one is chosen."""
INCIDENTS: Final = 50
"""The most incidents of the time around a trace that are asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTraces:
    """What a search found, newest first: of at most `most`, the `selected` ones and the rest. Without a selection all
    are the rest. `differences` are what the selected ones have in common, from `compared` traces of each side."""

    store: str
    most: int
    selected: tuple[TraceSummary, ...]
    rest: tuple[TraceSummary, ...]
    compared: tuple[int, int] = (0, 0)
    differences: tuple[AttributeDifference, ...] = ()

    @property
    def traces(self) -> list[TraceSummary]:
        """All of them, newest first."""
        return sorted((*self.selected, *self.rest), key=lambda one: (-one.found.end, one.trace_id))

    @property
    def complete(self) -> bool:
        """Whether these are all traces that match."""
        return len(self.selected) + len(self.rest) < self.most


@dataclass(slots=True)
class TraceService:
    """Traces of the store that the engine uses. Every method may raise SourceError."""

    engine: Engine
    store: SqlIncidents

    def search(self, asked: TraceSearch) -> FoundTraces:
        """Search traces, of many some of every part of the time, and compare the selected ones with the rest."""
        source = self.engine.traces
        most = source.most_found
        found = source.search(asked.query, asked.window, most, True)
        box = asked.box
        selected = tuple(one for one in found if box is not None and box.holds(one))
        ids = {one.trace_id for one in selected}
        rest = tuple(one for one in found if one.trace_id not in ids)
        sides = (_evenly(selected, COMPARED), _evenly(rest, COMPARED)) if selected and rest else ((), ())
        whole = {one.trace_id: one for one in source.traces([*sides[0], *sides[1]])} if sides[0] else {}
        read = [[whole[one] for one in side if one in whole] for side in sides]
        return FoundTraces(
            store=source.store,
            most=most,
            selected=selected,
            rest=rest,
            compared=(len(read[0]), len(read[1])),
            differences=explain.differences(read[0], read[1], DIFFERENCES),
        )

    def usual(self, trace: Trace) -> str:
        """Return the id of a trace to compare with: of the same root service and operation, that did not fail, of the
        hour before the one that took the median time; of equals the latest. Where an incident was open when the trace
        began, the hour before that counts. Raises NotFound where there is none, StoreError."""
        first = explain.begins(trace)
        if first is None:
            raise NotFound(f"in trace {trace.trace_id} no service serves a request, so that there is none like it")
        began = first.start
        open_ = [one.onset for one in self._near(trace) if one.onset <= began <= (one.resolved_at or began)]
        until = min((began, *open_))
        query = TraceQuery(service=first.service, route=first.operation, failed=False)
        window = Window(max(until - USUAL_SECONDS, 0.0), until)
        alike = [one for one in self.engine.traces.search(query, window, USUAL, True) if not one.failed]
        if not alike:
            raise NotFound(
                f"there is no request to {first.service} {first.operation} without a failure from "
                f"{iso(window.start)} to {iso(window.end)}"
            )
        middle = median(one.found.duration for one in alike)
        return min(alike, key=lambda one: (abs(one.found.duration - middle), -one.found.start, one.trace_id)).trace_id

    def compared(self, evidence: IncidentEvidence | None) -> tuple[Trace, Trace] | None:
        """Return a bad trace of an incident's evidence and a good one of the same route, the clearest; None where none
        is named, or they cannot be read any more."""
        anatomy = evidence.anatomy if evidence is not None else None
        good = {(one.service, one.operation): one.trace_id for one in reversed(anatomy.good)} if anatomy else {}
        pairs = (
            (one.trace_id, good[one.service, one.operation])
            for one in (anatomy.bad if anatomy else ())
            if (one.service, one.operation) in good
        )
        if (ids := next(pairs, None)) is None:
            return None
        try:
            found = {one.trace_id: one for one in self.engine.traces.traces(ids) if one.spans}
        except SourceError:
            return None
        return (found[ids[0]], found[ids[1]]) if set(ids) <= found.keys() else None

    def evidence_of(self, trace: Trace) -> list[Incident]:
        """Return the incidents that name a trace as evidence, newest first. Raises StoreError."""
        return [one for one in self._near(trace) if trace.trace_id in _named(one)]

    def _near(self, trace: Trace) -> list[Incident]:
        """Return incidents of the time around a trace, newest first."""
        start, end = min(one.start for one in trace.spans), max(one.end for one in trace.spans)
        return self.store.page(IncidentFilter(since=start - 86_400.0, until=end + 3600.0), limit=INCIDENTS)[0]


def _named(of: Incident) -> set[str]:
    first = of.first_failing_span
    return {*of.trace_correlation.trace_ids, of.trace_correlation.trace_id, first.trace_id if first else ""}


def _evenly(found: Sequence[TraceSummary], most: int) -> tuple[str, ...]:
    """Return the ids of some traces, from the newest to the oldest."""
    every = max(len(found) / most, 1.0)
    return tuple(found[int(at * every)].trace_id for at in range(min(len(found), most)))
