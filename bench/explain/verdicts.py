"""A ranking and groups against the truth: one row of the record."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.explain.cases import Case
from bench.explain.ground import Truth
from bench.explain.ours import Named

MISSED = 99


@dataclass(frozen=True, slots=True)
class Row:
    """What one competitor said of one case.

    rank: place of the first right name, from 1; MISSED where it is not named, 0 where nothing is at fault. kind:
    whether the word was right too. groups: how many there were; causes: those that name a cause. both: of two faults,
    whether two groups named them. said: the kind of the first group. sure: confidence and whether it was right, of
    each cause. dimension: 1 or 0 where the bad requests share something, -1 elsewhere. findings: how many there were.
    change: 1 or 0 where a deployment is at fault, and it alone is named; -1 elsewhere. decoy: 1 or 0 where others were
    deployed, and one of them is named; -1 elsewhere.
    """

    by: str
    kind_of_case: str
    seed: int
    size: int
    late: float
    rank: int
    kind: bool
    groups: int
    causes: int
    both: bool
    said: str
    named: str
    truth: str
    sure: tuple[tuple[float, bool], ...]
    dimension: int
    findings: int
    seconds: float = 0.0
    change: int = -1
    decoy: int = -1

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Row":
        sure = tuple((float(confidence), bool(right)) for confidence, right in document["sure"])
        return cls(**{**document, "sure": sure})


def judge(
    by: str, case: Case, ranking: Sequence[str], groups: Sequence[Named], findings: int, seconds: float = 0.0
) -> Row:
    """The row of a competitor; `groups` are empty for those that only rank."""
    truths = case.fault.truths
    causes = [one for one in groups if one.service]
    first = causes[0] if causes else None
    match = next((truth for truth in truths if first is not None and _is_place(first, truth)), None)
    dimension = -1
    if truths and truths[0].dimension[0]:
        dimension = int(match is not None and first is not None and truths[0].dimension in first.dimensions)
    return Row(
        by, case.kind, case.seed, case.size, case.late, rank_of(ranking, truths),
        bool(match and first and _is_kind(first, match)), len(groups), len(causes),
        len(truths) > 1 and all(any(_is_place(one, truth) for one in causes) for truth in truths),
        first.kind if first else "none", _shown(first, ranking),
        "; ".join(f"{'/'.join(truth.kinds[:1])} {'|'.join(sorted(truth.names)[:3])}" for truth in truths),
        tuple((one.sure, any(_is_place(one, truth) for truth in truths)) for one in causes),
        dimension, findings, round(seconds, 2), *_changes(case, groups),
    )  # fmt: skip


def _changes(case: Case, groups: Sequence[Named]) -> tuple[int, int]:
    """Whether the deployment at fault is named, alone, and whether another one is."""
    told = {name for one in groups for name in one.deployed}
    guilty = {name for truth in case.fault.truths if truth.dimension[0] == "service.version" for name in truth.names}
    decoys = case.changes.keys() - guilty
    return int(told == guilty) if guilty else -1, int(bool(told & decoys)) if decoys else -1


def rank_of(ranking: Sequence[str], truths: Sequence[Truth]) -> int:
    """The place of the first right name."""
    if not truths:
        return 0
    right = frozenset[str]().union(*(truth.names for truth in truths))
    return next((place for place, name in enumerate(ranking, 1) if name in right), MISSED)


def _is_place(one: Named, truth: Truth) -> bool:
    return one.service in truth.names


def _is_kind(one: Named, truth: Truth) -> bool:
    if one.kind not in truth.kinds:
        return False
    return one.kind != "network" or not truth.caller or one.caller == truth.caller


def _shown(first: Named | None, ranking: Sequence[str]) -> str:
    if first is None:
        return ranking[0] if ranking else ""
    way = f"{first.caller} > " if first.caller else ""
    return f"{first.kind} {way}{first.service} ({first.sure:.2f})"
