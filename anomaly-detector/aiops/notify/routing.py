"""Which channels a message goes to, and when: the routes in their order, quiet hours, and steps of escalation."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from aiops.model import (
    BURNS_NO_MORE,
    Announcement,
    DeliveryPlan,
    EscalationStep,
    Incident,
    IncidentState,
    Severity,
    Transition,
    subject_services,
    subject_severity,
)
from aiops.notify.hours import Hours

FOLLOWING = (str(Transition.ACKNOWLEDGED), str(Transition.RESOLVED), BURNS_NO_MORE)
"""Transitions that everybody hears who heard of the subject before."""
_BEGINNING = (Transition.OPENED, Transition.REOPENED, Transition.CHANGED)
_KINDS = {True: "incident", False: "burn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMatch:
    """What a route is for; an empty field matches everything. severity: at least. services: patterns such as
    `payment*`. kinds: incident, burn."""

    severity: Severity | None = None
    services: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    transitions: frozenset[str] = frozenset()
    hours: Hours | None = None

    def refuses(self, one: Announcement, at: float) -> str:
        """Say why a message does not match at a time (Unix seconds); "" where it does."""
        severity, services = subject_severity(one.subject), subject_services(one.subject)
        kind = _KINDS[isinstance(one.subject, Incident)]
        if self.severity is not None and severity.rank < self.severity.rank:
            return f"severity {severity} is below {self.severity}"
        if self.services and not any(fnmatchcase(name, glob) for name in services for glob in self.services):
            return f"{', '.join(services) or 'no service'} is not like {', '.join(self.services)}"
        if self.kinds and kind not in self.kinds:
            return f"it is for {', '.join(sorted(self.kinds))}, not for {kind}"
        if self.transitions and one.transition not in self.transitions:
            return f"it is for {', '.join(sorted(self.transitions))}, not for {one.transition}"
        return "it is outside of its hours" if self.hours is not None and not self.hours.contain(at) else ""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which a route is held back, except at a severity or above."""

    hours: Hours
    unless: Severity | None = None

    def until(self, severity: Severity, at: float) -> float | None:
        """Return until when a message is held back, Unix seconds; None where it is not."""
        if self.unless is not None and severity.rank >= self.unless.rank:
            return None
        return self.hours.end_after(at)


@dataclass(frozen=True, slots=True)
class FurtherChannels:
    """Further channels, `after` so many seconds in which nobody acknowledged."""

    after: float
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where the messages go that match. goes_on: routes after it are looked at as well."""

    name: str
    match: RouteMatch = RouteMatch()
    channels: tuple[str, ...]
    goes_on: bool = False
    quiet: Quiet | None = None
    steps: tuple[FurtherChannels, ...] = ()

    @property
    def reaches(self) -> tuple[str, ...]:
        """All channels, with those of its steps."""
        return (*self.channels, *(name for step in self.steps for name in step.channels))


@dataclass(frozen=True, slots=True)
class RouteVerdict:
    """What a route does with a message: why it does not match, "" where it does; `not reached` after one that
    ended the search. held: until when (Unix seconds)."""

    route: Route
    refused: str
    held: float | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """All routes. default: channels of messages that no route matches. always: channels of every message."""

    routes: tuple[Route, ...] = ()
    default: tuple[str, ...] = ()
    always: tuple[str, ...] = ()

    def verdicts(self, one: Announcement, at: float) -> Iterator[RouteVerdict]:
        """Yield what each route does with a message at a time (Unix seconds), in their order."""
        ended = ""
        for route in self.routes:
            refused = f"`{ended}` comes before it and ends the search" if ended else route.match.refuses(one, at)
            quiet = route.quiet.until(subject_severity(one.subject), at) if route.quiet and not refused else None
            yield RouteVerdict(route, refused, quiet)
            if not refused and not route.goes_on:
                ended = route.name

    def plan(self, one: Announcement, at: float, told: frozenset[str] = frozenset()) -> DeliveryPlan:
        """Return where a message goes at a time (Unix seconds). told: the channels that heard of its subject before:
        they hear as well that it is acknowledged or over."""
        found: dict[str, float | None] = dict.fromkeys(self.always)
        matching = [verdict for verdict in self.verdicts(one, at) if not verdict.refused]
        for verdict in matching:
            _add(found, verdict.route.channels, verdict.held)
        if not matching:
            _add(found, self.default, None)
        if one.transition in FOLLOWING:
            for channel in sorted(told - found.keys()):
                if self._follows(channel, one.transition):
                    found[channel] = self._quiet(channel, one, at)
        return DeliveryPlan(found, tuple(self._steps(one, at, matching)))

    def channels_of(self, step: EscalationStep) -> tuple[str, ...]:
        """Return the channels of a step; none where its route is no longer there."""
        route = next((each for each in self.routes if each.name == step.route), None)
        return route.steps[step.place].channels if route is not None and step.place < len(route.steps) else ()

    def _steps(self, one: Announcement, at: float, matching: list[RouteVerdict]) -> Iterator[EscalationStep]:
        subject = one.subject
        if not isinstance(subject, Incident) or one.transition not in _BEGINNING:
            return
        if subject.state == IncidentState.OPEN:
            for verdict in matching:
                begin = verdict.held if verdict.held is not None else at
                for place, step in enumerate(verdict.route.steps):
                    yield EscalationStep(verdict.route.name, place, begin + step.after)

    def _follows(self, channel: str, transition: str) -> bool:
        """Whether a channel hears a transition that its routes did not match: unless they say that they do not want
        it."""
        wanted = [each.match.transitions for each in self.routes if channel in each.reaches]
        return not wanted or any(not each or transition in each for each in wanted)

    def _quiet(self, channel: str, one: Announcement, at: float) -> float | None:
        held = [
            each.quiet.until(subject_severity(one.subject), at)
            for each in self.routes
            if channel in each.reaches and each.quiet is not None
        ]
        return max((end for end in held if end is not None), default=None)


def _add(found: dict[str, float | None], channels: tuple[str, ...], held: float | None) -> None:
    """Add channels; one that another route tells earlier stays so."""
    for channel in channels:
        before = found.get(channel, held)
        found[channel] = None if before is None or held is None else min(before, held)
