"""Changes of services, and what they have to do with a cause."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A deployment, a change of a flag or a change of configuration that was reported to the engine (`kind` is
    deployment, flag or config), or a new version that it saw in spans. `at` is in Unix seconds; `version` is "" where
    it was not reported."""

    at: float
    who: str
    kind: str
    service: str
    version: str
    text: str


class ChangeVerdict(StrEnum):
    """What a change has to do with a cause."""

    ACCEPTED = "accepted"
    """the new version is worse than the old one at the same time"""
    POSSIBLE = "possible"
    """it came before the trouble, and nothing can be compared"""
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsideredChange:
    """A change that was considered as the origin of a cause: the verdict, and in one sentence why.

    new, old: bad and good requests of the new version and of all others, of those that were read of the same time; None
    where nothing was compared. chance: the probability of so many bad ones of the new version if both versions were
    alike. instead: the version that most of the others are of, "" where it is not known.
    """

    change: Change
    verdict: ChangeVerdict
    why: str
    new: tuple[int, int] | None = None
    old: tuple[int, int] | None = None
    chance: float | None = None
    instead: str = ""
