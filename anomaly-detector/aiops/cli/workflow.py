"""The work of people on incidents: `aiops incidents assign`, `comment`, `reopen`, `severity` and `snooze`."""

import sys

import click

from aiops.cli.common import UsageError
from aiops.cli.incidents import SEVERITIES, act, engine_answer
from aiops.cli.silences import until_fields


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
    incidents_reopen,
    incidents_severity,
    incidents_snooze,
)
