"""Executors: the only part that holds credentials to change something, read from files when it runs."""

from aiops.act.executors.choosing import executor_of

__all__ = ["executor_of"]
