"""What somebody said is normal from now on."""

from dataclasses import dataclass

from aiops.model.series import Labels


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of a series next, and its bounds where it has them: seconds of a request for latency, requests a
    second for traffic; None where nothing is known."""

    expected: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Relearned:
    """A symptom whose series was, or would be, learned anew."""

    series: Labels
    family: str
    before: Expectation
    after: Expectation


@dataclass(frozen=True, slots=True)
class Accepted:
    """One person's word that what an incident's symptoms did is normal."""

    incident: str
    at: float
    who: str
    reason: str
    changes: tuple[Relearned, ...]
    undone_at: float | None = None
    undone_by: str | None = None
