"""What the engine needs from the world."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from aiops.model import (
    Announcement,
    Burn,
    Edge,
    Finding,
    Incident,
    IncidentEvent,
    Labels,
    Ledger,
    LedgerHour,
    Oddity,
    Population,
    Selector,
    SeriesBlock,
    Trace,
    TraceQuery,
    TraceSummary,
    Unread,
    Verdict,
    Window,
)

LONGEST_WAIT = 300.0
"""Seconds between two tries to tell somebody of an incident, at most."""


class SourceError(Exception):
    """A source could not answer; the message says which, why and what to do. The cycle goes on without it."""


class StoreError(Exception):
    """The incident store cannot be used; the message says why and what to do. Nothing was written."""


class NotFound(LookupError):
    """There is no such thing; the message names it."""


class TooMuch(Exception):
    """The answer would be larger than the question allows; the message says by how much."""


class MetricSource(Protocol):
    def window(self, selectors: Sequence[Selector], window: Window, step: float) -> SeriesBlock:
        """Answer all selectors on the grid window.start + k * step; counts are exact increments. Raises SourceError."""
        ...

    def complete_until(self) -> float | None:
        """The time up to which data may be judged: newest point minus allowed lateness; None before the first."""
        ...

    def newest(self) -> float | None:
        """End time of the newest span or point of any service; None before the first.

        It lies before `complete_until` while only such telemetry comes: it is not clear yet whether clocks were set
        back. If they were, `complete_until` goes back as well."""
        ...


class Senders(Protocol):
    def oddities(self) -> Sequence[Oddity]:
        """What is odd about the way in which services send, by service. Raises SourceError."""
        ...


class TraceSource(Protocol):
    def search(self, query: TraceQuery, window: Window, limit: int) -> list[TraceSummary]: ...

    def traces(self, ids: Sequence[str]) -> list[Trace]: ...

    def populations(self, wanted: Sequence[Population]) -> Sequence[list[Trace] | Unread]:
        """Draw at most `limit` whole traces for each, evenly over time slices of its window; the same ones each time.
        A trace that several draw is read once.

        What is refused for one is that one's fault, and the others have their traces. A store that may only be asked so
        much at a time draws the first ones, and the others when they are asked for again. Raises SourceError where
        there is no answer at all."""
        ...


class TopologySource(Protocol):
    def edges(self, window: Window) -> list[Edge]: ...


class VerdictStore(Protocol):
    def record(self, verdicts: Sequence[Verdict]) -> None: ...

    def history(self, service: str, route: str, window: Window, most: int = 0) -> list[Verdict]:
        """By time; an empty route matches every one. Raises TooMuch for more than `most` (0: any number)."""
        ...


class EdgeSink(Protocol):
    def record(self, edges: Sequence[Edge], at: float) -> None:
        """Publish the calls between services as they were at a time. Raises SourceError."""
        ...


class IncidentStore(Protocol):
    def active(self) -> list[Incident]: ...

    def resolved_since(self, at: float) -> list[Incident]: ...

    def latest(self, fingerprint: str) -> Incident | None:
        """The one with this fingerprint that was resolved last, but for merged ones."""
        ...

    def count(self) -> int: ...

    def get(self, name: str) -> Incident | None:
        """By id or key."""
        ...

    def save_cycle(
        self,
        watermark: float,
        now: float,
        findings: Sequence[Finding],
        events: Sequence[IncidentEvent],
        ledger: Ledger | None = None,
    ) -> None:
        """Write findings, incidents, announcements, what objectives counted and the watermark in one transaction;
        saving again changes nothing.

        Raises StoreError."""
        ...


class ObjectiveStore(Protocol):
    def ledger(self) -> tuple[list[LedgerHour], float]:
        """All hours, and the end of the last step that is in them (0: none)."""
        ...

    def counted(self) -> float:
        """End of the last step that is in the ledger (0: none)."""
        ...

    def burning(self) -> list[Burn]:
        """The records that have no end yet."""
        ...


class Outbox(Protocol):
    def unsent(self, now: float) -> list[Announcement]:
        """What waits for its next attempt, oldest first."""
        ...

    def sent(self, number: int, at: float) -> None: ...

    def failed(self, number: int, attempts: int, next_attempt: float) -> None: ...


class Notifier(Protocol):
    def send(self, transition: str, subject: Incident | Burn) -> None:
        """Tell somebody of one transition. Raises OSError when they cannot be reached: it is tried again later."""
        ...


class Forecast(Protocol):
    def events(self, slo: str, group: Labels, window: Window) -> float | None:
        """How many events of an objective's group are to come in a window; None where nothing is known."""
        ...


BurnRates = Mapping[tuple[str, Labels], Mapping[int, float]]
"""By objective and group: the burn rate over each window (seconds)."""


class RuledBurns(Protocol):
    def burn_rates(self, at: float) -> BurnRates:
        """What Prometheus' own rules say at a time. A group is all labels of what they recorded but its name and the
        objective's: those that an objective is split by, and others. Raises SourceError."""
        ...


class Clock(Protocol):
    def now(self) -> float: ...
