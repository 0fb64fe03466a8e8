"""What keeps incidents from being announced for a time: silences, a snoozed incident, maintenance."""

from dataclasses import dataclass, field
from enum import StrEnum


class MuteKind(StrEnum):
    """Why an incident is not announced. SNOOZE: somebody put off this one incident. SILENCE: a silence matches it.
    MAINTENANCE: one of its services is in a maintenance window."""

    SNOOZE = "snooze"
    SILENCE = "silence"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Snooze:
    """An incident is put off until a time (Unix seconds), by somebody; the reason may be empty."""

    until: float
    who: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Why an incident is not announced now. `name`: the id of the silence or the name of the window. `since`: since
    when it has been muted without a gap; `told`: whether people knew then that it is open. Times are Unix seconds."""

    kind: MuteKind
    name: str
    who: str
    reason: str
    until: float
    since: float = 0.0
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceMatcher:
    """Which incidents a silence matches: those that have all that is given, and every incident where nothing is given.

    `service`: one that it affects, or its cause; `kind`: of its cause, `unknown` without one; `family`: of one of its
    symptoms; `incident`: its id.
    """

    incident: str = ""
    service: str = ""
    kind: str = ""
    severity: str = ""
    family: str = ""

    @property
    def everything(self) -> bool:
        """Whether it matches every incident."""
        return not self.given

    @property
    def given(self) -> dict[str, str]:
        """What is given, by its name."""
        names = ("incident", "service", "kind", "severity", "family")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSilence:
    """A silence that somebody made. It ends at `until`, or at `ended_at` if somebody ended it earlier."""

    id: str
    created_at: float
    created_by: str
    until: float
    reason: str
    matcher: SilenceMatcher = field(default_factory=SilenceMatcher)
    ended_at: float | None = None
    ended_by: str = ""

    def lasts(self, now: float) -> bool:
        """Whether it is in force."""
        return self.ended_at is None and now < self.until
