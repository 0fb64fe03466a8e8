"""Kinds of causes that people are told of alike."""

from typing import Final

from aiops.model import CauseKind, Family, Incident

SLOW_KINDS: Final = (CauseKind.LATENCY, CauseKind.NETWORK, CauseKind.MACHINE)
"""Kinds that cost time, rather than answers."""
LAST_SEEN: Final = (CauseKind.TIMEOUT, CauseKind.DOWN, CauseKind.DEPENDENCY)
"""Kinds whose failing spans are those of callers: the requests were last seen there."""


def is_slow(one: Incident) -> bool:
    """Whether the trouble costs time, rather than answers."""
    if one.root_cause is not None:
        return one.root_cause.cause.kind in SLOW_KINDS
    return all(family == Family.LATENCY for _, family in one.symptoms)
