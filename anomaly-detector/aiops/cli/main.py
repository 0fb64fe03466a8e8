"""The command line: data to stdout, logs to stderr. Exit 0 done, 1 the thing checked is not so, 2 used wrongly."""

import json
import re
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from aiops import __version__
from aiops.config import ConfigError, Settings, load
from aiops.model.safe import NEWLINE, visible

SEVERITIES = ("low", "medium", "high", "critical")
STATES = ("active", "open", "acknowledged", "resolved", "all")
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class UsageError(click.ClickException):
    """One sentence on stderr, and the exit code for wrong use."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"aiops: {visible(self.message, keep=NEWLINE)}", err=True, file=file)


def settings_of(config: Path | None, defaults: Mapping[str, Any] | None = None, /, **overrides: Any) -> Settings:
    try:
        return load(file=config, overrides=overrides, defaults=defaults)
    except ConfigError as error:
        raise UsageError(str(error)) from None


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--config", type=click.Path(path_type=Path), help="YAML file of settings (or AIOPS_CONFIG)."),
        click.option("--port", type=int, help="Port of pages and API. [default: 8000]"),
        click.option(
            "--data-dir", type=click.Path(path_type=Path), help="Folder of telemetry, incidents, learned state."
        ),
        click.option(
            "--objectives",
            multiple=True,
            metavar="PATH",
            callback=lambda _context, _option, paths: ",".join(paths) or None,
            help="OpenSLO file, or folder of them, whose budgets are kept; may be repeated.",
        ),
        click.option("--calendar", metavar="FILE", help="YAML file of time zones, holidays and events known before."),
        click.option("--log-level", help="debug, info, warning or error. [default: info]"),
    ):
        command = option(command)
    return command


class _Main(click.Group):
    """Commands with a package of their own are read in when they are asked for: they bring much along."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "backtest", "backup", "fit", "restore", "slo", "smoke"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "backtest":
            from aiops.cli.backtest import backtest

            return backtest
        if cmd_name in ("backup", "restore"):
            from aiops.cli import backup as cli_backup

            return cli_backup.backup if cmd_name == "backup" else cli_backup.restore
        if cmd_name == "fit":
            from aiops.cli.fit import fit

            return fit
        if cmd_name == "slo":
            from aiops.cli.slo import slo

            return slo
        if cmd_name == "smoke":
            from aiops.cli.smoke import smoke

            return smoke
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:  # it may say what a store answered
            raise click.UsageError(visible(error.format_message(), keep=NEWLINE), error.ctx) from None


@click.group(cls=_Main, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="aiops")
def main() -> None:
    """Telemetry in, explained incidents out.

    `aiops demo` shows it on a shop that breaks on purpose; `aiops up` watches your own application.
    """


@main.command()
@_common
@click.option("--otlp-grpc-port", type=int, help="Port of the OTLP receiver over gRPC. [default: 4317]")
@click.option("--otlp-http-port", type=int, help="Port of the OTLP receiver over HTTP. [default: 4318]")
def up(config: Path | None, **overrides: Any) -> None:
    """Watch any application that speaks OpenTelemetry.

    Receives OTLP, learns what is normal, and opens one incident per cause, with its evidence. Point the application at
    it with OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 and OTEL_SERVICE_NAME=<its name>. Ctrl-C stops it; what
    it learned is kept in the data folder.
    """
    from aiops import bootstrap

    _serve(settings_of(config, **overrides), bootstrap.embedded)


@main.command()
@_common
@click.option("--prometheus-url", help="Where metrics are read, and verdicts written. [default: http://127.0.0.1:9090]")
@click.option("--tempo-url", help="Where traces are read; without it the engine keeps those that are sent to it.")
def run(config: Path | None, **overrides: Any) -> None:
    """Watch what Prometheus and Tempo already have.

    Learns from the last hour in Prometheus, then judges every 15 s, and opens one incident per cause, with its
    evidence. Prometheus must receive OTLP (--web.enable-otlp-receiver), or its collector write with OTLP's names.
    Without --tempo-url traces are received here, on 14318 (HTTP) and 14317 (gRPC): let the collector send them too.
    """
    from aiops import bootstrap

    beside = {"prometheus_url": "http://127.0.0.1:9090", "otlp_grpc_port": 14317, "otlp_http_port": 14318}
    _serve(settings_of(config, beside, **overrides), bootstrap.on_stack)


