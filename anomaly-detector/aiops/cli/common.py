"""What several commands share: settings, and how wrong use ends."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from aiops.config import Settings, load_settings
from aiops.model import Role
from aiops.model.safe import NEWLINE, visible

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class UsageError(click.ClickException):
    """Wrong use: one sentence on stderr, and exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the sentence, with invisible characters escaped."""
        click.echo(f"aiops: {visible(self.message, keep=NEWLINE)}", err=True, file=file)


def token_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option `token`: by default the one of AIOPS_TOKEN, or the first of AIOPS_TOKEN_FILE that may read."""
    return click.option(
        "--token",
        envvar="AIOPS_TOKEN",
        callback=lambda _context, _option, given: given or _first_token(),
        help="Token, if the engine requires one; also AIOPS_TOKEN, or the first reader's in AIOPS_TOKEN_FILE.",
    )(command)


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that asks a running engine: `url` and `token`."""
    url = click.option("--url", help="Address of the engine. [default: by the settings, http://127.0.0.1:8000]")
    return url(token_option(command))


def _first_token() -> str | None:
    if not os.environ.get("AIOPS_TOKEN_FILE"):
        return None
    settings = settings_of(None)
    return next((token for name, token in settings.tokens.items() if settings.holders[name].may(Role.VIEWER)), None)


def default_url() -> str:
    """Return the address of the engine that the settings describe. Raises ConfigError."""
    settings = settings_of(None)
    return f"{'https' if settings.tls.on_pages else 'http'}://127.0.0.1:{settings.port}"


def settings_of(config: Path | None, defaults: Mapping[str, Any] | None = None, /, **overrides: Any) -> Settings:
    """Load the settings of a file, the environment and command-line options. Raises ConfigError."""
    return load_settings(file=config, overrides=overrides, defaults=defaults)
