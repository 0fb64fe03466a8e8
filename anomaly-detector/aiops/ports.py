"""The interfaces (ports) through which the engine reads and writes: telemetry, stores, notifications, time."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from aiops.model import (
    Announcement,
    Burn,
    Change,
    ChannelBacklog,
    Delivery,
    DeliveryPlan,
    Digest,
    Dismissal,
    DueEscalation,
    Edge,
    Finding,
    HeldDelivery,
    Incident,
    IncidentEvent,
    IncidentSilence,
    Labels,
    Ledger,
    LedgerHour,
    LogQuery,
    LogRecord,
    Oddity,
    Population,
    Selector,
    SeriesBlock,
    Span,
    Trace,
    TraceQuery,
    TraceSummary,
    Unread,
    Verdict,
    Window,
)

LONGEST_WAIT = 300.0
"""The longest time, in seconds, between two attempts to send a notification."""


class MetricSource(Protocol):
    """A source of metrics, on a grid of steps."""

    def window(self, selectors: Sequence[Selector], window: Window, step: float) -> SeriesBlock:
        """Answer all selectors on the grid window.start + k * step; counts are exact increments. Raises SourceError."""
        ...

    def complete_until(self) -> float | None:
        """Return the time up to which data may be judged: newest point minus allowed lateness; None before the first
        point."""
        ...

    def newest(self) -> float | None:
        """Return the end of the newest span or point of any service, Unix seconds; None before the first.

        It lies before `complete_until` while only older telemetry arrives: it is not clear yet whether clocks were set
        back. If they were, `complete_until` goes back as well.
        """
        ...


class Senders(Protocol):
    """A source that knows how services send their telemetry."""

    def oddities(self) -> Sequence[Oddity]:
        """Return what is peculiar about the telemetry of services, by service. Raises SourceError."""
        ...


class LogSource(Protocol):
    """A source of log records."""

    @property
    def store(self) -> str:
        """Where the records are kept, as people know it."""
        ...

    def search(self, query: LogQuery, window: Window, limit: int) -> list[LogRecord]:
        """Return at most `limit` records of the window (start, end] that match, newest first. Raises SourceError."""
        ...

    def counts(self, window: Window) -> dict[tuple[str, int], int]:
        """Return how many records there are by service and severity number (0: unknown). Raises SourceError."""
        ...


class TraceSource(Protocol):
    """A source of traces."""

    @property
    def store(self) -> str:
        """Where the traces are kept, as people know it: `the engine's own store`, `Tempo at http://tempo:3200`."""
        ...

    @property
    def most_found(self) -> int:
        """The most traces that one search finds."""
        ...

    def search(self, query: TraceQuery, window: Window, limit: int, evenly: bool = False) -> list[TraceSummary]:
        """Find at most `limit` traces that match the query by their spans that ended in the window, newest first.

        Of more, the newest are found, or with `evenly` some of every part of the window: repeated searches find the
        same. Raises SourceError."""
        ...

    def traces(self, ids: Sequence[str]) -> list[Trace]:
        """Read whole traces by id (32 hexadecimal digits), in the order asked; unknown ids are left out. Raises
        SourceError."""
        ...

    def populations(self, wanted: Sequence[Population]) -> Sequence[list[Trace] | Unread]:
        """Draw at most `limit` whole traces for each population, evenly over time slices of its window; repeated draws
        give the same traces. A trace that several populations draw is read once.

        If the question for one population is refused, only that one is Unread; the others have their traces. A store
        that may only be asked a limited number of questions at a time draws the first populations now, and the others
        when they are asked for again. Raises SourceError where there is no answer at all.
        """
        ...

    def described(self, wanted: Population) -> str:
        """Return the question for a population as a person can ask it again: TraceQL, or a call of the API."""
        ...

    def spans(self, window: Window, most: int) -> tuple[list[Span], bool]:
        """Return the spans that ended in the window, by their end, and whether these are all: a store that cannot be
        asked for all gives those of some traces. Raises TooMuch for more than `most`, or SourceError."""
        ...


class TopologySource(Protocol):
    """A source of the calls between services."""

    def edges(self, window: Window) -> list[Edge]:
        """Return the edges with calls that ended in the window, by caller and callee. Raises SourceError."""
        ...


class VerdictStore(Protocol):
    """A store of the detector's verdicts."""

    def record(self, verdicts: Sequence[Verdict]) -> None:
        """Store verdicts; storing the same verdict again changes nothing. Raises SourceError."""
        ...

    def history(self, service: str, route: str, window: Window, most: int = 0, every: float = 0.0) -> list[Verdict]:
        """Return the verdicts of a route by time; an empty route matches all. every: of each series and family only
        the last one in each slice of so many seconds, which may be dated at the end of its slice (0: all, with their
        own times). Raises TooMuch for more than `most` (0: any number)."""
        ...

    def latest(self, window: Window, most: int = 0) -> list[Verdict]:
        """Return the last verdict of the window on every series and family, by series and family. Raises TooMuch for
        more than `most` (0: any number)."""
        ...

    def of(self, series: Sequence[Labels], window: Window, most: int = 0) -> list[Verdict]:
        """Return the verdicts of given series, in all families, by time. Raises TooMuch for more than `most` (0: any
        number), or SourceError."""
        ...


