"""The command line: data to stdout, logs to stderr. Exit codes: 0 done, 1 the check failed, 2 wrong use."""

import io
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from aiops import __version__
from aiops.cli.access import audit_command, tokens_command, users_command
from aiops.cli.actions import actions_command
from aiops.cli.catalog import catalog_command
from aiops.cli.common import CONTEXT, UsageError, settings_of
from aiops.cli.config import config
from aiops.cli.incidents import incidents_command
from aiops.cli.silences import silences_command
from aiops.cli.workflow import WORKFLOW_COMMANDS
from aiops.config import ConfigError, Settings
from aiops.model.errors import AiopsError
from aiops.model.safe import NEWLINE, visible
from aiops.process.system import AWAKE_SECONDS, ENDS


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--config", type=click.Path(path_type=Path), help="YAML file of settings, also AIOPS_CONFIG."),
        click.option("--port", type=int, help="TCP port of pages and API. [default: 8000]"),
        click.option(
            "--data-dir",
            type=click.Path(path_type=Path),
            help="Folder for telemetry, incidents and learned state. [default: ~/.local/share/aiops]",
        ),
        click.option(
            "--objectives",
            multiple=True,
            metavar="PATH",
            callback=lambda _context, _option, paths: ",".join(paths) or None,
            help="OpenSLO file or folder with the objectives to watch; may be repeated. [default: none]",
        ),
        click.option(
            "--calendar",
            metavar="FILE",
            help="YAML file of time zones, holidays and known events. [default: UTC, no events]",
        ),
        click.option("--log-level", help="Level of the log: debug, info, warning or error. [default: info]"),
    ):
        command = option(command)
    return command


class _Main(click.Group):
    """Commands with their own package are imported only when they are used, because their imports are large."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(
            [
                *super().list_commands(ctx),
                "backtest",
                "backup",
                "drill",
                "explain",
                "fit",
                "mcp",
                "notify",
                "replay",
                "restore",
                "slo",
                "smoke",
            ]
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "backtest":
            from aiops.cli.backtest import backtest_command

            return backtest_command
        if cmd_name in ("backup", "restore"):
            from aiops.cli import backup as cli_backup

            return cli_backup.backup if cmd_name == "backup" else cli_backup.restore_command
        if cmd_name == "drill":
            from aiops.cli.drill import drill_command

            return drill_command
        if cmd_name == "explain":
            from aiops.cli.explain import explain_command

            return explain_command
        if cmd_name == "fit":
            from aiops.cli.fit import fit_command

            return fit_command
        if cmd_name == "mcp":
            from aiops.cli.mcp import mcp_command

            return mcp_command
        if cmd_name == "notify":
            from aiops.cli.notify import notify_command

            return notify_command
        if cmd_name == "replay":
            from aiops.cli.replay import replay_command

            return replay_command
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
        except click.UsageError as error:  # the text may contain the answer of a store
            raise click.UsageError(visible(error.format_message(), keep=NEWLINE), error.ctx) from None
        except AiopsError as error:
            raise UsageError(str(error)) from None


@click.group(cls=_Main, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="aiops")
def main() -> None:
    """Finds incidents in OpenTelemetry data and explains their causes.

    `aiops demo` shows it on a shop with injected faults; `aiops up` watches your own application; `aiops run` watches
    what Prometheus and Tempo already store.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal or file that has no arrows, as on Windows


@main.command()
@_common
@click.option("--otlp-grpc-port", type=int, help="TCP port for OTLP over gRPC. [default: 4317]")
@click.option("--otlp-http-port", type=int, help="TCP port for OTLP over HTTP. [default: 4318]")
def up(config: Path | None, **overrides: Any) -> None:
    """Watch any application that sends OpenTelemetry.

    Receives OTLP, learns what is normal, and opens one incident per cause, with its evidence. Let the application send
    to it with OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 and OTEL_SERVICE_NAME=<its name>. Pages:
    http://127.0.0.1:8000. Ctrl-C stops it; learned state stays in the data folder.
    """
    from aiops import bootstrap

    _serve(settings_of(config, **overrides), bootstrap.embedded)


