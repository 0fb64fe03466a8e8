"""How sure a cause is beside others of the same time.

Of a trouble that shows in many places at once, a cause that accounts for few of them is more often a part of it, or
chance, than a second trouble. The factor is fitted on the tuning seeds of `bench/explain` (docs/explanation.md).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from aiops.model import Explained, Finding

AT_ONCE: Final = 120.0
"""Seconds between onsets of what breaks out at one time."""
LEAST, MORE = 0.35, 0.75
"""The part of the confidence that is left for a cause of next to no findings, and what all of them add, up to all."""


def beside_others(groups: Sequence[Explained], findings: Sequence[Finding]) -> tuple[Explained, ...]:
    """The same groups, less sure of causes that account for few of the findings that began with them."""
    return tuple(_weighed(one, findings) for one in groups)


def _weighed(group: Explained, findings: Sequence[Finding]) -> Explained:
    root = group.root_cause
    if root is None:
        return group
    onset = min(one.onset for one in group.findings)
    at_once = sum(abs(one.onset - onset) <= AT_ONCE for one in findings)
    share = min(1.0, len(group.findings) / max(at_once, 1))
    factor = min(1.0, LEAST + MORE * share)
    lower, upper = root.interval
    less = replace(
        root,
        confidence=round(factor * root.confidence, 3),
        interval=(round(factor * lower, 3), upper),
    )
    return replace(group, root_cause=less)
