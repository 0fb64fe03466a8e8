"""The page's first sentence: how things are, and whether we would know."""

from enum import StrEnum

STOPPED_SECONDS = 60.0


class Mood(StrEnum):
    TROUBLE = "trouble"
    WAITING = "waiting"
    STOPPED = "stopped"
    BLIND = "blind"
    CALM = "calm"


def mood(active: int, newest: float | None, now: float, has_gaps: bool) -> Mood:
    """Nothing is wrong only when telemetry says so: none, none any more, or an engine that is blind is not calm."""
    if newest is not None and now - newest > STOPPED_SECONDS:
        return Mood.STOPPED
    if active:
        return Mood.TROUBLE
    if has_gaps:
        return Mood.BLIND
    return Mood.WAITING if newest is None else Mood.CALM
