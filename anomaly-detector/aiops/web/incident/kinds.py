"""Kinds of causes that the page of an incident shows alike."""

from typing import Final

from aiops.model import CauseKind

SLOW_KINDS: Final = (CauseKind.LATENCY, CauseKind.NETWORK, CauseKind.MACHINE)
"""Kinds that cost time, rather than answers."""
LAST_SEEN: Final = (CauseKind.TIMEOUT, CauseKind.DOWN, CauseKind.DEPENDENCY)
"""Kinds whose failing spans are those of callers: the requests were last seen there."""
