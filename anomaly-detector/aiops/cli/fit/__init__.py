"""`aiops fit`: gains of the detector of any metric, fitted to histories."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from aiops.backtest import Unreadable, read
from aiops.cli.terminal.ending import Failed, write
from aiops.cli.terminal.table import table
from aiops.detect.univariate.fitting import Fit, FittingError, fit_all
from aiops.model import Labels
from aiops.model.safe import visible

HEAD = ("series", "buckets", "alpha", "beta", "gamma", "phi", "error", "fitted", "kept")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE.csv")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON there.")
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, help="Processes. [default: one a core]")
def fit(file: Path, output: Path | None, workers: int) -> None:
    """Fit the gains of level, trend and season to histories.

    FILE.csv has the columns timestamp (RFC 3339 or Unix seconds) and value; any others are labels, and every set of
    them a series. Means of a quarter of an hour are fitted, of the last two weeks, by statsmodels (`aiops[fit]`).
    Fitted gains are kept where they forecast the last quarter of the history at least 5 % better than the usual ones;
    `aiops backtest --fitted` uses them.
    Ends with 1 when no series could be fitted.
    """
    try:
        with file.open(encoding="utf-8-sig") as lines:
            found_in_file = read(lines)
    except (OSError, UnicodeError, Unreadable) as error:
        raise click.UsageError(f"{file}: {error}") from None
    for number, what in found_in_file.problems:
        click.echo(visible(f"{file}:{number}: {what}"), err=True)
    histories = {one.labels: (np.array(one.times), np.array(one.values)) for one in found_in_file.series}
    hidden = not sys.stderr.isatty()
    try:
        with click.progressbar(length=len(histories), label="fitting", file=sys.stderr, hidden=hidden) as bar:
            fits = fit_all(histories.values(), min(workers, max(len(histories), 1)), lambda: bar.update(1))
    except FittingError as error:
        raise click.UsageError(str(error)) from None
    found = dict(zip(histories, fits, strict=True))
    for line in table(HEAD, [_row(series, one) for series, one in found.items()], right=range(1, len(HEAD) - 1)):
        click.echo(line)
    if output:
        documents = [_document(series, one) for series, one in found.items()]
        write(output, json.dumps({"version": 1, "fits": documents}, indent=2) + "\n")
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
