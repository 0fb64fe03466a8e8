"""Settings from files, environment and command-line options."""

from aiops.config.loading import load_settings
from aiops.config.settings import EVERYWHERE, LOOPBACK, ConfigError, PrometheusSettings, Settings, TempoSettings

__all__ = [
    "EVERYWHERE",
    "LOOPBACK",
    "ConfigError",
    "PrometheusSettings",
    "Settings",
    "TempoSettings",
    "load_settings",
]
