"""Compare incidents with the truth of a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiops.presentation.documents.base import Json


@dataclass(frozen=True, slots=True)
class Expected:
    """An incident that should result from a fault; `endpoint` None is the whole service."""

    service: str
    endpoint: str | None
    kind: str
    affected: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} in {self.service} {self.endpoint or ''}".rstrip()


@dataclass(frozen=True, slots=True)
class DemoResult:
    """right: expected incidents that were found with their cause. missing: those that were not. wrong: incidents that
    should not exist, or that name another cause."""

    right: tuple[tuple[Expected, Json], ...]
    missing: tuple[Expected, ...]
    wrong: tuple[Json, ...]

    @property
    def perfect(self) -> bool:
        """Whether nothing is missing or wrong."""
        return not self.missing and not self.wrong


def compare(truth: Sequence[Expected], incidents: Sequence[Json]) -> DemoResult:
    """Match each expected incident with one whose document names its service, endpoint and kind."""
    left = list(incidents)
    right: list[tuple[Expected, Json]] = []
    missing: list[Expected] = []
    for one in truth:
        found = next((incident for incident in left if _names(incident, one)), None)
        if found is None:
            missing.append(one)
        else:
            left.remove(found)
            right.append((one, found))
    return DemoResult(tuple(right), tuple(missing), tuple(left))


def _names(incident: Json, expected: Expected) -> bool:
    cause = incident["root_cause"]
    if cause is None:
        return False
    return (cause["service"], cause["endpoint"], cause["kind"]) == (expected.service, expected.endpoint, expected.kind)
