"""`aiops drill`: cause a fault on purpose, and see whether the engine finds it."""

from aiops.cli.drill.command import drill_command

__all__ = ["drill_command"]
