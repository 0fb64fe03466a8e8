"""Commands on notifications: check the file, see where a message would go, and send a test message."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from aiops.bootstrap.notifications import configured
from aiops.cli.common import CONTEXT, UsageError, settings_of
from aiops.config import Settings
from aiops.model import BURN_TRANSITIONS, Severity
from aiops.model.errors import InvalidInput
from aiops.model.safe import visible
from aiops.notify import Channel, Routing, Writer, channels_of, load_routes
from aiops.notify.example import example, trial
from aiops.notify.file import TRANSITIONS
from aiops.notify.routing import RouteVerdict
from aiops.presentation.message import time_words
from aiops.presentation.numbers import span_of_time
from aiops.presentation.times import unix_seconds


@click.group("notify", context_settings=CONTEXT)
def notify_command() -> None:
    """Check where notifications go, and whether they arrive."""


def _settings(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--config", type=click.Path(path_type=Path), help="YAML file of settings, also AIOPS_CONFIG."),
        click.option("--file", metavar="FILE", help="File of notifications. [default: the setting notify_file]"),
    ):
        command = option(command)
    return command


@notify_command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Check whether a file of notifications can be used, with the secrets that it names."""
    try:
        found = load_routes(file)
        channels = channels_of(found, Writer(""))
    except InvalidInput as error:
        click.echo(f"aiops: {visible(str(error))}", err=True)
        sys.exit(1)
    for one in channels:
        click.echo(visible(f"channel {one.name}: {one.kind}"))
    for place, route in enumerate(found.routes, 1):
        click.echo(visible(f"route {place} {route.name}: {', '.join(route.channels)}"))
    click.echo(f"{visible(str(file))} is fine")


@notify_command.command("list")
@_settings
@click.option("--severity", type=click.Choice([str(one) for one in Severity]), default="high", show_default=True)
@click.option("--service", default="", help="Service that the incident hits.")
@click.option("--kind", type=click.Choice(["incident", "burn"]), default="incident", show_default=True)
@click.option("--transition", type=click.Choice(TRANSITIONS), help="[default: opened, or burns]")
@click.option("--at", metavar="TIME", help="When, like 2026-11-30T22:00:00+01:00. [default: now]")
def list_channels(config: Path | None, file: str | None, severity: str, service: str, **more: str | None) -> None:
    """Show which channels a made-up incident would reach, when, and why.

    Example: aiops notify list --severity critical --service payment --at 2026-11-30T23:00:00+01:00
    """
    kind, transition, moment = more["kind"] or "incident", more["transition"] or "", more["at"]
    if transition and (transition in BURN_TRANSITIONS) != (kind == "burn"):
        raise UsageError(f"--transition: {transition} is not for the kind {kind}; give the other --kind")
    try:
        at = unix_seconds(moment) if moment else time.time()
    except ValueError as error:
        raise UsageError(f"--at: {error}") from None
    _, routing = _configured(_settings_of(config, file))
    one = example(Severity(severity), service, at, kind, transition)
    plan = routing.plan(one, at)
    where = f" of {service}" if service else ""
    click.echo(visible(f"{kind} {one.transition}{where}, {severity}, at {time_words(at)}"))
    verdicts = list(routing.verdicts(one, at))
    for verdict in verdicts:
        click.echo(visible(f"  route {verdict.route.name}: {_said(verdict)}"))
    if not any(not verdict.refused for verdict in verdicts) and routing.default:
        click.echo(f"  no route matches: default, {', '.join(routing.default)}")
    for name in routing.always:
        click.echo(f"  always: {name}")
    for name, held in plan.channels.items():
        click.echo(f"{name}: {'at once' if held is None else f'at {time_words(held)}, after quiet hours'}")
    for step in plan.steps:
        names = ", ".join(routing.channels_of(step))
        click.echo(f"{names}: after {span_of_time(step.due - at)} without acknowledgement ({step.route})")


def _said(verdict: RouteVerdict) -> str:
    if verdict.refused:
        return f"no, {verdict.refused}"
    held = "" if verdict.held is None else f", held back until {time_words(verdict.held)}"
    return f"yes, {', '.join(verdict.route.channels)}{held}"


@notify_command.command("test")
@_settings
@click.option(
    "--channel", "names", multiple=True, metavar="NAME", help="Channel to test; may be repeated. [default: all]"
)
def test(config: Path | None, file: str | None, names: tuple[str, ...]) -> None:
    """Send a message that says it is a test, and print what each channel answers.

    Exit code 1 if a channel does not take it. PagerDuty gets an alert of severity `info`, which is resolved at once.
    """
    channels, _ = _configured(_settings_of(config, file))
    known = {one.name: one for one in channels}
    if strange := [name for name in names if name not in known]:
        raise UsageError(f"--channel: there is no channel {strange[0]!r}; channels are {', '.join(known)}")
    results = [_tried(known[name]) for name in names or known]
    if not all(results):
        sys.exit(1)


def _tried(channel: Channel) -> bool:
    """Send the test message to a channel, and print what became of it."""
    try:
        channel.notifier.send(trial(time.time()))
    except OSError as error:
        said = channel.masked(str(error) or type(error).__name__)
        click.echo(visible(f"{channel.name} ({channel.kind}): failed: {said}"))
        return False
    click.echo(visible(f"{channel.name} ({channel.kind}): sent"))
    return True


def _settings_of(config: Path | None, file: str | None) -> Settings:
    return settings_of(config, notify_file=file)


def _configured(settings: Settings) -> tuple[list[Channel], Routing]:
    return configured(settings, Writer(settings.url, settings.grafana_url))