@main.command()
@_common
@click.option(
    "--prometheus-url", help="Prometheus to read metrics from and write verdicts to. [default: http://127.0.0.1:9090]"
)
@click.option("--tempo-url", help="Tempo to read traces from. [default: the engine stores the traces sent to it]")
def run(config: Path | None, **overrides: Any) -> None:
    """Watch what Prometheus and Tempo already store.

    Learns from the last hour in Prometheus, then judges every 15 s, and opens one incident per cause, with its
    evidence. Prometheus must receive OTLP (--web.enable-otlp-receiver), or the collector must write with OTLP's names.
    Without --tempo-url the engine receives traces itself, on ports 14318 (HTTP) and 14317 (gRPC): let the collector
    send them there too.

    Example: aiops run --prometheus-url http://127.0.0.1:9090 --tempo-url http://127.0.0.1:3200
    """
    from aiops import bootstrap

    beside = {"prometheus_url": "http://127.0.0.1:9090", "otlp_grpc_port": 14317, "otlp_http_port": 14318}
    _serve(settings_of(config, beside, **overrides), bootstrap.on_stack)


def _serve(settings: Settings, build: Callable[[Settings], Any]) -> None:
    """Run an engine until it is stopped."""
    from aiops import bootstrap
    from aiops.model.errors import SourceError, StoreError
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
        failure = str(error)  # raised without the frames of the error, which would keep the engine alive
    if failure:
        raise UsageError(failure)
    click.echo(f"pages and API  {application.url}", err=True)
    source = application.world.embedded
    if build is bootstrap.on_stack:
        click.echo(f"metrics        {settings.prometheus.url}", err=True)
        click.echo(f"traces         {settings.tempo.url or 'received here'}", err=True)
    if source is not None:
        grpc, http = source.receivers.grpc_port, source.receivers.http_port
        scheme = "https" if settings.tls.on_otlp else "http"
        click.echo(f"OTLP           {scheme}://{settings.otlp_host}:{http} (HTTP) and :{grpc} (gRPC)", err=True)
    click.echo(f"data           {settings.data_dir}", err=True)
    wait_for_signal()
    click.echo("stopping", err=True)
    application.stop()
    if application.broken:
        sys.exit(1)


def wait_for_signal() -> None:
    """Return at Ctrl-C, at SIGTERM, or when the terminal is closed."""
    stop = threading.Event()
    for number in ENDS:
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(AWAKE_SECONDS):
        pass


@main.command()
@click.option(
    "--scenario",
    default="payment-errors",
    show_default=True,
    help="The fault to show; `--scenario list` lists all of them.",
)
@click.option(
    "--exit-when-resolved",
    is_flag=True,
    help="Stop at the end, with exit code 0 if cause and resolution were right, else 1.",
)
@click.option("--no-browser", is_flag=True, help="Do not open the page of the incident in a browser.")
@click.option(
    "--port-offset",
    type=click.IntRange(0, 40000),
    default=0,
    help="Number added to every port, to run beside other programs. [default: 0]",
)
@click.option(
    "--log-level", default="error", show_default=True, help="Level of the engine's log: debug, info, warning or error."
)
@click.option(
    "--history",
    metavar="LENGTH",
    default="5m",
    show_default=True,
    help="How much telemetry of the past to generate, such as 5m, 36h or 14d.",
)
@click.option("--act", is_flag=True, help="Let an approved action clear the fault, and show one that is refused.")
def demo(
    scenario: str, exit_when_resolved: bool, no_browser: bool, port_offset: int, log_level: str, history: str, act: bool
) -> None:
    """Break a shop on purpose and watch the engine find the cause.

    Starts five services with load, measures how fast this machine is, and generates telemetry of the last minutes at
    that pace, so that normal behaviour is known at once. Then it injects a fault, shows the incident with its cause,
    clears the fault and waits for the incident to resolve. Everything keeps running until Ctrl-C. With a --history of
    days there are peaks, nights and weekends to look at. Generated telemetry is marked telemetry.generated=true, and
    the pages say until when it reaches.
    """
    from aiops.cli import demo as show

    failure = ""
    try:
        seconds = show.length(history)
    except ValueError as error:
        raise UsageError(f"--history: {error}") from None
    try:
        right = show.run(scenario, exit_when_resolved, not no_browser, port_offset, log_level, seconds, act)
    except show.CannotShow as error:
        failure = str(error)
    if failure:
        raise UsageError(failure)
    sys.exit(0 if right else 1)


main.add_command(actions_command)
main.add_command(audit_command)
main.add_command(catalog_command)
main.add_command(config)
main.add_command(incidents_command)
for _each in WORKFLOW_COMMANDS:
    incidents_command.add_command(_each)
main.add_command(silences_command)
main.add_command(tokens_command)
main.add_command(users_command)
