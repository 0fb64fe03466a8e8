"""What several commands share: settings, and how wrong use ends."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from aiops.config import Settings, load_settings
from aiops.model.safe import NEWLINE, visible

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class UsageError(click.ClickException):
    """Wrong use: one sentence on stderr, and exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the sentence, with invisible characters escaped."""
        click.echo(f"aiops: {visible(self.message, keep=NEWLINE)}", err=True, file=file)


def settings_of(config: Path | None, defaults: Mapping[str, Any] | None = None, /, **overrides: Any) -> Settings:
    """Load the settings of a file, the environment and command-line options. Raises ConfigError."""
    return load_settings(file=config, overrides=overrides, defaults=defaults)
