"""The symptom families: errors, latency, silence, traffic. A new family is a module here and an entry in FAMILIES."""

from typing import Any, Final

from aiops.detect.families.errors import Errors
from aiops.detect.families.family import Adoptable, SymptomFamily
from aiops.detect.families.latency import Latency
from aiops.detect.families.silence import Silence
from aiops.detect.families.traffic import Traffic

ERRORS: Final = Errors()
LATENCY: Final = Latency()
SILENCE: Final = Silence()
TRAFFIC: Final = Traffic()
FAMILIES: Final[tuple[SymptomFamily[Any], ...]] = (ERRORS, LATENCY, SILENCE, TRAFFIC)
"""All symptom families, in the order in which they judge."""

__all__ = ["ERRORS", "FAMILIES", "LATENCY", "SILENCE", "TRAFFIC", "Adoptable", "SymptomFamily"]
