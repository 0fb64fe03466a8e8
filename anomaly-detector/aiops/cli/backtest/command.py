"""The command: its options, and its exit codes."""

import json
import sys
from pathlib import Path

import click

from aiops.backtest import MetricKind
from aiops.backtest.rows import AUTO
from aiops.cli.backtest import outcomes, replaying
from aiops.cli.common import CONTEXT
from aiops.cli.terminal.ending import write_out
from aiops.cli.terminal.past import Past, past_options
from aiops.model.safe import visible

SINCE = "24h"


@click.command("backtest", context_settings=CONTEXT)
@click.argument("file", required=False, metavar="[FILE.csv]")
@past_options(since=SINCE)
@click.option(
    "--service", metavar="NAME", help="Only requests that this service serves, sends or receives. [default: all]"
)
@click.option(
    "--endpoint", metavar="ROUTE", help='Only this route, for example "/checkout" or "POST /checkout". [default: all]'
)
@click.option(
    "--step", metavar="LENGTH", help="Length of a step, such as 15s or 1m. [default: cycle_seconds of the settings]"
)
@click.option(
    "--calendar", metavar="FILE", help="YAML file of time zones, holidays and known events. [default: by the settings]"
)
@click.option(
    "--fitted",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="JSON",
    help="Fitted gains for the series of FILE, as written by `aiops fit -o`.",
)
@click.option("--unit", metavar="TEXT", help="Unit of the values of FILE, for display only: ms, %.")
@click.option(
    "--kind",
    type=click.Choice(["auto", "gauge", "counter"]),
    help="Judge the series of FILE by their values (gauge) or by their increase per second (counter). [default: auto]",
)
@click.option(
    "--labels",
    metavar="COLUMN",
    help="Column of FILE that is 1 for anomalies and 0 for the rest; none: all columns are labels of series. "
    "[default: auto, which is label, anomaly or is_anomaly if it holds nothing else]",
)
@click.option(
    "--shapes",
    multiple=True,
    metavar="LABEL",
    help="Of the series of FILE with this label (host=a; all: every series), judge too how they move: this finds a "
    "line that got flat, another pace, a missing peak. Can be repeated.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PAGE",
    help="Write a page with plots; it needs no other file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def backtest_command(
    file: str | None,
    prometheus_url: str | None,
    data_dir: Path | None,
    since: str | None,
    until: str | None,
    service: str | None,
    endpoint: str | None,
    step: str | None,
    calendar: str | None,
    fitted: Path | None,
    unit: str | None,
    kind: str | None,
    labels: str | None,
    shapes: tuple[str, ...],
    html: Path | None,
    as_json: bool,
) -> None:
    """Look back: what would have been alerted, and with which evidence.

    \b
      aiops backtest cpu.csv --unit % --html cpu.html
      aiops backtest --data-dir ~/.local/share/aiops --service payment --since 24h
      aiops backtest --prometheus-url http://127.0.0.1:9090 --since 7d --html week.html

    FILE.csv (or - for stdin) has one line per point. Its first line names the columns: `timestamp`, `value`, and labels
    of any name if it holds several series. A time is Unix seconds or ISO 8601, in UTC where it says no zone; an empty
    value is a gap. Wrong, late and duplicate lines are reported and left out. Each point is judged by the points before
    it only, as it would have been live.

    A counter only grows until its process begins anew: its increase per second is judged. It is known by the name of
    its metric (a label such as __name__ that ends in _total, _count or _sum), by a label type, or by its values; the
    output says which. Where a column labels anomalies, the output says how well they were found.

    Without a file, the engine's own detector replays stored history: errors, latency, traffic and silence of every
    route, call and service. It learns from the time before --since (backfill_seconds of the settings). Write a time
    like 2026-01-31T12:00:00Z, a length like 36h or 7d.

    Exit code 1: lines were left out, or there was nothing to judge.
    """
    if file is not None:
        options = {
            "--prometheus-url": prometheus_url,
            "--data-dir": data_dir,
            "--since": since,
            "--until": until,
            "--service": service,
            "--endpoint": endpoint,
            "--step": step,
        }
        if given := [name for name, value in options.items() if value is not None]:
            raise click.UsageError(f"{given[0]} is for stored history, and {file} is a file; leave one of them out")
        asked = replaying.File(
            name=file,
            unit=unit or "",
            kind=MetricKind(kind) if kind not in (None, AUTO) else None,
            labels=labels or AUTO,
            shapes=shapes,
            gains=replaying.fitted(fitted) if fitted else {},
        )
        found, problems = replaying.of_file(asked, calendar)
    else:
        if prometheus_url is None and data_dir is None:
            raise click.UsageError("say what to go through: a FILE.csv, --data-dir or --prometheus-url")
        if fitted is not None:
            raise click.UsageError("--fitted is for a FILE; what is stored is judged as the engine does")
        if unit is not None:
            raise click.UsageError("--unit is for the values of a FILE; what is stored has units of its own")
        for name, value in (("--kind", kind), ("--labels", labels), ("--shapes", shapes or None)):
            if value is not None:
                raise click.UsageError(f"{name} is for a FILE; what is stored has a known meaning")
        past = Past(prometheus_url, data_dir, since or SINCE, until)
        found, problems = replaying.of_history(past, step, service or "", endpoint or "", calendar), []
    if html is not None:
        from aiops.web import backtest as pages

        write_out(html, pages.backtest_page(found, problems))
    for line in outcomes.named(problems):
        click.echo(visible(line), err=True)
    if as_json:
        click.echo(json.dumps({**outcomes.backtest_document(found), "problems": problems}, indent=2, allow_nan=False))
    else:
        for line in outcomes.lines(found):
            click.echo(line)
    sys.exit(1 if problems else 0)
