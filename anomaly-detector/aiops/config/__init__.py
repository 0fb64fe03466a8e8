"""Settings from files, environment and arguments."""

from aiops.config.settings import EVERYWHERE, LOOPBACK, ConfigError, Settings, load

__all__ = ["EVERYWHERE", "LOOPBACK", "ConfigError", "Settings", "load"]