def _serve(settings: Settings, build: Callable[[Settings], Any]) -> None:
    """Run an engine until it is told to stop."""
    from aiops import bootstrap
    from aiops.ports import SourceError, StoreError
    from aiops.process import logs

    logs.configure(settings.log_level)
    failure = ""
    try:
        application = build(settings)
        try:
            application.start()
        except SourceError:
            application.stop()
            raise
    except (bootstrap.CannotStart, ConfigError, SourceError, StoreError) as error:
        failure = str(error)  # raised without the error's frames, which would outlive the engine
    if failure:
        raise UsageError(failure)
    click.echo(f"pages and API  {application.url}", err=True)
    source = application.world.embedded
    if build is bootstrap.on_stack:
        click.echo(f"metrics        {settings.prometheus_url}", err=True)
        click.echo(f"traces         {settings.tempo_url or 'received here'}", err=True)
    if source is not None:
        grpc, http = source.receivers.grpc_port, source.receivers.http_port
        click.echo(f"OTLP           http://{settings.otlp_host}:{http} (HTTP) and :{grpc} (gRPC)", err=True)
    click.echo(f"data           {settings.data_dir}", err=True)
    wait_for_signal()
    click.echo("stopping", err=True)
    application.stop()
    if application.broken:
        sys.exit(1)


