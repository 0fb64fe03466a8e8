"""`aiops slo report`: objectives as a running engine sees them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from aiops.cli.terminal.ending import Failed, write
from aiops.cli.terminal.table import table
from aiops.config import ConfigError, load
from aiops.model.safe import visible

if TYPE_CHECKING:
    from aiops.web.report import Report

FORMATS: Final = ("text", "json", "html")
COLOURS: Final = {
    "exhausted": "red",
    "burns_fast": "red",
    "burns_slowly": "yellow",
    "no_data": "yellow",
    "ok": "green",
}
BURN_SHOWN: Final = ("1h", "6h", "3d")


@click.command()
@click.option("--url", help="The engine's address. [default: http://127.0.0.1:8000, by the settings]")
@click.option("--token", envvar="AIOPS_TOKEN", help="Token, where the engine wants one (or AIOPS_TOKEN).")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else stdout.")
def report(url: str | None, token: str | None, form: str, output: Path | None) -> None:
    """How objectives fare, as a running engine sees them: worst first.

    As text for a terminal, as the engine's own JSON, or as one page of HTML that needs no other file, for a mail or a
    wiki. Ends with 1 when the engine does not answer.
    """
    from aiops.cli import remote
    from aiops.web import report as made

    try:
        where = url or f"http://127.0.0.1:{load().port}"
        answer = remote.Remote(where, token).slos()
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except remote.NotAnswered as error:
        raise Failed(str(error)) from None
    if form == "json":
        text = json.dumps(answer, indent=2) + "\n"
    else:
        try:
            found = made.read(answer)
        except (KeyError, TypeError, ValueError) as error:
            raise Failed(
                f"what {where} says of objectives cannot be read; is it of another release? ({error!r})"
            ) from None
        text = made.page(found) if form == "html" else "".join(f"{line}\n" for line in _lines(found))
    if output is None:
        click.echo(text, nl=False)
    else:
        write(output, click.unstyle(text) if form == "text" else text)


def _lines(found: "Report") -> Iterator[str]:
    yield visible(f"{found.summary}, as of {found.as_of}")
    if found.rows:
        yield ""
        head = ("objective", "target", "SLI", "budget left", *(f"burn {window}" for window in BURN_SHOWN), "runs out")
        rows = []
        for row in found.rows:
            rates = dict(row.burn)
            state = click.style(f"{row.mark} {row.name} {row.group}".rstrip(), fg=COLOURS[row.level])
            left = f"{row.left} of {row.period}" if row.left else "unknown"
            notes = "; ".join(one for one in (row.runs_out, row.coverage, _excluded(row.excluded)) if one)
            burn = (rates.get(window, "–") for window in BURN_SHOWN)
            rows.append((state, row.target, row.good or "no data", left, *burn, notes))
        yield from table(head, rows, range(1, len(head) - 1))
    if found.journeys:
        yield ""
        rows = [(one.title, one.left, dict(one.burn).get("1h", "–"), ", ".join(one.parts)) for one in found.journeys]
        yield from table(("journey", "budget left", "burn 1h", "of"), rows, (1, 2))
    if found.left_out or found.problems:
        yield ""
    yield from (visible(f"left out  {name}: {why}") for name, why in found.left_out)
    yield from (visible(f"wrong     {problem}") for problem in found.problems)


def _excluded(reason: str) -> str:
    return f"does not count now: {reason}" if reason else ""
