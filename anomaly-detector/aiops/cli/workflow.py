"""The work of people on incidents: `aiops incidents assign`, `comment`, `dismiss`, `reopen`, `severity`, …"""

import json
import sys
from urllib.parse import quote

import click

from aiops.cli.common import UsageError, default_url
from aiops.cli.incidents import SEVERITIES, act, engine_answer, fail
from aiops.cli.silences import until_fields
from aiops.model.safe import visible
from aiops.presentation.handover import handover_markdown
from aiops.presentation.times import ago


@click.command("assign")
@engine_answer
@click.argument("incident")
@click.option("--to", metavar="NAME", help="Who works on it from now on.")
@click.option("--nobody", is_flag=True, help="Take it from whoever has it.")
def incidents_assign(
    url: str | None, token: str | None, as_json: bool, incident: str, to: str | None, nobody: bool
) -> None:
    """Assign an incident to somebody. Whoever acknowledges an incident that nobody has is assigned too.

    Example: aiops incidents assign INC-1795253415-1 --to ana
    """
    if (to is None) != nobody:
        raise UsageError("give either --to NAME or --nobody")
    if to is None:
        act(url, token, as_json, incident, "unassign")
    else:
        act(url, token, as_json, incident, "assign", {"assignee": to})


@click.command("snooze")
@engine_answer
@click.argument("incident")
@click.option("--for", "lasts", metavar="LENGTH", help="How long, such as 30m, 4h or 7d; at most 30 days.")
@click.option("--until", metavar="TIME", help="Its end instead: RFC 3339 with zone, or Unix seconds.")
@click.option("--reason", help="Why. [default: none]")
@click.option("--wake", is_flag=True, help="End the snooze now.")
def incidents_snooze(
    url: str | None,
    token: str | None,
    as_json: bool,
    incident: str,
    lasts: str | None,
    until: str | None,
    reason: str | None,
    wake: bool,
) -> None:
    """Announce nothing about an incident for a time; if it is still open then, people are reminded of it.

    Example: aiops incidents snooze INC-1795253415-1 --for 4h --reason "the fix is on its way"
    """
    if wake:
        if lasts or until or reason:
            raise UsageError("--wake ends the snooze: give no --for, --until or --reason with it")
        act(url, token, as_json, incident, "wake")
        return
    why = {"reason": reason} if reason else {}
    act(url, token, as_json, incident, "snooze", {**until_fields(lasts, until), **why})


@click.command("dismiss")
@engine_answer
@click.argument("incident")
@click.option("--reason", required=True, help="Why it is not an incident; shown with it.")
@click.option("--days", type=click.FloatRange(0, 90, min_open=True), default=14, show_default=True, help="How long.")
def incidents_dismiss(
    url: str | None, token: str | None, as_json: bool, incident: str, reason: str, days: float
) -> None:
    """Say that this is not an incident. It is resolved, and opens again only when it is much worse.

    Nothing is learned, so that this is not what `normal` does: what is expected stays as it is. `aiops incidents
    dismissed` lists what people said, and takes it back.

    Example: aiops incidents dismiss INC-1795253415-1 --reason "the load test of the shop"
    """
    act(url, token, as_json, incident, "dismiss", {"reason": reason, "days": days})


@click.command("dismissed")
@engine_answer
@click.option("--end", "id_", metavar="ID", help="Take this one back: if its trouble is there, it opens again soon.")
def incidents_dismissed(url: str | None, token: str | None, as_json: bool, id_: str | None) -> None:
    """List what people said is not an incident, and what it takes to open one again."""
    from aiops.cli import remote

    engine = remote.Remote(url or default_url(), token)
    try:
        if id_ is None:
            found = engine.answer("/aiops/dismissals")["dismissals"]
        else:
            found = [engine.change(f"/aiops/dismissals/{quote(id_, safe='')}/end")]
    except remote.NotAnswered as error:
        fail(error)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for one in found:
        said = f"{one['id']}  {one['state']}  {one['incident']}  {one['title']}: {one['reason']} (says {one['by']})"
        click.echo(visible(f"{said}; opens again {one['effect']}, or after {one['until']}"))


