"""Commands on actions of remediation: `aiops actions list`, `show`, `propose`, `approve`, `refuse`, `cancel` and
`check`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from aiops.cli.common import default_url, engine_options
from aiops.model import ActionState
from aiops.model.safe import visible

STATES = ("active", *(str(one) for one in ActionState), "all")


@click.group("actions")
def actions_command() -> None:
    """List, read, propose, approve and refuse actions of remediation of a running engine, or check their policy."""


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
    return engine_options(as_json(command))


@actions_command.command("list")
@_options
@click.option("--state", type=click.Choice(STATES), default="all", show_default=True, help="Only this state.")
@click.option("--incident", help="Only actions about this incident. [default: all]")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="The most actions to list.")
@click.option("--cursor", metavar="CURSOR", help="Continue an earlier list, with the cursor that it printed.")
def actions_list(
    url: str | None, token: str | None, as_json: bool, state: str, incident: str | None, limit: int, cursor: str | None
) -> None:
    """List actions, newest first."""
    asked = {"state": state, "incident": incident, "limit": str(limit), "cursor": cursor}
    found = _ask(url, token, lambda where: where.actions({key: one for key, one in asked.items() if one is not None}))
    if as_json:
        click.echo(json.dumps(found["actions"], indent=2))
    else:
        for one in found["actions"]:
            click.echo(_line(one))
        if not found["enabled"]:
            click.echo("actions are off: set actions_file to a policy", err=True)
        elif not found["actions"]:
            click.echo("no actions")
    if found["next"] is not None:
        click.echo(f"there are older ones: --cursor {found['next']} goes on from here", err=True)


@actions_command.command("show")
@_options
@click.argument("action")
def actions_show(url: str | None, token: str | None, as_json: bool, action: str) -> None:
    """Show one action with each decision of the gate, for example ACT-1795253415-1."""
    _shown(_ask(url, token, lambda where: where.action(action)), as_json)


@actions_command.command("propose")
@_options
@click.argument("incident")
@click.argument("policy")
def actions_propose(url: str | None, token: str | None, as_json: bool, incident: str, policy: str) -> None:
    """Propose an entry of the policy for an incident; another person must approve it.

    Exit code 1: the gate refuses it.
    """
    body = {"incident": incident, "policy": policy}
    found = _ask(url, token, lambda where: where.decide_action("", body))
    _shown(found, as_json)
    sys.exit(1 if found["state"] == "refused" else 0)


@actions_command.command("approve")
@_options
@click.argument("action")
@click.option("--digest", help="Digest of what you saw; at least its first 8 digits. [default: asks on a terminal]")
def actions_approve(url: str | None, token: str | None, as_json: bool, action: str, digest: str | None) -> None:
    """Approve exactly the action that you saw, once.

    `aiops actions show` prints its digest. Without --digest the action is shown, and you are asked.
    """
    seen = _ask(url, token, lambda where: where.action(action))
    if digest is None:
        _shown(seen, False, err=True)
        if not (sys.stdin.isatty() and click.confirm("Approve exactly this?", err=True)):
            click.echo("nothing was approved; give --digest with the digest of what you saw", err=True)
            sys.exit(1)
        digest = seen["digest"]
    elif len(digest) >= 8 and seen["digest"].startswith(digest):
        digest = seen["digest"]
    body = {"digest": digest.ljust(64, "0")}
    _shown(_ask(url, token, lambda where: where.decide_action(f"{action}/approve", body)), as_json)


@actions_command.command("refuse")
@_options
@click.argument("action")
@click.option("--reason", default="", help="Why not; kept on the action and in the audit.")
def actions_refuse(url: str | None, token: str | None, as_json: bool, action: str, reason: str) -> None:
    """Refuse an action: it is never executed."""
    _shown(_ask(url, token, lambda where: where.decide_action(f"{action}/refuse", {"reason": reason})), as_json)


@actions_command.command("cancel")
@_options
@click.argument("action")
@click.option("--reason", default="", help="Why; kept on the action and in the audit.")
def actions_cancel(url: str | None, token: str | None, as_json: bool, action: str, reason: str) -> None:
    """Take a proposal or an approval back that was not executed."""
    _shown(_ask(url, token, lambda where: where.decide_action(f"{action}/cancel", {"reason": reason})), as_json)


@actions_command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def actions_check(file: Path) -> None:
    """Check a policy, and say what it allows. Each mistake names its key. Exit code 1: it has mistakes.

    Example: aiops actions check actions.yaml
    """
    from aiops.act.reading import BadPolicy
    from aiops.bootstrap.actions import load_policy

    try:
        found = load_policy(file)
    except BadPolicy as error:
        for one in error.problems:
            click.echo(f"aiops: {visible(one)}", err=True)
        sys.exit(1)
    for rule in found.actions:
        how = "dry run" if found.is_dry(rule) else "executed"
        who = "by itself" if rule.auto else f"after approval by {', '.join(rule.approvers) or 'a responder'}"
        click.echo(f"{rule.name}: {rule.action} of {', '.join(rule.services)} by {rule.executor}, {how} {who}")
    click.echo(f"{file} is right: {len(found.actions)} entries")


def _line(one: Any) -> str:
    dry = " (dry run)" if one["dry_run"] else ""
    return visible(f"{one['id']}  {one['state']:<12}  {one['kind']} of {one['target']}{dry}: {one['reason']}")


def _shown(one: Any, as_json: bool, err: bool = False) -> None:
    if as_json:
        click.echo(json.dumps(one, indent=2))
        return
    blast = one["blast_radius"]
    traffic = "not known" if blast["traffic"] is None else f"{100 * blast['traffic']:.0f}%"
    rows = [
        _line(one),
        f"why       {one['evidence']['subject']}: {one['evidence']['why']}",
        f"touches   {', '.join(blast['services'])}; traffic {traffic}",
        f"undo      {one['undo'] or 'cannot be undone'}",
        f"by        {one['proposed_by']}, entry {one['policy']}, executor {one['executor']}",
        *(f"          {key} = {value}" for key, value in one["parameters"].items()),
        f"digest    {one['digest']}",
    ]
    if one["approval"] is not None:
        rows.append(f"approved  by {one['approval']['by']}, until {one['approval']['expires_at']}")
    for decision in one["decisions"]:
        said = "allowed" if decision["allowed"] else "refused"
        rows.append(f"gate      {decision['at']} {decision['stage']} by {decision['by']}: {said}")
        rows += [
            f"          {'pass  ' if each['passed'] else 'REFUSE'}  {each['rule']}: {each['reason']}"
            for each in decision["verdicts"]
        ]
    rows += [f"{each['at']}  {each['what']:<12}  {each['text']}" for each in one["history"]]
    for row in rows:
        click.echo(visible(row), err=err)


def _ask(url: str | None, token: str | None, ask: Callable[[Any], Any]) -> Any:
    from aiops.cli import remote

    try:
        return ask(remote.Remote(url or default_url(), token))
    except remote.NotAnswered as error:
        click.echo(f"aiops: {visible(str(error))}", err=True)
        sys.exit(1)
