"""Settings from files, environment and command-line options."""

from aiops.config.access import LimitSettings, OidcSettings, TlsSettings
from aiops.config.loading import load_settings
from aiops.config.settings import EVERYWHERE, LOOPBACK, ConfigError, PrometheusSettings, Settings, TempoSettings
from aiops.config.shown import ShownSetting, shown_settings

__all__ = [
    "EVERYWHERE",
    "LOOPBACK",
    "ConfigError",
    "LimitSettings",
    "OidcSettings",
    "PrometheusSettings",
    "Settings",
    "ShownSetting",
    "TempoSettings",
    "TlsSettings",
    "load_settings",
    "shown_settings",
]
