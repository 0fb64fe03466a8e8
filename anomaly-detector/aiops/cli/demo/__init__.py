"""The shop breaks on purpose, and the engine says why."""

from aiops.cli.demo.history import length
from aiops.cli.demo.show import CannotShow, run

__all__ = ["CannotShow", "length", "run"]
