"""The page's first sentence: how things are, and whether we would know."""

from enum import StrEnum

STOPPED_SECONDS = 60.0


class Mood(StrEnum):
    TROUBLE = "trouble"
    WAITING = "waiting"
    STOPPED = "stopped"
    CALM = "calm"


def mood(active: int, newest: float | None, now: float) -> Mood:
    """Nothing is wrong only when telemetry says so: none, or none any more, is not calm."""
    if newest is not None and now - newest > STOPPED_SECONDS:
        return Mood.STOPPED
    if active:
        return Mood.TROUBLE
    return Mood.WAITING if newest is None else Mood.CALM
