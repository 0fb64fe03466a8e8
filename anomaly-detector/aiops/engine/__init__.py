"""The cycle of the engine: telemetry in, incidents out."""

from aiops.engine.cycle import Cycle, Engine, Pace
from aiops.engine.detector import Detector

__all__ = ["Cycle", "Detector", "Engine", "Pace"]
