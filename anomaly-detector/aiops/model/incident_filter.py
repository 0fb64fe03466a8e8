"""Which incidents to list."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents to list; what is not given keeps all.

    state: one of the states, or "active": not resolved. service: one that it affects. kind: of its cause; "unknown":
    it has none. search: words that all occur in its id, title, cause, services or endpoints, in small or large letters.
    since, until: when it was first detected, Unix seconds. latest: of those with the same fingerprint only the newest.
    """

    state: str | None = None
    severity: str | None = None
    service: str | None = None
    kind: str | None = None
    search: str = ""
    fingerprint: str | None = None
    since: float | None = None
    until: float | None = None
    latest: bool = False
