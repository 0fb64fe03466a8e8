"""Is this series as expected? Pure numerics, vectorised over series; no clock, no I/O."""

from aiops.detect.accept import ACCEPTABLE, DoesNotFit, proposed, rebaseline, restore, troubled
from aiops.detect.blocks import no_steps
from aiops.detect.calendar import Calendar, Event, Place
from aiops.detect.look import look, sight
from aiops.detect.rows import Floats
from aiops.detect.state import State
from aiops.detect.step import Outcome, expire, rewind, step
from aiops.detect.tuning import Tuning

__all__ = [
    "ACCEPTABLE",
    "Calendar",
    "DoesNotFit",
    "Event",
    "Floats",
    "Outcome",
    "Place",
    "State",
    "Tuning",
    "expire",
    "look",
    "no_steps",
    "proposed",
    "rebaseline",
    "restore",
    "rewind",
    "sight",
    "step",
    "troubled",
]
