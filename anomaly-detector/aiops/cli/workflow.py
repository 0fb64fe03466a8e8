"""The work of people on incidents: `aiops incidents assign` and `comment`."""

import sys

import click

from aiops.cli.common import UsageError
from aiops.cli.incidents import act, engine_answer


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


@click.command("comment")
@engine_answer
@click.argument("incident")
@click.argument("text")
def incidents_comment(url: str | None, token: str | None, as_json: bool, incident: str, text: str) -> None:
    """Write about an incident, in Markdown; a comment cannot be changed. TEXT `-` reads standard input.

    Example: aiops incidents comment INC-1795253415-1 "the pool was too small"
    """
    act(url, token, as_json, incident, "comments", {"text": sys.stdin.read() if text == "-" else text})


WORKFLOW_COMMANDS = (incidents_assign, incidents_comment)
