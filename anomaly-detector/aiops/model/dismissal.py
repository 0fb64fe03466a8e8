"""A person's word that something is not an incident."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissal:
    """Incidents with a fingerprint do not open until their trouble is that much worse, until a time (Unix seconds), or
    until somebody ends it.

    `levels`: how bad each family of symptoms was at its worst when it was said, as `how_bad` measures it. `incident`:
    the id of the incident that it was said of.
    """

    id: str
    fingerprint: str
    incident: str
    title: str
    at: float
    who: str
    reason: str
    levels: tuple[tuple[str, float], ...]
    until: float
    ended_at: float | None = None
    ended_by: str = ""

    def lasts(self, now: float) -> bool:
        """Whether it is in force."""
        return self.ended_at is None and now < self.until
