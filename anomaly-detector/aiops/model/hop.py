"""Calls on the way of requests from users to a cause."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """Calls from one service to another; caller "" stands for users. failing: share of the calls; seconds: their mean
    duration; usual: both before the onset. None: not known. cause: the trouble is on this way itself."""

    caller: str
    callee: str
    failing: float | None
    seconds: float | None
    usual: tuple[float | None, float | None] = (None, None)
    cause: bool = False
