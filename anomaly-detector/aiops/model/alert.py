"""An alert that somebody else's rules raised, as Alertmanager tells of it."""

from dataclasses import dataclass
from enum import StrEnum

from aiops.model import names
from aiops.model.series import Labels, value_of


class AlertState(StrEnum):
    """An alert goes from inactive to pending, firing and resolved; a webhook tells of the last two."""

    FIRING = "firing"
    RESOLVED = "resolved"


Identity = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode of an alert, identified by `fingerprint` (of its labels) and `starts_at`.

    services: those that its labels name. url: the rule behind it, empty unless it is an http address. heard_at: when it
    was last told of as firing, or first as resolved. guessed: its start was not told. doubted_at: when it was told of
    as firing after it was told that it is over; was_over: when it was over by what turned out to be wrong.
    """

    fingerprint: str
    starts_at: float
    state: AlertState
    ends_at: float | None
    heard_at: float
    labels: Labels
    annotations: Labels = ()
    services: tuple[str, ...] = ()
    url: str = ""
    guessed: bool = False
    doubted_at: float | None = None
    was_over: float | None = None

    @property
    def identity(self) -> Identity:
        return self.fingerprint, self.starts_at

    @property
    def name(self) -> str:
        return value_of(self.labels, names.ALERT_NAME)

    @property
    def severity(self) -> str:
        """As its rule says, empty where it does not."""
        return value_of(self.labels, names.ALERT_SEVERITY)

    @property
    def summary(self) -> str:
        return value_of(self.annotations, "summary") or value_of(self.annotations, "description")


@dataclass(frozen=True, slots=True)
class AlertLink:
    """An alert that an incident's timeline tells of: `told` is the state it tells."""

    incident: str
    fingerprint: str
    starts_at: float
    told: AlertState
