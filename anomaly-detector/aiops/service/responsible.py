"""Who looks after a service, and who is on call for it now. Calendars are read in the background: nobody waits."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiops.model import Incident, Window
from aiops.model.catalog import Catalog, OnCall, OnCallShift, Responsible
from aiops.model.errors import SourceError
from aiops.ports import Clock
from aiops.sources import on_call

log = logging.getLogger(__name__)

AGAIN: Final = 300.0
"""Seconds after which a calendar is read again."""
STALE: Final = 900.0
"""Seconds without a reading from which it is said that the calendar may have changed."""
AHEAD: Final = 7 * 86_400.0
"""Seconds of shifts that are read ahead: as long one is named without another reading."""
BEHIND: Final = 3600.0


@dataclass(slots=True)
class _Read:
    shifts: Sequence[OnCallShift] = ()
    as_of: float | None = None
    tried: float | None = None
    problem: str = ""


@dataclass(slots=True)
class ResponsibleService:
    """The catalogue, and the calendars that it names. `read` reads the shifts of a calendar in a window."""

    catalog: Catalog
    clock: Clock
    read: Callable[[str, Window], Sequence[OnCallShift]] = on_call.shifts
    _read: dict[str, _Read] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of_incident(self, incident: Incident) -> Responsible | None:
        """Return who looks after the service to look at first; None where nothing is written down."""
        return self.of(incident.service)

    def of(self, service: str) -> Responsible | None:
        """Return who looks after a service; None where nothing is written down. Waits for nothing."""
        entry = self.catalog.services.get(service)
        if entry is None:
            return None
        return Responsible(entry, self._now(entry.on_call) if entry.on_call else None)

    def refresh(self) -> int:
        """Read the calendars whose time has come; returns how many. To be called in the background."""
        now, count = self.clock.now(), 0
        for address in sorted({one.on_call for one in self.catalog.services.values() if one.on_call}):
            with self._lock:
                known = self._read.setdefault(address, _Read())
                due = known.tried is None or not 0 <= now - known.tried < AGAIN
            if due:
                self._again(address, known, now)
                count += 1
        return count

    def _again(self, address: str, known: _Read, now: float) -> None:
        try:
            found, problem = self.read(address, Window(now - BEHIND, now + AHEAD)), ""
        except SourceError as error:
            found, problem = (), str(error)
        with self._lock:
            if problem and problem != known.problem:
                log.warning("%s", problem)
            known.tried, known.problem = now, problem
            if not problem:
                known.shifts, known.as_of = found, now

    def _now(self, address: str) -> OnCall:
        now = self.clock.now()
        with self._lock:
            known = self._read.get(address, _Read())
            shifts, as_of, problem = known.shifts, known.as_of, known.problem
        if as_of is None:
            return OnCall(problem=problem or "the calendar was not read yet")
        if not problem and now - as_of > STALE:
            problem = "the calendar was not read again"
        if now - as_of > AHEAD:
            return OnCall(as_of=as_of, problem=problem)
        present = [one for one in shifts if one.start <= now < one.end]
        return OnCall(
            names=tuple(dict.fromkeys(one.name for one in present)),
            until=min((one.end for one in present), default=None),
            as_of=as_of,
            problem=problem if now - as_of > STALE or not present else "",
        )
