"""Commands for admins: `aiops tokens`, `aiops users` and `aiops audit`."""

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn

import click

from aiops.cli.common import default_url, engine_options, settings_of
from aiops.cli.terminal.table import text_table
from aiops.model import Role
from aiops.model.safe import visible

AT_ONCE = 1000


@click.group("tokens")
def tokens_command() -> None:
    """Make, list and revoke tokens for programs and people.

    Asks a running engine, as an admin. If no engine runs, the commands work in its data folder.
    """


@click.group("users")
def users_command() -> None:
    """Add, list and remove people who sign in on the pages with a name and a password; needs the extra `auth`.

    Asks a running engine, as an admin. If no engine runs, the commands work in its data folder.
    """


@click.group("audit")
def audit_command() -> None:
    """Show, verify and export the audit: who changed what.

    Asks a running engine, as an admin. If no engine runs, the commands read its data folder.
    """


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
    return engine_options(as_json(command))


@tokens_command.command("add")
@_options
@click.argument("name")
@click.option("--role", type=click.Choice([str(one) for one in Role]), required=True, help="What its holder may do.")
@click.option("--days", type=click.FloatRange(0, 3660, min_open=True), default=90, show_default=True, help="Lifetime.")
@click.option("--forever", is_flag=True, help="Let it never expire.")
def tokens_add(
    url: str | None, token: str | None, as_json: bool, name: str, role: str, days: float, forever: bool
) -> None:
    """Make a token; its secret is printed once, and only a hash of it is kept.

    Example: aiops tokens add grafana --role viewer --days 365
    """
    made = _ask(url, token, lambda where: where.add_token(name, role, None if forever else days))
    if as_json:
        click.echo(json.dumps(made, indent=2))
        return
    until = f"until {made['expires_at']}" if made["expires_at"] else "without end"
    click.echo(
        f"token {made['id']} of {visible(made['name'])}, {made['role']}, {until}; it is not shown again:", err=True
    )
    click.echo(made["token"])


@tokens_command.command("list")
@_options
def tokens_list(url: str | None, token: str | None, as_json: bool) -> None:
    """List the tokens, without their secrets."""
    found = _ask(url, token, lambda where: where.tokens())
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    keys = ("id", "name", "role", "state", "start", "expires_at", "last_used_at")
    rows = [[str(one[key] or "never") for key in keys] for one in found]
    for line in text_table(("id", "name", "role", "state", "begins with", "expires", "last used"), rows):
        click.echo(line)


@tokens_command.command("revoke")
@_options
@click.argument("id_", metavar="ID")
def tokens_revoke(url: str | None, token: str | None, as_json: bool, id_: str) -> None:
    """End a token at once, by its id."""
    found = _ask(url, token, lambda where: where.revoke_token(id_))
    click.echo(json.dumps(found, indent=2) if as_json else f"token {id_} of {visible(found['name'])} is revoked")


@users_command.command("add")
@_options
@click.argument("name")
@click.option("--role", type=click.Choice(["viewer", "responder", "admin"]), required=True, help="What they may do.")
def users_add(url: str | None, token: str | None, as_json: bool, name: str, role: str) -> None:
    """Add somebody, with a password that is asked for, or read from standard input."""
    password = _password()
    _told(_ask(url, token, lambda where: where.add_user(name, role, password)), as_json, "is added")


@users_command.command("list")
@_options
def users_list(url: str | None, token: str | None, as_json: bool) -> None:
    """List the users."""
    found = _ask(url, token, lambda where: where.users())
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    keys = ("name", "role", "created_at", "created_by")
    for line in text_table(("name", "role", "added", "by"), [[one[key] for key in keys] for one in found]):
        click.echo(line)


@users_command.command("password")
@_options
@click.argument("name")
def users_password(url: str | None, token: str | None, as_json: bool, name: str) -> None:
    """Set another password, which ends the sessions of the user."""
    password = _password()
    _told(_ask(url, token, lambda where: where.set_password(name, password)), as_json, "has another password")


