"""Silences, and why an incident is not announced, as the API gives them."""

from typing import Literal

from pydantic import Field

from aiops.presentation.documents.base import Document, Time


class Muted(Document):
    """Why an incident is not announced."""

    kind: Literal["snooze", "silence", "maintenance"]
    name: str | None = Field(description="the id of the silence, or the name of the maintenance window")
    by: str | None
    reason: str | None
    since: Time
    until: Time


class SilencedIncidents(Document):
    """Which incidents a silence matches: those that have all that is not null; everything null: every incident."""

    incident: str | None
    service: str | None
    kind: str | None
    severity: str | None
    family: str | None


class Silence(Document):
    id: str
    state: Literal["active", "expired", "ended"] = Field(description="ended: by somebody, before its time")
    matcher: SilencedIncidents
    reason: str
    created_at: Time
    created_by: str
    until: Time
    ended_at: Time | None
    ended_by: str | None


class MaintenanceWindow(Document):
    start: Time
    end: Time


class MaintenancePlan(Document):
    """Maintenance that the calendar plans: incidents of its services are not announced meanwhile."""

    name: str
    reason: str
    services: list[str] = Field(description="empty: all services")
    current: MaintenanceWindow | None = Field(description="in progress now")
    following: MaintenanceWindow | None = Field(description="the next one after now")


class Silences(Document):
    silences: list[Silence] = Field(description="those in force or over for less than 30 days, what ends last first")
    maintenance: list[MaintenancePlan] = Field(description="of the calendar; without what is over")


class Level(Document):
    """How bad a family of symptoms was when it was said, and how bad it must be to open an incident again: a share of
    requests for errors and traffic, times the expected latency for latency, else a score."""

    family: str
    then: float
    opens_at: float


class Dismissal(Document):
    """Somebody's word that some trouble is not an incident; nothing is learned."""

    id: str
    state: Literal["active", "expired", "ended"] = Field(description="ended: taken back by somebody")
    incident: str = Field(description="that it was said of")
    title: str
    fingerprint: str = Field(description="of the incidents that do not open")
    levels: list[Level]
    effect: str = Field(description="when an incident opens again, in words")
    reason: str
    at: Time
    by: str
    until: Time
    ended_at: Time | None
    ended_by: str | None


class Dismissals(Document):
    dismissals: list[Dismissal] = Field(description="those in force or over for less than 30 days, newest first")
