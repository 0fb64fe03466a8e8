"""What is less sure because the engine itself was late."""

from collections.abc import Sequence
from dataclasses import replace

from aiops.model import Explained

TRUST = 0.75  # of the confidence that is left


def doubted(groups: Sequence[Explained], why: str) -> tuple[Explained, ...]:
    """The same groups, less sure of their causes, and saying why; `why` is empty where there is no doubt."""
    return tuple(_doubted(one, why) for one in groups) if why else tuple(groups)


def _doubted(group: Explained, why: str) -> Explained:
    root = group.root_cause
    if root is None:
        return group
    lower, upper = root.interval
    less = replace(
        root,
        description=f"{root.description}; less sure than usual: {why}",
        confidence=round(TRUST * root.confidence, 3),
        interval=(round(TRUST * lower, 3), upper),
        alternatives=tuple((cause, round(TRUST * sure, 3)) for cause, sure in root.alternatives),
    )
    return replace(group, root_cause=less)
