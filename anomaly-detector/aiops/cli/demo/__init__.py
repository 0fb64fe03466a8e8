"""`aiops demo`: a shop with injected faults, and the incidents that the engine opens for them."""

from aiops.cli.demo.history import length
from aiops.cli.demo.show import run
from aiops.cli.demo.stage import CannotShow

__all__ = ["CannotShow", "length", "run"]