@users_command.command("remove")
@_options
@click.argument("name")
def users_remove(url: str | None, token: str | None, as_json: bool, name: str) -> None:
    """Remove a user, and end their sessions."""
    _told(_ask(url, token, lambda where: where.remove_user(name)), as_json, "is removed")


def _told(user: Any, as_json: bool, what: str) -> None:
    click.echo(json.dumps(user, indent=2) if as_json else f"{visible(user['name'])} {what}")


def _password() -> str:
    """Ask for a password twice; read one line where nobody is there to type it."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


@audit_command.command("show")
@_options
@click.option("--subject", help="Only rows about this: the id of an incident or a token, or a name. [default: all]")
@click.option("--who", help="Only rows by this name. [default: all]")
@click.option("--limit", type=click.IntRange(1, AT_ONCE), default=20, show_default=True, help="The most rows.")
def audit_show(
    url: str | None, token: str | None, as_json: bool, subject: str | None, who: str | None, limit: int
) -> None:
    """Show the newest rows."""
    asked = {key: value for key, value in (("subject", subject), ("who", who), ("limit", str(limit))) if value}
    rows = _ask(url, token, lambda where: where.audit(asked))["rows"]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    keys = ("number", "at", "who", "how", "address", "what", "subject", "text")
    for line in text_table(keys, [[str(one[key]) for key in keys] for one in rows], right=(0,)):
        click.echo(line)


@audit_command.command("verify")
@_options
@click.option("--head", metavar="HASH", help="Hash that an earlier run printed: its row must still be there.")
def audit_verify(url: str | None, token: str | None, as_json: bool, head: str | None) -> None:
    """Verify that no row was changed, removed or moved, and print the hash of the last row.

    Keep that hash elsewhere, and give it to a later run with --head: rows that were removed at the end are then found
    too. Exit code 1: something is wrong with the audit.
    """
    found = _ask(url, token, lambda where: where.audit_check())
    known = head is None or found["head"] == head or any(row["hash"] == head for row in _rows(url, token))
    if not known:
        found["intact"] = False
        found["problems"].append(f"no row has the hash {head}: it was removed, maybe with all that came after it")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for one in found["problems"]:
            click.echo(f"aiops: {visible(one)}", err=True)
        if found["intact"]:
            click.echo(f"{found['rows']} rows are as they were written; the last one has the hash {found['head']}")
    sys.exit(0 if found["intact"] else 1)


@audit_command.command("export")
@engine_options
def audit_export(url: str | None, token: str | None) -> None:
    """Print every row as a line of JSON, newest first."""
    for row in _rows(url, token):
        click.echo(json.dumps(row, ensure_ascii=False))


def _rows(url: str | None, token: str | None) -> Iterator[Any]:
    asked = {"limit": str(AT_ONCE)}
    while True:
        page = _ask(url, token, partial(_page_of, asked))
        yield from page["rows"]
        if page["next"] is None:
            return
        asked = {"limit": str(AT_ONCE), "before": str(page["next"])}


def _page_of(asked: dict[str, str], where: Any) -> Any:
    return where.audit(asked)


def _ask(url: str | None, token: str | None, ask: Callable[[Any], Any]) -> Any:
    """Ask the engine; work in its folder if none runs here and no other address was given."""
    from aiops.cli import remote

    try:
        return ask(remote.Remote(url or default_url(), token))
    except remote.NotAnswered as error:
        if url is not None or not isinstance(error, remote.NoEngine):
            _not_so(error)
    from aiops.cli.local_access import LocalAccess

    try:
        return ask(LocalAccess(settings_of(None).data_dir))
    except remote.NotAnswered as error:
        _not_so(error)


def _not_so(error: Exception) -> NoReturn:
    click.echo(f"aiops: {visible(str(error))}", err=True)
    sys.exit(1)
