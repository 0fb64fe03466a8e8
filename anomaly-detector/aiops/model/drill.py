"""A drill: a fault that people cause on purpose, to prove that the engine finds it."""

from dataclasses import dataclass
from enum import StrEnum


class DrillResult(StrEnum):
    """What became of a drill. Found: within the time that was allowed; late: afterwards; failed: the fault could not be
    caused; skipped: it was not tried."""

    RUNNING = "running"
    FOUND = "found"
    LATE = "late"
    MISSED = "missed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillWanted:
    """A drill that begins: an incident of `service`, and of `kind` unless that is "", is expected within so many
    seconds; the fault lasts `lasts` seconds. skipped: why it is not tried, "" where it is."""

    name: str
    service: str
    kind: str
    within: float
    lasts: float
    skipped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A drill as it is stored. Times are Unix seconds; ended: when the fault was taken back, None while it is there.
    incident: the id of what was found, "" for none; text: one sentence about the result, "" for none."""

    id: str
    name: str
    service: str
    kind: str
    within: float
    lasts: float
    who: str
    started: float
    ended: float | None
    result: DrillResult
    incident: str
    detected: float | None
    text: str

    @property
    def took(self) -> float | None:
        """Seconds from its beginning until the incident was found; None where none was."""
        return None if self.detected is None else max(0.0, self.detected - self.started)
