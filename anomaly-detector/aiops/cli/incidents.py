"""Commands on incidents: `aiops incidents list`, `show`, `ack`, `resolve`, `normal`, `capture` and
`export`.

The work of people on them, such as `assign` and `comment`, is in `workflow`.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from aiops.cli.common import UsageError, default_url, engine_options, settings_of
from aiops.model.safe import visible

SEVERITIES = ("low", "medium", "high", "critical")
KINDS_OF_CAUSE = ("errors", "latency", "timeout", "down", "network", "dependency", "traffic", "machine", "unknown")
STATES = ("active", "open", "acknowledged", "resolved", "all")


@click.group("incidents")
def incidents_command() -> None:
    """List, read, acknowledge, resolve and capture incidents of a running engine, or declare them normal.

    If no engine runs, `list` and `show` read the incidents in its data folder.
    """


def engine_answer(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that asks an engine: its address, a token, and whether to print JSON."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
    return engine_options(as_json(command))


@incidents_command.command("list")
@engine_answer
@click.option(
    "--state",
    type=click.Choice(STATES),
    default="active",
    show_default=True,
    help="State; active: open or acknowledged.",
)
@click.option("--severity", type=click.Choice(SEVERITIES), help="Only incidents of this severity. [default: all]")
@click.option("--service", help="Only incidents that affect this service. [default: all]")
@click.option(
    "--kind",
    type=click.Choice(KINDS_OF_CAUSE),
    help="Only this kind of cause; unknown: no cause was found. [default: all]",
)
@click.option(
    "--search", metavar="WORDS", help="Only incidents whose id, title, cause, services or endpoints have them."
)
@click.option(
    "--since",
    metavar="TIME",
    help="Only incidents detected at this time or later: RFC 3339 with zone, or Unix seconds.",
)
@click.option("--until", metavar="TIME", help="Only incidents detected at this time or earlier.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The most incidents to list.")
@click.option("--all", "everything", is_flag=True, help="List all incidents, without a limit.")
@click.option("--cursor", metavar="CURSOR", help="Continue an earlier list, with the cursor that it printed.")
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


@incidents_command.command("show")
@engine_answer
@click.argument("incident")
def incidents_show(url: str | None, token: str | None, as_json: bool, incident: str) -> None:
    """Show everything about one incident, for example INC-1795253415-1."""
    from aiops.cli import remote

    found = _read(url, token, lambda where: where.incident(incident))
    click.echo(json.dumps(found, indent=2) if as_json else remote.fetch_page(found))


@incidents_command.command("ack")
@engine_answer
@click.argument("incident")
def incidents_ack(url: str | None, token: str | None, as_json: bool, incident: str) -> None:
    """Acknowledge an incident: others see that you are working on it."""
    act(url, token, as_json, incident, "acknowledge")


@incidents_command.command("resolve")
@engine_answer
@click.argument("incident")
@click.option("--helped", help="What ended it; shown with later incidents of the same cause. [default: nothing]")
def incidents_resolve(url: str | None, token: str | None, as_json: bool, incident: str, helped: str | None) -> None:
    """Resolve an incident. If its symptoms continue, it is reopened soon."""
    act(url, token, as_json, incident, "resolve", {"helped": helped} if helped else None)


@incidents_command.command("normal")
@engine_answer
@click.argument("incident")
@click.option("--reason", help="Why this is normal now; stored in the audit.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--undo", is_flag=True, help="Undo a declaration of the last hour.")
def incidents_normal(
    url: str | None, token: str | None, as_json: bool, incident: str, reason: str | None, yes: bool, undo: bool
) -> None:
    """Declare that the symptoms of an incident are normal from now on.

    Shows the present expectation and the new one, then asks. Possible for latency and traffic only: failures and
    silence are never normal. Without --reason nothing is changed.

    Example: aiops incidents normal INC-1795253415-1 --reason "larger images since today"
    """
    from aiops.cli import remote

    if undo:
        act(url, token, as_json, incident, "normal/undo")
        return
    engine = remote.Remote(url or default_url(), token)
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
        fail(error)
    click.echo(json.dumps(found, indent=2) if as_json else remote.line(found))


@incidents_command.command("capture")
@engine_answer
@click.argument("incident")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File to write; an existing one is not overwritten. [default: INCIDENT.capture.jsonl.gz]",
)
@click.option(
    "--before",
    default="1h",
    show_default=True,
    metavar="LENGTH",
    help="Normal telemetry before the trouble, from which a replay learns.",
)
@click.option(
    "--keep", multiple=True, metavar="NAME", help="Keep the values of this attribute as they are; may be repeated."
)
@click.option("--plain", is_flag=True, help="Keep all names and values: nothing is made anonymous.")
def incidents_capture(
    url: str | None,
    token: str | None,
    as_json: bool,
    incident: str,
    output: Path | None,
    before: str,
    keep: tuple[str, ...],
    plain: bool,
) -> None:
    """Write one file with all that an engine needs to see an incident again: `aiops replay` reads it.

    The file holds the spans from an hour before the trouble until two minutes after it, the changes of that time and
    the objectives. Names are made anonymous: every word of service names, routes, hosts, attribute values and messages
    becomes another word, the same in the whole file, by a random key that is not stored. Kept are names of attributes,
    times, and words of protocols such as GET, 503 and timeout.

    Example: aiops incidents capture INC-1795253415-1 --keep service.version
    """
    from aiops.cli import remote
    from aiops.cli.capture import telling

    try:
        telling.capture(
            remote.Remote(url or default_url(), token, seconds=60.0), incident, output, before, keep, plain, as_json
        )
    except remote.NotAnswered as error:
        fail(error)


@incidents_command.command("export")
@engine_options
@click.argument("incident")
@click.option(
    "--format",
    "form",
    type=click.Choice(("md", "json", "html")),
    default="md",
    show_default=True,
    help="Markdown, JSON for programs, or one HTML file with charts.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    metavar="FILE",
    help="File to write; - is the terminal. [default: INCIDENT.FORMAT]",
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def incidents_export(
    url: str | None, token: str | None, incident: str, form: str, output: Path | None, force: bool
) -> None:
    """Write the post-mortem of an incident: what is known of it, and blanks for what people have learned.

    Works while the incident lasts, too: then the document says that it is not over.

    Example: aiops incidents export INC-1795253415-1 --format html
    """
    from aiops.cli import exporting, remote

    try:
        exporting.export(remote.Remote(url or default_url(), token, seconds=60.0), incident, form, output, force)
    except remote.NotAnswered as error:
        fail(error)


def act(
    url: str | None, token: str | None, as_json: bool, incident: str, what: str, body: dict[str, Any] | None = None
) -> None:
    """Do something to an incident, and print it as it is afterwards."""
    from aiops.cli import remote

    try:
        found = remote.Remote(url or default_url(), token).act(incident, what, body)
    except remote.NotAnswered as error:
        fail(error)
    click.echo(json.dumps(found, indent=2) if as_json else remote.line(found))


def _read(url: str | None, token: str | None, ask: Callable[[Any], Any]) -> Any:
    """Ask the engine; read its files if none runs here and no other address was given."""
    from aiops.cli import remote

    try:
        return ask(remote.Remote(url or default_url(), token))
    except remote.NotAnswered as error:
        if url is not None or not isinstance(error, remote.NoEngine):
            fail(error)
    try:
        return ask(remote.Files(settings_of(None).data_dir))
    except remote.NotAnswered as error:
        fail(error)


def _moment(option: str, text: str | None) -> float | None:
    if text is None:
        return None
    from aiops.presentation.times import unix_seconds

    try:
        return unix_seconds(text)
    except ValueError as error:
        raise UsageError(f"--{option} {error}") from None


def fail(error: Exception) -> NoReturn:
    """Say why the engine did not do it, and exit with 1."""
    click.echo(f"aiops: {visible(str(error))}", err=True)
    sys.exit(1)
