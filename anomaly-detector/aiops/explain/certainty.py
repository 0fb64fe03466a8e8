"""How sure a cause is beside others of the same time.

Of a trouble that shows in many places at once, a cause that accounts for few of them beside another one that accounts
for most is more often a part of it, or chance, than a second trouble. The numbers are fitted on the tuning seeds of
`bench/explain` (docs/explanation.md).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from aiops.model import Explained

AT_ONCE: Final = 120.0
"""Seconds between onsets of what breaks out at one time."""
LEAST, MORE = 0.4, 0.7
"""The part of the confidence that is left for a cause of next to no findings, and what as many as the others add."""
SOME: Final = 2
"""Findings that are added on either side: one of three says less than ten of thirty."""


def beside_others(groups: Sequence[Explained]) -> tuple[Explained, ...]:
    """The same groups, less sure of causes that account for few findings beside another one of their time."""
    return tuple(_weighed(one, groups) for one in groups)


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
