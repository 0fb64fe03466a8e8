"""`aiops replay`: past telemetry in files through the whole engine, in virtual time."""

from aiops.cli.replay.command import replay_command

__all__ = ["replay_command"]
