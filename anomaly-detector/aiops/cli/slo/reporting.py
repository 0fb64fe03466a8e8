"""`aiops slo report`: objectives as a running engine sees them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from aiops.cli.common import engine_options
from aiops.cli.terminal.ending import Failed, write_out
from aiops.cli.terminal.table import text_table
from aiops.config import ConfigError, load_settings
from aiops.model.safe import visible

if TYPE_CHECKING:
    from aiops.web.report import Report

FORMATS: Final = ("text", "json", "html")
BURN_SHOWN: Final = ("1h", "6h", "3d")


@click.command()
@engine_options
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="Output format.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write. [default: stdout]"
)
def report(url: str | None, token: str | None, form: str, output: Path | None) -> None:
    """Report how objectives stand, as a running engine sees them: worst first.

    As text for a terminal, as the engine's JSON, or as one self-contained HTML page, for a mail or a wiki. Exit code 1:
    the engine does not answer.

    Example: aiops slo report --format html -o objectives.html
    """
    from aiops.cli import remote
    from aiops.web import report as made

    try:
        where = url or f"http://127.0.0.1:{load_settings().port}"
        answer = remote.Remote(where, token).slos()
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except remote.NotAnswered as error:
        raise Failed(str(error)) from None
    if form == "json":
        text = json.dumps(answer, indent=2) + "\n"
    else:
        try:
            found = made.report_of(answer)
        except (KeyError, TypeError, ValueError) as error:
            raise Failed(
                f"what {where} says of objectives cannot be read; is it of another release? ({error!r})"
            ) from None
        text = made.report_page(found) if form == "html" else "".join(f"{line}\n" for line in _lines(found))
    if output is None:
        click.echo(text, nl=False)
    else:
        write_out(output, click.unstyle(text) if form == "text" else text)


def _lines(found: "Report") -> Iterator[str]:
    yield visible(f"{found.summary}, as of {found.as_of}")
    if found.rows:
        yield ""
        head = ("objective", "target", "SLI", "budget left", *(f"burn {window}" for window in BURN_SHOWN), "runs out")
        rows = []
        for row in found.rows:
            rates = dict(row.burn)
            state = click.style(f"{row.mark} {row.name} {row.group}".rstrip(), fg=row.style.colour)
            left = f"{row.left} of {row.period}" if row.left else "unknown"
            notes = "; ".join(one for one in (row.runs_out, row.coverage, _excluded(row.excluded)) if one)
            burn = (rates.get(window, "–") for window in BURN_SHOWN)
            rows.append((state, row.target, row.good or "no data", left, *burn, notes))
        yield from text_table(head, rows, range(1, len(head) - 1))
    if found.journeys:
        yield ""
        rows = [(one.title, one.left, dict(one.burn).get("1h", "–"), ", ".join(one.parts)) for one in found.journeys]
        yield from text_table(("journey", "budget left", "burn 1h", "of"), rows, (1, 2))
    if found.left_out or found.problems:
        yield ""
    yield from (visible(f"left out  {name}: {why}") for name, why in found.left_out)
    yield from (visible(f"wrong     {problem}") for problem in found.problems)


def _excluded(reason: str) -> str:
    return f"does not count now: {reason}" if reason else ""
