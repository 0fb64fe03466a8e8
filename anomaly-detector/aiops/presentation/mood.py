"""The first sentence of the start page: how things are, and whether the engine would notice trouble."""

from enum import StrEnum

STOPPED_SECONDS = 60.0


class Mood(StrEnum):
    """The overall state. WAITING: no telemetry yet. STOPPED: no more telemetry. BLIND: something cannot be read."""

    TROUBLE = "trouble"
    WAITING = "waiting"
    STOPPED = "stopped"
    BLIND = "blind"
    CALM = "calm"


def mood(active: int, newest: float | None, now: float, has_gaps: bool) -> Mood:
    """Return the overall state. It is CALM only when telemetry confirms it: never without telemetry, after it stopped,
    or while the engine cannot read something."""
    if newest is not None and now - newest > STOPPED_SECONDS:
        return Mood.STOPPED
    if active:
        return Mood.TROUBLE
    if has_gaps:
        return Mood.BLIND
    return Mood.WAITING if newest is None else Mood.CALM
