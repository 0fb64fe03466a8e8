"""The settings as they may be shown: secrets are masked, and each value says where it came from."""

import re
from dataclasses import dataclass
from typing import Any, Final

from aiops.config.settings import PREFIX, Settings

MASK: Final = "***"
_CREDENTIALS: Final = re.compile(r"//.*@")
_QUERY: Final = re.compile(r"([?&;][^=&;#]*=)[^&;#]*")
_WHOLE: Final = frozenset({"oidc_client_secret", "webhook_url"})
"""Secrets, and addresses whose path is often one."""
_SEVERAL: Final = frozenset({"alertmanager_url"})
"""Addresses by commas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSetting:
    """One setting: its value, ready for JSON and without secrets, its meaning, its environment variable, and where the
    value came from."""

    key: str
    value: Any
    meaning: str
    variable: str
    origin: str


def shown_settings(settings: Settings) -> tuple[ShownSetting, ...]:
    """Return every setting in the order of `Settings.keys`."""
    return tuple(
        ShownSetting(
            key=key,
            value=_shown(key, value),
            meaning=Settings.keys()[key],
            variable=f"{PREFIX}{key.upper()}",
            origin=settings.origin(key),
        )
        for key, value in settings.flat().items()
    )


def without_secrets(address: str) -> str:
    """Return an address without its user name, its password and the values of its query.

    >>> without_secrets("https://ana:se/cr@et@store:9090/api?key=42&part")
    'https://***@store:9090/api?key=***&part'
    """
    return _QUERY.sub(rf"\1{MASK}", _CREDENTIALS.sub(f"//{MASK}@", address))


def _shown(key: str, value: Any) -> Any:
    if key == "tokens":
        return dict.fromkeys(value, MASK)
    if key in _WHOLE:
        return value and MASK
    if key in _SEVERAL:
        return ",".join(without_secrets(one) for one in value.split(","))
    return without_secrets(value) if key.endswith("url") else value
