"""`aiops slo backtest`: objectives on the history of a Prometheus or of an engine's store."""

import json
import sys
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import click

from aiops.cli.slo.files import load_or_stop, paths_argument
from aiops.cli.terminal.ending import Failed
from aiops.cli.terminal.past import Past, past_options
from aiops.cli.terminal.progress import advancing
from aiops.model import Slo, Window
from aiops.model.errors import SourceError
from aiops.model.safe import visible
from aiops.ports import MetricSource
from aiops.slo.live.backtest import ALIGNED, LOOKBACK, SliHistory
from aiops.slo.live.backtest import replay as look_back
from aiops.slo.live.matcher import SliMatcher

MINUTE: Final = 60.0
CHUNK: Final = 6 * 3600.0
"""Seconds of history that are read at once."""
SINCE: Final = "7d"


class _Target(click.ParamType[Decimal]):
    """A promised share of good events."""

    name = "share"

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> Decimal:
        try:
            target = Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is no number; write a share such as 0.999")
        if not target.is_finite() or not 0 < target < 1:
            hint = f"; did you mean {target / 100}?" if target.is_finite() and 1 < target < 100 else ""
            self.fail(f"{value} must lie between 0 and 1, both excluded{hint}")
        return target


@click.command()
@paths_argument
@past_options(since=SINCE)
@click.option(
    "--target",
    "targets",
    type=_Target(),
    multiple=True,
    metavar="SHARE",
    help="Also compute the result for this target, such as 0.999; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def backtest(
    paths: tuple[Path, ...],
    prometheus_url: str | None,
    data_dir: Path | None,
    since: str | None,
    until: str | None,
    targets: tuple[Decimal, ...],
    as_json: bool,
) -> None:
    """Look back: what was promised and achieved, and which alerts would have fired when.

    Events are counted from raw samples by the minute, and the alerts of `aiops slo rules` are computed over them
    exactly. Write a time like 2026-01-31T12:00:00Z, a length like 36h or 7d. Exit code 1: an objective has an error, or
    nothing was counted.

    Example: aiops slo backtest objectives/ --prometheus-url http://127.0.0.1:9090 --since 30d --target 0.999
    """
    from aiops.cli.slo import outcomes

    asked = Past(prometheus_url, data_dir, since or SINCE, until)
    asked.check(MINUTE)
    found = load_or_stop(paths)
    try:
        with asked.opened() as source:
            window = asked.window(source, MINUTE)
            past = _read(source, found.slos, window)
    except SourceError as error:
        raise click.UsageError(str(error)) from None
    for problem in found.problems:
        click.echo(visible(str(problem)), err=True)
    left_out = past.left_out()
    if len(left_out) == len(found.slos):
        raise Failed("nothing can be counted: " + "; ".join(f"{name}: {why}" for name, why in sorted(left_out.items())))
    begins = past.begins()
    results = [] if begins is None else look_back(past, window, found.adjustments, targets)
    if begins is None or not any(one.coverage for one in results):
        raise Failed(
            f"{asked.place} has nothing of these objectives {outcomes.stretch(window)}; "
            "is it the right one, and the right services, routes, methods and metrics?"
        )
    shown = outcomes.Shown(asked.place, window, max(window.start, begins), results, left_out)
    if as_json:
        problems = [str(one) for one in found.problems]
        click.echo(json.dumps({**outcomes.slo_document(shown), "problems": problems}, indent=2))
    else:
        for line in outcomes.lines(shown):
            click.echo(line)
    sys.exit(1 if found.problems else 0)


def _read(source: MetricSource, slos: tuple[Slo, ...], window: Window) -> SliHistory:
    """Count the minutes of a window, and of as much time before it as alerts look back, and show progress."""
    history = SliHistory(SliMatcher(slos), (window.start - LOOKBACK) // ALIGNED * ALIGNED)
    selectors = history.selectors()
    if not selectors:
        return history
    chunks = list(_chunks(history.start, window.end))
    with advancing("reading history", len(chunks), "parts") as done:
        for chunk in chunks:
            history.take(source.window(selectors, chunk, MINUTE))
            done(1)
    return history


def _chunks(start: float, end: float) -> Iterator[Window]:
    while start < end:
        yield Window(start, min(start + CHUNK, end))
        start += CHUNK
