"""Does a series behave as expected? Pure computation, vectorised over series; no clock, no I/O."""

from aiops.detect.accept import DoesNotFit, adoptable, proposed, rebaseline, restore, troubled
from aiops.detect.calendar import Calendar, Event, LocalCalendar
from aiops.detect.families import ERRORS, FAMILIES, LATENCY, SILENCE, TRAFFIC
from aiops.detect.inputs import no_steps
from aiops.detect.look import last_verdicts, sight
from aiops.detect.standing import confirmation, known_series, standing
from aiops.detect.state import State
from aiops.detect.step import Outcome, expire, family_selectors, rewind, step
from aiops.detect.tuning import Tuning
from aiops.model.arrays import Floats

__all__ = [
    "ERRORS",
    "FAMILIES",
    "LATENCY",
    "SILENCE",
    "TRAFFIC",
    "Calendar",
    "DoesNotFit",
    "Event",
    "Floats",
    "LocalCalendar",
    "Outcome",
    "State",
    "Tuning",
    "adoptable",
    "confirmation",
    "expire",
    "family_selectors",
    "known_series",
    "last_verdicts",
    "no_steps",
    "proposed",
    "rebaseline",
    "restore",
    "rewind",
    "sight",
    "standing",
    "step",
    "troubled",
]
