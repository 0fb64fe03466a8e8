"""An alert raised by rules outside the engine, as Alertmanager reports it."""

from dataclasses import dataclass
from enum import StrEnum

from aiops.model import names
from aiops.model.series import Labels, value_of


class AlertState(StrEnum):
    """State of an alert. An alert goes from inactive to pending, firing and resolved; a webhook reports the last
    two."""

    FIRING = "firing"
    RESOLVED = "resolved"


Identity = tuple[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One episode of an alert, identified by `fingerprint` (of its labels) and `starts_at`.

    services: the services that its labels name. url: the rule behind it; empty unless it is an http address. heard_at:
    when it was last reported as firing, or first reported as resolved. guessed: its start was not reported, so that it
    is an estimate. doubted_at: when it was reported as firing after it had been reported as resolved. was_over: the
    reported end that turned out to be wrong.
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
        """The fingerprint and the start, which identify the episode."""
        return self.fingerprint, self.starts_at

    @property
    def name(self) -> str:
        """The name of the alert: its label `alertname`."""
        return value_of(self.labels, names.ALERT_NAME)

    @property
    def severity(self) -> str:
        """The severity that its rule gives it; "" where the rule gives none."""
        return value_of(self.labels, names.ALERT_SEVERITY)

    @property
    def summary(self) -> str:
        """The annotation `summary`, else `description`; "" where there is neither."""
        return value_of(self.annotations, "summary") or value_of(self.annotations, "description")


@dataclass(frozen=True, slots=True)
class AlertLink:
    """The link between an alert and an incident. `told` is the state of the alert that the timeline of the incident
    shows."""

    incident: str
    fingerprint: str
    starts_at: float
    told: AlertState
