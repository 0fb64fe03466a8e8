"""Which time a capture holds: the trouble, with what was normal before it."""

from datetime import datetime
from typing import Final

from aiops.model import Window
from aiops.presentation.documents.base import Json

AFTER_SECONDS: Final = 120.0
LONGEST_SECONDS: Final = 24 * 3600.0


def window_of(incident: Json, before: float, now: float) -> Window:
    """Return the time from `before` seconds before the present episode until a little after its end."""
    onset = _unix(incident["episodes"][-1]["onset"] if incident["episodes"] else incident["onset"])
    ended = incident["resolved_at"]
    end = now if ended is None else min(now, _unix(ended) + AFTER_SECONDS)
    return Window(onset - before, max(min(end, onset + LONGEST_SECONDS), onset + 1.0))


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
