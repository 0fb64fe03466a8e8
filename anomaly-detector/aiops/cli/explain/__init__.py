"""`aiops explain`: what is wrong with some requests, where, and why we think so."""

from aiops.cli.explain.command import explain_command

__all__ = ["explain_command"]
