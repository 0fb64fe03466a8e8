"""Settings from a YAML file, the environment and options: validated, or refused in one sentence that names the key."""

import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError

from aiops.config.settings import (
    ALSO_KNOWN,
    GROUPS,
    LEAST_TOKEN,
    PREFIX,
    ConfigError,
    Settings,
    flat_names,
    nested,
)
from aiops.model import Role


def load_settings(
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the file (`--config` or AIOPS_CONFIG), then the environment, then options of the command line; later ones
    win. `defaults` apply where none of them sets a key.

    Raises ConfigError.
    """
    env = os.environ if environment is None else environment
    path = file or (Path(env["AIOPS_CONFIG"]) if env.get("AIOPS_CONFIG") else None)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, given in (
        ("this command", defaults or {}),
        (f"file {path}", _from_file(path) if path else {}),
        ("environment", _from_environment(env)),
        ("environment", _tokens(env)),
        ("command line", overrides or {}),
    ):
        known = nested({key: value for key, value in given.items() if value is not None})
        origins |= dict.fromkeys(flat_names(known), origin)
        for key, value in known.items():
            both = isinstance(value, dict) and isinstance(values.get(key), dict)
            values[key] = {**values[key], **value} if both else value
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise ConfigError(_sentence(error)) from None
    settings = settings.model_copy(update={"data_dir": settings.data_dir.expanduser().absolute()})
    return settings.came_from(origins)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path} must hold keys and values, such as `port: 8000`")
    for key, value in loaded.items():
        if key in GROUPS and not isinstance(value, dict):
            raise ConfigError(
                f"`{key}` in {path} must hold keys and values, such as `{key}: {{url: http://127.0.0.1}}`"
            )
        for part in [f"{key}_{one}" for one in value] if key in GROUPS else [str(key)]:
            _known(part, str(path))
    return {str(key): value for key, value in loaded.items()}


class _Environment(EnvSettingsSource):
    """Settings from a given environment."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._given.items()}


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    mine = {
        name: value
        for name, value in env.items()
        if name.startswith(PREFIX) and name not in ALSO_KNOWN and not name.startswith("AIOPS_TEST_")
    }
    for name in mine:
        _known(name.removeprefix(PREFIX).lower(), f"the environment ({name})")
    try:
        return _Environment(mine)()
    except SettingsError:  # it says neither which variable, nor what is expected
        name, of = next(((name, of) for name, of in _MAPS.items() if name in mine and not _is_map(mine[name])))
        raise ConfigError(f"`{name.removeprefix(PREFIX).lower()}`: {name} is not a JSON map of {of}") from None


_MAPS: Final = {
    "AIOPS_TOKENS": "name to token; give AIOPS_TOKEN or AIOPS_TOKEN_FILE",
    "AIOPS_TOKEN_ROLES": "name to role; give AIOPS_TOKEN or AIOPS_TOKEN_FILE",
    "AIOPS_OIDC_ROLES": "group to role",
}
"""Variables that hold a map as JSON."""


def _is_map(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _tokens(env: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Read AIOPS_TOKEN, and lines of `token`, `name: token` or `name: role: token` in AIOPS_TOKEN_FILE."""
    tokens = {"token": env["AIOPS_TOKEN"].strip()} if env.get("AIOPS_TOKEN") else {}
    roles: dict[str, str] = {}
    if file := env.get("AIOPS_TOKEN_FILE"):
        try:
            lines = Path(file).read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise ConfigError(f"cannot read AIOPS_TOKEN_FILE {file}: {error.strerror}") from None
        for number, line in enumerate(lines, 1):
            if not (text := line.strip()):
                continue
            name, colon, rest = (part.strip() for part in text.partition(":"))
            role, second, token = (part.strip() for part in rest.partition(":"))
            if not (colon and second and role.isalpha() and len(role) < LEAST_TOKEN):
                tokens[name if colon else "token"] = rest if colon else text
            elif role in tuple(Role):
                tokens[name], roles[name] = token, role
            else:
                raise ConfigError(
                    f"line {number} of AIOPS_TOKEN_FILE {file}: the role is one of {', '.join(Role)}, not {role!r}"
                )
        if not tokens:
            raise ConfigError(f"AIOPS_TOKEN_FILE {file} holds no token")
    return ({"tokens": tokens} if tokens else {}) | ({"token_roles": roles} if roles else {})


def _known(key: str, where: str) -> None:
    keys = Settings.keys()
    if key not in keys:
        near = difflib.get_close_matches(key, keys, n=1)
        hint = f"did you mean `{near[0]}`?" if near else "`aiops config show` lists the keys"
        raise ConfigError(f"unknown key `{key}` in {where}; {hint}")


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    between = "_" if first["loc"] and first["loc"][0] in GROUPS else "."
    key = between.join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    if key.startswith("tokens"):  # a secret is not repeated
        return (
            f"`tokens`: {reason[0].lower()}{reason[1:]}; give AIOPS_TOKEN, AIOPS_TOKEN_FILE, or a map of name to token"
        )
    if not key or key in GROUPS:  # what a group holds may be a secret
        return reason
    said = "" if key == "oidc_client_secret" else f", not {first['input']!r}"
    return f"`{key}`: {reason[0].lower()}{reason[1:]}{said}"
