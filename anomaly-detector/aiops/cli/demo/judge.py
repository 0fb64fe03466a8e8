"""Compare incidents with the truth of a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiops.presentation.incident import Document


@dataclass(frozen=True, slots=True)
class Expected:
    """One incident that should come of a fault; `endpoint` None is the whole service."""

    service: str
    endpoint: str | None
    kind: str
    affected: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} in {self.service} {self.endpoint or ''}".rstrip()


@dataclass(frozen=True, slots=True)
class Verdict:
    """right: expected incidents that are there with their cause. missing: those that are not. wrong: incidents that
    should not be, or name another cause."""

    right: tuple[tuple[Expected, Document], ...]
    missing: tuple[Expected, ...]
    wrong: tuple[Document, ...]

    @property
    def perfect(self) -> bool:
        return not self.missing and not self.wrong


def judge(truth: Sequence[Expected], incidents: Sequence[Document]) -> Verdict:
    """Match each expected incident with one whose document names its service, endpoint and kind."""
    left = list(incidents)
    right: list[tuple[Expected, Document]] = []
    missing: list[Expected] = []
    for one in truth:
        found = next((incident for incident in left if _names(incident, one)), None)
        if found is None:
            missing.append(one)
        else:
            left.remove(found)
            right.append((one, found))
    return Verdict(tuple(right), tuple(missing), tuple(left))


def _names(incident: Document, expected: Expected) -> bool:
    cause = incident["root_cause"]
    if cause is None:
        return False
    return (cause["service"], cause["endpoint"], cause["kind"]) == (expected.service, expected.endpoint, expected.kind)