@click.command("handover")
@engine_answer
@click.option("--since", default="8h", show_default=True, metavar="LENGTH", help="Length of the shift, at most 7d.")
def incidents_handover(url: str | None, token: str | None, as_json: bool, since: str) -> None:
    """Write the hand-over of a shift in Markdown: what opened and ended, what is open, and what needs attention.

    Example: aiops incidents handover --since 12h
    """
    from aiops.cli import remote

    seconds = ago(since)
    if not seconds:
        raise UsageError(f"--since must be a length such as 8h or 2d, not {since!r}")
    where = url or default_url()
    try:
        found = remote.Remote(where, token).answer("/aiops/handover", {"hours": f"{seconds / 3600:g}"})
    except remote.NotAnswered as error:
        fail(error)
    click.echo(json.dumps(found, indent=2) if as_json else handover_markdown(found, where.rstrip("/")), nl=as_json)


@click.command("merge")
@engine_answer
@click.argument("incident")
@click.option("--into", metavar="INCIDENT", help="The open incident that it belongs to.")
@click.option("--undo", is_flag=True, help="Take it out again: both are open afterwards.")
def incidents_merge(
    url: str | None, token: str | None, as_json: bool, incident: str, into: str | None, undo: bool
) -> None:
    """Merge an incident into another one. It ends, and its later symptoms belong to the other while that is open.

    Example: aiops incidents merge INC-1795253415-2 --into INC-1795253415-1
    """
    if undo == (into is not None):
        raise UsageError("give either --into INCIDENT or --undo")
    if undo:
        act(url, token, as_json, incident, "unmerge")
    else:
        act(url, token, as_json, incident, "merge", {"into": into})


@click.command("split")
@engine_answer
@click.argument("incident")
@click.option("--service", "services", multiple=True, required=True, metavar="NAME", help="May be repeated.")
def incidents_split(
    url: str | None, token: str | None, as_json: bool, incident: str, services: tuple[str, ...]
) -> None:
    """Take services out of an incident: their symptoms are an incident of their own, also later.

    `aiops incidents merge` puts them together again.

    Example: aiops incidents split INC-1795253415-1 --service cart
    """
    act(url, token, as_json, incident, "split", {"services": list(services)})


@click.command("reopen")
@engine_answer
@click.argument("incident")
def incidents_reopen(url: str | None, token: str | None, as_json: bool, incident: str) -> None:
    """Open an incident again that ended within a day. It stays open until somebody resolves it."""
    act(url, token, as_json, incident, "reopen")


@click.command("severity")
@engine_answer
@click.argument("incident")
@click.option("--set", "severity", type=click.Choice(SEVERITIES), help="The severity from now on.")
@click.option("--reason", help="Why; shown beside it. Needed with --set.")
@click.option("--clear", is_flag=True, help="Leave the severity to the engine again.")
def incidents_severity(
    url: str | None,
    token: str | None,
    as_json: bool,
    incident: str,
    severity: str | None,
    reason: str | None,
    clear: bool,
) -> None:
    """Raise or lower the severity of an incident. The engine's own goes on beside it.

    Example: aiops incidents severity INC-1795253415-1 --set low --reason "a test account"
    """
    if clear == (severity is not None) or clear == bool(reason):
        raise UsageError("give either --set SEVERITY with --reason, or --clear")
    if clear:
        act(url, token, as_json, incident, "severity/clear")
    else:
        act(url, token, as_json, incident, "severity", {"severity": severity, "reason": reason})


@click.command("comment")
@engine_answer
@click.argument("incident")
@click.argument("text")
def incidents_comment(url: str | None, token: str | None, as_json: bool, incident: str, text: str) -> None:
    """Write about an incident, in Markdown; a comment cannot be changed. TEXT `-` reads standard input.

    Example: aiops incidents comment INC-1795253415-1 "the pool was too small"
    """
    act(url, token, as_json, incident, "comments", {"text": sys.stdin.read() if text == "-" else text})


WORKFLOW_COMMANDS = (
    incidents_assign,
    incidents_comment,
    incidents_dismiss,
    incidents_dismissed,
    incidents_handover,
    incidents_merge,
    incidents_reopen,
    incidents_severity,
    incidents_snooze,
    incidents_split,
)
