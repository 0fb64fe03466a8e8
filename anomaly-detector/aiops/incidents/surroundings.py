"""What is known beside the groups of a cycle, and when incidents resolve."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from aiops.model import (
    Explained,
    Impact,
    Incident,
    Labels,
    Sight,
)

Symptom = tuple[Labels, str]
Impacts = Callable[[Sequence[str], Sequence[str], Sequence[Symptom]], tuple[Impact, ...]]
"""A function that returns which objectives burn now, of these services and endpoints, given these symptoms."""
Look = Callable[[Symptom, float], Sight]
"""A function that returns what is known of a symptom that is in no trouble now and was last seen at a time."""
Find = Callable[[str], Incident | None]


def _none(_services: Sequence[str], _endpoints: Sequence[str], _symptoms: Sequence[Symptom]) -> tuple[Impact, ...]:
    return ()


def _well(_symptom: Symptom, _since: float) -> Sight:
    return Sight.WELL


def _nobody(_group: Explained) -> bool:
    return False


def _nothing(_fingerprint: str) -> Incident | None:
    return None


@dataclass(frozen=True, slots=True)
class ResolutionPolicy:
    """Delays in seconds. resolve_seconds: quiet time before an incident resolves. reopen_seconds: how soon after that
    an incident with the same symptoms is reopened; recur_seconds: the same for an incident with the same fingerprint.
    ease_seconds: for how long an incident must have been less severe until its severity falls."""

    resolve_seconds: float = 30.0
    reopen_seconds: float = 60.0
    recur_seconds: float = 14_400.0
    ease_seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known in addition to the groups.

    public: services that no other service calls. find: finds an incident by its key, however old, because each number
    is given only once. past: finds the newest resolved incident with a fingerprint, without merged ones. look: tells
    what is known of symptoms that are in no trouble. settled: symptoms that have lasted for so long that they are
    normal. impact: tells which objectives burn. dismissed: whether a group is what a person said is no incident.
    """

    public: Collection[str]
    find: Find
    past: Find = _nothing
    look: Look = _well
    settled: Collection[Symptom] = ()
    impact: Impacts = _none
    dismissed: Callable[[Explained], bool] = _nobody
