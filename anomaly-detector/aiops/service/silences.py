"""Silences: nothing about the incidents that they match is announced until they end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Final

from sqlalchemy import Executable

from aiops.engine import Engine
from aiops.model import Actor, AuditEntry, Incident, IncidentSilence, Maintenance, SilenceMatcher, Window, iso
from aiops.model.errors import NotFound, NotPossible
from aiops.presentation.trace_search import BadParameter
from aiops.service.incidents import IncidentService
from aiops.store.silences import SqlSilences

LONGEST: Final = 30 * 86_400.0
LISTED: Final = 30 * 86_400.0
"""Seconds for which a silence that ended is listed."""
REASON: Final = (3, 1000)
"""The fewest and the most characters of a reason."""


@dataclass(frozen=True, slots=True)
class PlannedMaintenance:
    """Maintenance, with the window that is in progress and the next one."""

    plan: Maintenance
    current: Window | None
    following: Window | None


@dataclass(slots=True)
class SilenceService:
    """Silences. Every method may raise StoreError."""

    engine: Engine
    incidents: IncidentService
    store: SqlSilences

    def listed(self) -> list[IncidentSilence]:
        """Return the silences that are in force or ended lately, what ends last first."""
        return self.store.listed(self.engine.clock.now() - LISTED)

    def maintenance(self) -> list[PlannedMaintenance]:
        """Return what is planned for maintenance, what is in progress or comes next first; past windows are left
        out."""
        now = self.engine.clock.now()
        found = [PlannedMaintenance(one, one.current(now), one.following(now)) for one in self.plans]
        coming = [(one.current or one.following, one) for one in found]
        return [one for window, one in sorted(((w, o) for w, o in coming if w), key=lambda each: each[0].start)]

    @property
    def plans(self) -> Sequence[Maintenance]:
        """What the calendar plans."""
        return self.engine.detector.calendar.maintenance

    def muted(self) -> list[Incident]:
        """Return the open incidents that are not announced, oldest first."""
        return [one for one in self.incidents.store.active() if one.mute is not None]

    def add(self, matcher: SilenceMatcher, until: float, reason: str, everything: bool, by: Actor) -> IncidentSilence:
        """Make a silence until a time (Unix seconds). Incidents that it matches are muted at once. Raises BadParameter;
        one that matches every incident must say so with `everything`."""
        with self.engine.lock:
            now = self.engine.clock.now()
            wanted_time(until, now)
            wanted_reason(reason)
            if matcher.everything != everything:
                raise BadParameter(
                    "everything",
                    "must be true for a silence without a matcher, because it matches every incident"
                    if matcher.everything
                    else "matches every incident, so that no other matcher may be given",
                )
            one = IncidentSilence(
                id=token_hex(4), created_at=now, created_by=by.name, until=until, reason=reason, matcher=matcher
            )
            self._store(one, by, "silence", f"{_what(matcher)} until {iso(until)}: {reason}", self.store.added(one))
            return one

    def end(self, id_: str, by: Actor) -> IncidentSilence:
        """End a silence now. Incidents that are still open are announced. Raises NotFound, and NotPossible when it has
        ended."""
        with self.engine.lock:
            now, one = self.engine.clock.now(), self.store.get(id_)
            if one is None:
                raise NotFound(f"there is no silence {id_}")
            if not one.lasts(now):
                raise NotPossible(f"silence {id_} ended at {iso(min(one.until, one.ended_at or one.until))}")
            one = replace(one, ended_at=now, ended_by=by.name)
            self._store(one, by, "end silence", f"{_what(one.matcher)}: {one.reason}", self.store.ended(one))
            return one

    def _store(self, one: IncidentSilence, by: Actor, what: str, text: str, statement: Executable) -> None:
        """Store a silence together with the incidents that it mutes, or no longer mutes."""
        now = self.engine.clock.now()
        others = [each for each in self.incidents.store.silences(now) if each.id != one.id]
        events = self.engine.muted([], self.incidents.store.active(), now, [*others, one])
        entry = AuditEntry(at=now, by=by, what=what, subject=one.id, text=text)
        self.incidents.store.act_on(events, entry, statement)
        self.incidents.health.forget()


def wanted_time(until: float, now: float) -> None:
    """Raise BadParameter where a silence cannot last until this time."""
    if not now < until <= now + LONGEST:
        raise BadParameter("until", f"must lie in the next {LONGEST / 86_400:.0f} days")


def wanted_reason(reason: str) -> None:
    """Raise BadParameter where a reason is missing, too long or of more than one line."""
    least, most = REASON
    if not least <= len(reason) <= most or not reason.isprintable():
        raise BadParameter("reason", f"must say why, with {least} to {most} characters in one line")


def _what(matcher: SilenceMatcher) -> str:
    return ", ".join(f"{name} {value}" for name, value in matcher.given.items()) or "every incident"
