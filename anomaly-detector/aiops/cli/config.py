"""Commands on settings: `aiops config check` and `aiops config show`."""

import json
import sys
from pathlib import Path

import click

from aiops.cli.common import settings_of
from aiops.config import ConfigError, load_settings, shown_settings
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
    """List every key with its value, meaning, environment variable and where the value came from; secrets are not
    shown."""
    shown = shown_settings(settings_of(file))
    if as_json:
        click.echo(json.dumps({one.key: one.value for one in shown}, indent=2))
        return
    for one in shown:
        origin = "" if one.origin == "default" else f"; from {one.origin}"
        click.echo(visible(f"# {one.meaning} ({one.variable}{origin})"))
        click.echo(f"{one.key}: {json.dumps(one.value)}")
