"""Commands on the catalogue of services: `aiops catalog check`."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from aiops.model.catalog import CatalogEntry
from aiops.model.safe import visible


@click.group("catalog")
def catalog_command() -> None:
    """Check the catalogue of services: owners, runbooks and who is on call."""


@catalog_command.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--offline", is_flag=True, help="Do not read calendars.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def catalog_check(file: Path, offline: bool, as_json: bool) -> None:
    """Check a catalogue: its keys, and whether each calendar can be read, with who is on call now.

    FILE is plain (services: {payment: {owner: payments, runbook: https://…}}), or has entities of Backstage.

    Exit code 1: the file is wrong, or a calendar cannot be read.

    Example: aiops catalog check catalog-info.yaml
    """
    from aiops.bootstrap.catalogs import BadCatalog, load_catalog

    try:
        found = load_catalog(file)
    except BadCatalog as error:
        click.echo(f"aiops: {visible(str(error))}", err=True)
        sys.exit(1)
    rows = [_row(one, None if offline or not one.on_call else _on_call(one)) for one in found.services.values()]
    if as_json:
        click.echo(json.dumps({"services": rows}, indent=2))
    else:
        for row in rows:
            books = len(row["runbooks"])
            said = [row["owner"] or "without an owner", f"{books} runbook{'s' * (books != 1)}"]
            said += [row["problem"]] if row["problem"] else []
            said += [f"on call now: {', '.join(row['on_call']) or 'nobody'}"] if row["on_call"] is not None else []
            click.echo(visible(f"{row['service']}: {', '.join(said)}"))
        wrong = sum(bool(row["problem"]) for row in rows)
        click.echo(f"{len(rows)} services, {wrong} with a calendar that cannot be read", err=True)
    sys.exit(1 if any(row["problem"] for row in rows) else 0)


def _row(one: CatalogEntry, on_call: tuple[list[str], str] | None) -> dict[str, Any]:
    return {
        "service": one.service,
        "owner": one.owner,
        "runbooks": [address for _, address in one.runbooks],
        "on_call": None if on_call is None or on_call[1] else on_call[0],
        "problem": "" if on_call is None else on_call[1],
    }


def _on_call(one: CatalogEntry) -> tuple[list[str], str]:
    """Return who is on call now, and why that cannot be read."""
    from aiops.model import Window
    from aiops.model.errors import NotPossible, SourceError
    from aiops.sources.on_call import check_installed, shifts

    now = time.time()
    try:
        check_installed()
        return list(dict.fromkeys(each.name for each in shifts(one.on_call, Window(now, now + 1)))), ""
    except (NotPossible, SourceError) as error:
        return [], str(error)
