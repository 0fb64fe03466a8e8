"""`aiops smoke`: check whether a deployed engine really works."""

from aiops.cli.smoke.command import smoke

__all__ = ["smoke"]
