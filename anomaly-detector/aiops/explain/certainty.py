"""How sure a cause is beside others of the same time.

Of a trouble that shows in many places at once, a cause that accounts for few of them beside another one that accounts
for most is more often a part of it, or chance, than a second trouble. What is more likely wrong than right is no
second cause: it becomes an alternative of the first. The numbers are fitted on the tuning seeds of `bench/explain`
(docs/explanation.md).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Final

from aiops.model import Explained

AT_ONCE: Final = 120.0
"""Seconds between onsets of what breaks out at one time."""
LEAST, MORE = 0.4, 0.7
"""The part of the confidence that is left for a cause of next to no findings, and what as many as the others add."""
ALTERNATIVES: Final = 3
"""Alternatives of a cause that are named."""
SOME: Final = 2
"""Findings that are added on either side: one of three says less than ten of thirty."""


LIKELY: Final = 0.5
"""Confidence from which a cause stands beside another one of its time."""


def beside_others(groups: Sequence[Explained]) -> tuple[Explained, ...]:
    """The same groups, less sure of causes that account for few findings beside another one of their time; those that
    are more likely wrong than right belong to that other one."""
    weighed = [_weighed(one, groups) for one in groups]
    into = {at: other for at in range(len(weighed)) if (other := _stronger(weighed, at)) is not None}
    out = []
    for at, one in enumerate(weighed):
        mine = sorted((weighed[other] for other, to in into.items() if to == at), key=_named)
        if at not in into:
            out.append(reduce(_with, mine, one))
    return tuple(out)


def _stronger(groups: Sequence[Explained], at: int) -> int | None:
    """The cause of the same time that a weak one belongs to: the one with most findings."""
    one = groups[at]
    if one.root_cause is None or one.root_cause.confidence >= LIKELY:
        return None
    strong = [
        other
        for other, beside in enumerate(groups)
        if beside.root_cause is not None
        and beside.root_cause.confidence >= LIKELY
        and len(beside.findings) > len(one.findings)
        and abs(_onset(beside) - _onset(one)) <= AT_ONCE
    ]
    return min(strong, key=lambda other: (-len(groups[other].findings), _named(groups[other])), default=None)


def _named(one: Explained) -> str:
    return str(one.root_cause and one.root_cause.cause)


def _with(one: Explained, weak: Explained) -> Explained:
    """A group with the findings of a weak one, whose cause is an alternative."""
    assert one.root_cause is not None
    assert weak.root_cause is not None
    pairs = dict(zip((*one.findings, *weak.findings), (*one.texts, *weak.texts), strict=True))
    findings = sorted(pairs, key=lambda each: (each.onset, each.series, each.family))
    also = (*one.root_cause.alternatives, (weak.root_cause.cause, weak.root_cause.confidence))
    root = replace(one.root_cause, alternatives=tuple(sorted(also, key=lambda pair: -pair[1])[:ALTERNATIVES]))
    services = sorted({*one.affected_services, *weak.affected_services} - set(one.affected_services[:1]))
    endpoints = dict.fromkeys((*one.affected_endpoints, *weak.affected_endpoints))
    return replace(
        one,
        findings=tuple(findings),
        texts=tuple(pairs[each] for each in findings),
        root_cause=root,
        affected_services=(*one.affected_services[:1], *services),
        affected_endpoints=tuple(endpoints),
    )


def _weighed(group: Explained, groups: Sequence[Explained]) -> Explained:
    root = group.root_cause
    if root is None:
        return group
    most = max(
        len(one.findings)
        for one in groups
        if one.root_cause is not None and abs(_onset(one) - _onset(group)) <= AT_ONCE
    )
    factor = min(1.0, LEAST + MORE * (len(group.findings) + SOME) / (most + SOME))
    lower, upper = root.interval
    less = replace(
        root,
        confidence=round(factor * root.confidence, 3),
        interval=(round(factor * lower, 3), upper),
    )
    return replace(group, root_cause=less)


def _onset(group: Explained) -> float:
    return min(one.onset for one in group.findings)