def wait_for_signal() -> None:
    """Return at Ctrl-C, SIGTERM, or when the terminal is closed."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()


@main.command()
@click.option("--scenario", default="payment-errors", show_default=True, help="Which fault to show; `list` names them.")
@click.option(
    "--exit-when-resolved", is_flag=True, help="Stop at the end: 0 if cause and resolution were right, else 1."
)
@click.option("--no-browser", is_flag=True, help="Do not open the page of the incident.")
@click.option(
    "--port-offset", type=click.IntRange(0, 40000), default=0, help="Added to every port, to run beside others."
)
@click.option("--log-level", default="error", show_default=True, help="Of the engine: debug, info, warning or error.")
@click.option("--history", metavar="LENGTH", help="Begin with so much generated telemetry: 36h, 14d.")
def demo(
    scenario: str, exit_when_resolved: bool, no_browser: bool, port_offset: int, log_level: str, history: str | None
) -> None:
    """Break a shop on purpose and watch the engine find out why.

    Starts five services with load, learns what is normal, injects a fault, shows the incident with its cause, clears
    the fault and waits for the incident to resolve. Then it all keeps running until Ctrl-C. With --history there are
    days to look back on, with their peaks, nights and weekends, and normal is known at once; what is generated is
    marked telemetry.generated=true.
    """
    from aiops.cli import demo as show

    failure = ""
    try:
        seconds = 0.0 if history is None else show.length(history)
    except ValueError as error:
        raise UsageError(f"--history: {error}") from None
    try:
        right = show.run(scenario, exit_when_resolved, not no_browser, port_offset, log_level, seconds)
    except show.CannotShow as error:
        failure = str(error)
    if failure:
        raise UsageError(failure)
    sys.exit(0 if right else 1)


@main.group()
def config() -> None:
    """Look at the settings."""


@config.command("check")
@click.option("--config", "file", type=click.Path(path_type=Path), help="YAML file of settings (or AIOPS_CONFIG).")
def config_check(file: Path | None) -> None:
    """Say whether the settings can be used."""
    try:
        load(file=file)
    except ConfigError as error:
        click.echo(f"aiops: {visible(str(error))}", err=True)
        sys.exit(1)
    click.echo("the settings are fine")


@config.command("show")
@click.option("--config", "file", type=click.Path(path_type=Path), help="YAML file of settings (or AIOPS_CONFIG).")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
def config_show(file: Path | None, as_json: bool) -> None:
    """List every key with its value, meaning and environment variable; tokens are not shown."""
    values = settings_of(file).model_dump(mode="json")
    values["tokens"] = dict.fromkeys(values["tokens"], "***")
    values["webhook_url"] = values["webhook_url"] and "***"  # its path is often a secret
    values["alertmanager_url"] = re.sub(r"//[^/,]*@", "//***@", values["alertmanager_url"])
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    for key, value in values.items():
        click.echo(f"# {Settings.model_fields[key].description} (AIOPS_{key.upper()})\n{key}: {json.dumps(value)}")


@main.group()
def incidents() -> None:
    """List, read, acknowledge and resolve incidents of a running engine, or say that they are normal.

    While none runs, `list` and `show` read what it left in its data folder.
    """


def _url(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="For a program to read."),
        click.option("--token", envvar="AIOPS_TOKEN", help="Token, where the engine wants one (or AIOPS_TOKEN)."),
        click.option("--url", help="The engine's address. [default: http://127.0.0.1:8000, by the settings]"),
    ):
        command = option(command)
    return command


@incidents.command("list")
@_url
@click.option("--state", type=click.Choice(STATES), default="active", show_default=True)
@click.option("--severity", type=click.Choice(SEVERITIES), help="Of this severity only.")
@click.option("--service", help="Those that affect this service.")
@click.option("--since", metavar="TIME", help="Detected then or later: RFC 3339 with its zone, or Unix seconds.")
@click.option("--until", metavar="TIME", help="Detected then or earlier.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, however many.")
@click.option("--all", "everything", is_flag=True, help="All there are, whatever the limit.")
@click.option("--cursor", metavar="CURSOR", help="Go on where an earlier list ended, as it said.")
def incidents_list(
    url: str | None, token: str | None, as_json: bool, limit: int, everything: bool, **wanted: Any
) -> None:
    """List incidents, newest first."""
    from aiops.cli import remote

    wanted |= {name: _moment(name, wanted[name]) for name in ("since", "until")}
    asked = remote.Wanted(limit=None if everything else limit, **wanted)
    found, following = _read(url, token, lambda where: where.incidents(asked))
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for one in found:
            click.echo(remote.line(one))
        if not found:
            state = wanted["state"]
            click.echo("no incidents" if state == "all" else f"no {state} incidents")
    if following is not None:
        click.echo(f"there are older ones: --cursor {following} goes on from here, --all lists all", err=True)


@incidents.command("show")
@_url
@click.argument("incident")
def incidents_show(url: str | None, token: str | None, as_json: bool, incident: str) -> None:
    """Everything about one."""
    from aiops.cli import remote

    found = _read(url, token, lambda where: where.incident(incident))
    click.echo(json.dumps(found, indent=2) if as_json else remote.page(found))


@incidents.command("ack")
@_url
@click.argument("incident")
def incidents_ack(url: str | None, token: str | None, as_json: bool, incident: str) -> None:
    """Take an incident: others see that you are at it."""
    _act(url, token, as_json, incident, "acknowledge")


@incidents.command("resolve")
@_url
@click.argument("incident")
def incidents_resolve(url: str | None, token: str | None, as_json: bool, incident: str) -> None:
    """Say that it is over. If its symptoms go on, it is open again soon."""
    _act(url, token, as_json, incident, "resolve")


@incidents.command("normal")
@_url
@click.argument("incident")
@click.option("--reason", help="Why this is normal now; kept in the audit.")
@click.option("--yes", is_flag=True, help="Do not ask, once it is shown what would be learned.")
@click.option("--undo", is_flag=True, help="Take back what was said within the last hour.")
def incidents_normal(
    url: str | None, token: str | None, as_json: bool, incident: str, reason: str | None, yes: bool, undo: bool
) -> None:
    """Say that what its symptoms do now is normal.

    Shows what is expected until now and would be from now on, then asks. Latency and traffic only: failures and silence
    are never taken for normal. Without --reason it is only shown.
    """
    from aiops.cli import remote

    if undo:
        _act(url, token, as_json, incident, "normal/undo")
        return
    engine = remote.Remote(url or _default_url(), token)
    try:
        proposal = engine.proposal(incident)
        for one in proposal["changes"]:
            click.echo(remote.relearned(one), err=as_json)
        if reason is None:
            if as_json:
                click.echo(json.dumps(proposal, indent=2))
            click.echo("nothing was changed; give --reason to say that this is normal", err=True)
            return
        if not yes and not (sys.stdin.isatty() and click.confirm("Is this normal from now on?", err=True)):
            click.echo("nothing was changed; give --yes to do it", err=True)
            sys.exit(1)
        found = engine.accept(incident, reason)
    except remote.NotAnswered as error:
        _not_so(error)
    click.echo(json.dumps(found, indent=2) if as_json else remote.line(found))


def _act(url: str | None, token: str | None, as_json: bool, incident: str, what: str) -> None:
    from aiops.cli import remote

    try:
        found = remote.Remote(url or _default_url(), token).act(incident, what)
    except remote.NotAnswered as error:
        _not_so(error)
    click.echo(json.dumps(found, indent=2) if as_json else remote.line(found))


def _read(url: str | None, token: str | None, ask: Callable[[Any], Any]) -> Any:
    """Ask the engine; its files if none runs here and no other address was given."""
    from aiops.cli import remote

    try:
        return ask(remote.Remote(url or _default_url(), token))
    except remote.NotAnswered as error:
        if url is not None or not isinstance(error, remote.NoEngine):
            _not_so(error)
    try:
        return ask(remote.Files(settings_of(None).data_dir))
    except remote.NotAnswered as error:
        _not_so(error)


def _moment(option: str, text: str | None) -> float | None:
    if text is None:
        return None
    from aiops.api.moment import unix_seconds

    try:
        return unix_seconds(text)
    except ValueError as error:
        raise UsageError(f"--{option} {error}") from None


def _default_url() -> str:
    return f"http://127.0.0.1:{settings_of(None).port}"


def _not_so(error: Exception) -> NoReturn:
    click.echo(f"aiops: {visible(str(error))}", err=True)
    sys.exit(1)
