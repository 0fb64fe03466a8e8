"""Silences: `aiops silences add`, `list` and `end`."""

import json
from typing import Any
from urllib.parse import quote

import click

from aiops.cli.common import UsageError, default_url
from aiops.cli.incidents import KINDS_OF_CAUSE, SEVERITIES, engine_answer, fail
from aiops.cli.terminal.table import text_table
from aiops.model.safe import visible
from aiops.presentation.times import ago


@click.group("silences")
def silences_command() -> None:
    """Keep incidents from being announced for a time; they open and are shown all the same.

    Asks a running engine.
    """


@silences_command.command("list")
@engine_answer
def silences_list(url: str | None, token: str | None, as_json: bool) -> None:
    """List the silences that are in force or ended lately, and planned maintenance."""
    from aiops.cli import remote

    try:
        answer = remote.Remote(url or default_url(), token).answer("/aiops/silences")
    except remote.NotAnswered as error:
        fail(error)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    found = answer["silences"]
    rows = [[one["id"], one["state"], one["until"], _what(one), one["created_by"], one["reason"]] for one in found]
    for line in text_table(("id", "state", "until", "silenced", "by", "reason"), rows):
        click.echo(visible(line))
    for one in answer["maintenance"]:
        of = ", ".join(one["services"]) or "all services"
        when = f"in progress until {one['current']['end']}" if one["current"] else f"from {one['following']['start']}"
        click.echo(visible(f"maintenance {one['name']} of {of}, {when}: {one['reason']}"))
    if not found and not answer["maintenance"]:
        click.echo("no silences", err=True)


@silences_command.command("add")
@engine_answer
@click.option("--for", "lasts", metavar="LENGTH", help="How long, such as 30m, 4h or 7d; at most 30 days.")
@click.option("--until", metavar="TIME", help="Its end instead: RFC 3339 with zone, or Unix seconds.")
@click.option("--reason", required=True, help="Why; shown with what is silenced, and kept in the audit.")
@click.option("--incident", default="", help="Only this incident, by its id.")
@click.option("--service", default="", help="Only incidents that affect this service, or have it as their cause.")
@click.option("--kind", type=click.Choice(KINDS_OF_CAUSE), default=None, help="Only this kind of cause. [default: any]")
@click.option("--severity", type=click.Choice(SEVERITIES), default=None, help="Only this severity. [default: any]")
@click.option("--family", default="", help="Only incidents with such a symptom, for example latency.")
@click.option("--everything", is_flag=True, help="Every incident; needed where nothing else is given.")
def silences_add(
    url: str | None, token: str | None, as_json: bool, lasts: str | None, until: str | None, **wanted: Any
) -> None:
    """Announce nothing of the incidents that have all that is given, until a time.

    Example: aiops silences add --service payment --for 2h --reason "new disks"
    """
    from aiops.cli import remote

    engine = remote.Remote(url or default_url(), token)
    body = {key: value for key, value in wanted.items() if value}
    try:
        made = engine.change("/aiops/silences", {**body, **until_fields(lasts, until)})
    except remote.NotAnswered as error:
        fail(error)
    click.echo(
        json.dumps(made, indent=2) if as_json else f"{made['id']}  silenced until {made['until']}: {_what(made)}"
    )


@silences_command.command("end")
@engine_answer
@click.argument("id_", metavar="ID")
def silences_end(url: str | None, token: str | None, as_json: bool, id_: str) -> None:
    """End a silence now; incidents that are still open are announced."""
    from aiops.cli import remote

    try:
        found = remote.Remote(url or default_url(), token).change(f"/aiops/silences/{quote(id_, safe='')}/end")
    except remote.NotAnswered as error:
        fail(error)
    click.echo(json.dumps(found, indent=2) if as_json else visible(f"{id_}  ended: {_what(found)}"))


def until_fields(lasts: str | None, until: str | None) -> dict[str, Any]:
    """Return the fields of a request that say until when. Raises UsageError."""
    if (lasts is None) == (until is None):
        raise UsageError("give either --for LENGTH or --until TIME")
    if lasts is None:
        return {"until": until}
    seconds = ago(lasts)
    if not seconds:
        raise UsageError(f"--for must be a length such as 30m, 4h or 7d, not {lasts!r}")
    return {"seconds": seconds}


def _what(one: Any) -> str:
    given = [f"{name}={value}" for name, value in one["matcher"].items() if value]
    return ", ".join(given) or "every incident"
