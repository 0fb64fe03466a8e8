"""What a person declared to be normal from now on."""

from dataclasses import dataclass

from aiops.model.series import Labels


@dataclass(frozen=True, slots=True)
class Expectation:
    """The value expected next in a series, and its bounds. Latency is in seconds per request, traffic in requests per
    second. None means not known."""

    expected: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Relearned:
    """A symptom whose series was relearned, or would be: its expectation before and after."""

    series: Labels
    family: str
    before: Expectation
    after: Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One person's statement that the symptoms of an incident are normal."""

    incident: str
    at: float
    who: str
    reason: str
    changes: tuple[Relearned, ...]
    undone_at: float | None = None
    undone_by: str | None = None
