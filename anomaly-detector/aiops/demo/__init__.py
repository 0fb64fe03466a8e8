"""The shop breaks on purpose, and the engine says why."""

from aiops.demo.history import length
from aiops.demo.show import CannotShow, run

__all__ = ["CannotShow", "length", "run"]
