"""`aiops fit`: gains of the detector for any metric, fitted to histories."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from aiops.backtest import Unreadable, as_judged, read_table
from aiops.cli.common import CONTEXT
from aiops.cli.terminal.ending import Failed, write_out
from aiops.cli.terminal.progress import advancing
from aiops.cli.terminal.table import text_table
from aiops.detect.univariate.fitting import Fit, FittingError, fit_all
from aiops.model import Labels
from aiops.model.safe import visible

HEAD = ("series", "buckets", "alpha", "beta", "gamma", "phi", "error", "fitted", "kept")


@click.command("fit", context_settings=CONTEXT)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE.csv")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the gains, as JSON. [default: none]",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    help="Number of processes. [default: one per core]",
)
def fit_command(file: Path, output: Path | None, workers: int) -> None:
    """Fit the gains of level, trend and season to histories.

    FILE.csv is a file as for `aiops backtest`, and read in the same way: each set of labels is a series, and of a
    counter the increase per second is fitted. Means of 15 minutes over the last two weeks are fitted by statsmodels
    (`aiops[fit]`). Fitted gains are kept if they forecast the last quarter of the history at least 5 % better than the
    default gains; `aiops backtest --fitted` uses them.

    Exit code 1: no series could be fitted.

    Example: aiops fit cpu.csv -o gains.json
    """
    try:
        with file.open(encoding="utf-8-sig") as lines:
            found_in_file = read_table(lines)
    except (OSError, UnicodeError, Unreadable) as error:
        raise click.UsageError(f"{file}: {error}") from None
    for number, what in found_in_file.problems:
        click.echo(visible(f"{file}:{number}: {what}"), err=True)
    if found_in_file.labelling:
        click.echo(visible(f"column `{found_in_file.labelling}` is taken as labels of anomalies"), err=True)
    judged = [as_judged(one)[0] for one in found_in_file.series]
    histories = {one.labels: (np.array(one.times), np.array(one.values)) for one in judged}
    try:
        with advancing("fitting", len(histories), "series") as done:
            fits = fit_all(histories.values(), min(workers, max(len(histories), 1)), lambda: done(1))
    except FittingError as error:
        raise click.UsageError(str(error)) from None
    found = dict(zip(histories, fits, strict=True))
    for line in text_table(HEAD, [_row(series, one) for series, one in found.items()], right=range(1, len(HEAD) - 1)):
        click.echo(line)
    if output:
        documents = [_document(series, one) for series, one in found.items()]
        write_out(output, json.dumps({"version": 1, "fits": documents}, indent=2) + "\n")
    if not any(one.gains for one in fits):
        raise Failed("no series could be fitted")


def _row(series: Labels, found: Fit) -> tuple[str, ...]:
    name = " ".join(f"{key}={value}" for key, value in series) or "-"
    if found.gains is None:
        return (name, str(found.buckets), *[""] * 6, f"no: {found.why}")
    numbers = [f"{one:.3f}" for one in asdict(found.gains).values()]
    losses = f"{found.usual_loss:.4g}", f"{found.loss:.4g}"
    return (name, str(found.buckets), *numbers, *losses, "yes" if found.kept else "no")


def _document(series: Labels, found: Fit) -> dict[str, Any]:
    return {
        "labels": dict(series),
        "buckets": found.buckets,
        "kept": found.kept,
        "gains": asdict(found.gains) if found.gains else None,
        "errors": {"usual": found.usual_loss, "fitted": found.loss} if found.gains else None,
        "why": found.why,
    }
