"""Planned maintenance: windows of time that come once or again and again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from aiops.model.window import Window


class Recurrence(Protocol):
    """When something begins, as a rule of RFC 5545 gives it."""

    def before(self, dt: datetime, inc: bool = False) -> datetime | None:
        """Return the last time before another, or at it with `inc`."""
        ...

    def after(self, dt: datetime, inc: bool = False) -> datetime | None:
        """Return the first time after another, or at it with `inc`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """Maintenance of services, of all where none is named. It lasts `seconds` after each beginning."""

    name: str
    reason: str
    beginnings: Recurrence
    seconds: float
    services: frozenset[str] = frozenset()

    def current(self, now: float) -> Window | None:
        """Return the window at a time (Unix seconds); None between two."""
        began = self.beginnings.before(datetime.fromtimestamp(now, UTC), inc=True)
        if began is None or now >= began.timestamp() + self.seconds:
            return None
        return Window(began.timestamp(), began.timestamp() + self.seconds)

    def following(self, now: float) -> Window | None:
        """Return the next window that begins after a time (Unix seconds); None after the last."""
        begins = self.beginnings.after(datetime.fromtimestamp(now, UTC))
        return None if begins is None else Window(begins.timestamp(), begins.timestamp() + self.seconds)

    def concerns(self, services: Sequence[str]) -> bool:
        """Whether one of these services is maintained."""
        return not self.services or not self.services.isdisjoint(services)