class EdgeSink(Protocol):
    """A receiver of the calls between services."""

    def record(self, edges: Sequence[Edge], at: float) -> None:
        """Publish the edges as they were at a time (Unix seconds). Raises SourceError."""
        ...


class IncidentStore(Protocol):
    """A store of incidents. Every method may raise StoreError."""

    def active(self) -> list[Incident]:
        """Return open and acknowledged incidents, oldest first."""
        ...

    def resolved_since(self, at: float) -> list[Incident]:
        """Return the incidents that were resolved at a time (Unix seconds) or later."""
        ...

    def latest(self, fingerprint: str) -> Incident | None:
        """Return the incident with this fingerprint that was resolved last; merged incidents are left out."""
        ...

    def count(self) -> int:
        """Return the highest number that an incident was ever given; 0 before the first."""
        ...

    def get(self, name: str) -> Incident | None:
        """Return an incident by its id or key; None where there is none."""
        ...

    def changes(self, since: float, until: float) -> Sequence[Change]:
        """Return the changes that were reported between two times (Unix seconds), oldest first."""
        ...

    def dismissals(self, now: float) -> Sequence[Dismissal]:
        """Return what people said is not an incident, as far as that is in force at a time (Unix seconds)."""
        ...

    def silences(self, now: float) -> Sequence[IncidentSilence]:
        """Return the silences that are in force at a time (Unix seconds)."""
        ...

    def save_cycle(
        self,
        watermark: float,
        now: float,
        findings: Sequence[Finding],
        events: Sequence[IncidentEvent],
        ledger: Ledger | None = None,
    ) -> None:
        """Write findings, incidents, announcements, the counts of objectives and the watermark in one transaction;
        saving the same again changes nothing.

        Raises StoreError.
        """
        ...


class ObjectiveStore(Protocol):
    """A store of the counts and burn records of objectives. Every method may raise StoreError."""

    def ledger(self) -> tuple[list[LedgerHour], float]:
        """Return all hours, and the end of the last step that they include (0: none)."""
        ...

    def counted(self) -> float:
        """Return the end of the last step that the ledger includes (0: none)."""
        ...

    def burning(self) -> list[Burn]:
        """Return the burn records that have no end yet."""
        ...


class Outbox(Protocol):
    """The store of announcements, and of their deliveries to channels. Every method may raise StoreError."""

    def unplanned(self) -> list[Announcement]:
        """Return the oldest announcements whose channels are not chosen yet."""
        ...

    def told(self, subject: str) -> set[str]:
        """Return the channels that were told of a subject by its key, or will be."""
        ...

    def plan(self, one: Announcement, plan: DeliveryPlan, now: float) -> None:
        """Store where an announcement goes, in one transaction with the escalations that it begins or stops."""
        ...

    def due(self, channel: str, now: float) -> list[Delivery]:
        """Return the oldest waiting delivery of each subject to a channel, if its next attempt is due."""
        ...

    def done(self, one: Delivery, channel: str, at: float, outcome: str, reference: str | None = None) -> None:
        """Mark a delivery as `sent` or `refused` at a time (Unix seconds), with what the channel calls the message."""
        ...

    def failed(self, one: Delivery, channel: str, at: float, wait: float) -> None:
        """Store that an attempt failed at a time (Unix seconds), and after how many seconds the next one is due."""
        ...

    def held(self, channel: str, now: float) -> list[HeldDelivery]:
        """Return what a channel was spared in quiet hours that are over, oldest first."""
        ...

    def release(
        self, channel: str, sent: Collection[int], dropped: Collection[int], digest: Digest | None, now: float
    ) -> None:
        """End quiet hours of a channel: send these messages now, never send those, and send a digest, in one
        transaction."""
        ...

    def adopt(self, channels: Collection[str]) -> int:
        """Plan anew what waits for channels that are no longer configured; returns how many deliveries these are."""
        ...

    def backlog(self, channel: str) -> ChannelBacklog:
        """Return what waits for a channel."""
        ...


class Escalations(Protocol):
    """The store of the steps of escalations. Every method may raise StoreError."""

    def due(self, now: float) -> list[DueEscalation]:
        """Return the steps that are due, of incidents that nobody acknowledged."""
        ...

    def escalate(self, one: DueEscalation, channels: Sequence[str], now: float) -> None:
        """Announce a step to its channels and mark it as done, in one transaction."""
        ...


class Notifier(Protocol):
    """A way to notify people."""

    def send(self, one: Delivery) -> str | None:
        """Send one message. Returns what the receiver calls it, to be given with the next one about the same subject;
        None where that does not matter.

        Raises OSError where it was not taken: it is sent again later. Raises NotTaken where it says when, or that the
        same message will never be taken."""
        ...


class Forecast(Protocol):
    """A forecast of the number of events."""

    def events(self, slo: str, group: Labels, window: Window) -> float | None:
        """Return how many events of a group of an objective are expected in a window; None where nothing is known."""
        ...


BurnRates = Mapping[tuple[str, Labels], Mapping[int, float]]
"""Burn rates by objective and group, then by window (seconds)."""


class RuledBurns(Protocol):
    """The burn rates that Prometheus' own rules recorded."""

    def burn_rates(self, at: float) -> BurnRates:
        """Return the recorded burn rates at a time (Unix seconds). A group holds all labels of the recorded series
        except its name and the objective's name: the labels that the objective is split by, and others. Raises
        SourceError."""
        ...


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> float:
        """Return the current time in Unix seconds."""
        ...
