"""Changes of services, and what they have to do with a cause."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

OOM_KILL: Final = "oom_kill"
WARNING: Final = "warning"
HAPPENED: Final = frozenset({OOM_KILL, WARNING})
"""Kinds of changes that nobody made: Kubernetes tells of them."""
KIND_WORDS: Final = {OOM_KILL: "out-of-memory kill", WARNING: "warning"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A deployment, a change of a flag or a change of configuration that was reported to the engine (`kind` is
    deployment, flag or config), or a new version that it saw in spans; or what Kubernetes did to a service (oom_kill,
    warning). `at` is in Unix seconds; `version` is "" where it was not reported. `source` says where it is known from:
    api, github, argocd, flags or kubernetes; "" for spans, and for changes of earlier releases."""

    at: float
    who: str
    kind: str
    service: str
    version: str
    text: str
    source: str = ""

    @property
    def named(self) -> str:
        """The change in words: `deployment of payment 1.5.0`, `out-of-memory kill of payment`."""
        return " ".join(filter(None, (KIND_WORDS.get(self.kind, self.kind), "of", self.service, self.version)))


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
