"""One cycle after the other: telemetry in, incidents out."""

from aiops.engine.cycle import SELECTORS, Cycle, Engine, Pace

__all__ = ["SELECTORS", "Cycle", "Engine", "Pace"]
