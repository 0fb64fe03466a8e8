"""Log records of the store that the engine uses, where there is one."""

from dataclasses import dataclass
from typing import Final

from aiops.engine import Engine
from aiops.model import LogQuery, LogRecord, Trace, Window
from aiops.model.errors import NotFound, SourceError

OF_TRACE: Final = 200
"""The most records that are shown with a trace."""
AROUND_SECONDS: Final = 60.0
"""How far from a trace, in time, its records may be."""


@dataclass(slots=True)
class LogService:
    """Log records."""

    engine: Engine

    def search(self, query: LogQuery, window: Window, limit: int) -> list[LogRecord]:
        """Return records of a window, newest first. Raises SourceError, NotFound where no logs are kept."""
        if self.engine.logs is None:
            raise NotFound("this engine keeps no logs: its traces and metrics come from other stores")
        return self.engine.logs.search(query, window, limit)

    def of_trace(self, trace: Trace) -> list[LogRecord]:
        """Return the records of a trace, oldest first; none where they cannot be read."""
        if self.engine.logs is None or len(trace.trace_id) != 32 or not trace.spans:
            return []
        start = min(one.start for one in trace.spans) - AROUND_SECONDS
        end = max(one.end for one in trace.spans) + AROUND_SECONDS
        query = LogQuery(trace_id=trace.trace_id)
        try:
            return self.engine.logs.search(query, Window(start, end), OF_TRACE)[::-1]
        except SourceError:
            return []
