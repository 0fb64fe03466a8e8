"""Commands on settings: `aiops config check` and `aiops config show`."""

import json
import re
import sys
from pathlib import Path

import click

from aiops.cli.common import settings_of
from aiops.config import ConfigError, Settings, load_settings
from aiops.model.safe import visible


@click.group()
def config() -> None:
    """Check or show the settings."""


@config.command("check")
@click.option("--config", "file", type=click.Path(path_type=Path), help="YAML file of settings, also AIOPS_CONFIG.")
def config_check(file: Path | None) -> None:
    """Check whether the settings are valid."""
    try:
        load_settings(file=file)
    except ConfigError as error:
        click.echo(f"aiops: {visible(str(error))}", err=True)
        sys.exit(1)
    click.echo("the settings are fine")


@config.command("show")
@click.option("--config", "file", type=click.Path(path_type=Path), help="YAML file of settings, also AIOPS_CONFIG.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def config_show(file: Path | None, as_json: bool) -> None:
    """List every key with its value, meaning and environment variable; tokens are not shown."""
    values = settings_of(file).flat()
    values["tokens"] = dict.fromkeys(values["tokens"], "***")
    values["webhook_url"] = values["webhook_url"] and "***"  # its path is often a secret
    values["alertmanager_url"] = re.sub(r"//[^/,]*@", "//***@", values["alertmanager_url"])
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    for key, value in values.items():
        click.echo(f"# {Settings.keys()[key]} (AIOPS_{key.upper()})\n{key}: {json.dumps(value)}")
