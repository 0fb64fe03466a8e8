"""`aiops explain`: the cause of trouble in a file of traces. Not registered yet: it reads, and does not rank."""

from aiops.cli.explain.command import explain_command

__all__ = ["explain_command"]
