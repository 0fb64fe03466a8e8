"""`aiops slo validate`: errors in objectives."""

import json
import sys
import time
from pathlib import Path
from typing import Final

import click

from aiops import slo as slos
from aiops.cli.slo.files import load_or_stop, paths_argument
from aiops.model.names import DURATION_BOUNDS
from aiops.model.safe import visible
from aiops.slo import Note, Objectives

DAY: Final = 86_400


@click.command()
@paths_argument
@click.option(
    "--retention", default=15, show_default=True, metavar="DAYS", help="For how many days the metrics are stored."
)
@click.option(
    "--prometheus-url", help="Prometheus in which to check that the objectives count enough events. [default: none]"
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def validate(paths: tuple[Path, ...], retention: int, prometheus_url: str | None, as_json: bool) -> None:
    """Check objectives: errors with their lines, and settings that will not do what you mean.

    Exit code 1: there is an error. Notes alone are no failure.

    Example: aiops slo validate objectives/
    """
    found = load_or_stop(paths)
    notes = slos.lint(found.slos, retention * DAY, None if prometheus_url else DURATION_BOUNDS)
    if prometheus_url:
        notes += _looked(prometheus_url, found)
    wrong = [str(one) for one in (*found.problems, *(note for note in notes if note.wrong))]
    remarks = [str(note) for note in notes if not note.wrong]
    if as_json:
        objectives = [one.name for one in found.slos]
        click.echo(json.dumps({"objectives": objectives, "problems": wrong, "notes": remarks}, indent=2))
    else:
        for line in (*wrong, *remarks):
            click.echo(visible(line))
        count = f"{len(found.slos)} objective{'s' * (len(found.slos) != 1)}"
        click.echo(f"{count}, {len(wrong)} wrong, {len(remarks)} to note", err=True)
    sys.exit(1 if wrong else 0)


def _looked(url: str, found: Objectives) -> list[Note]:
    """Return notes on what Prometheus stores for these objectives."""
    from aiops.http import Endpoint
    from aiops.model.errors import SourceError
    from aiops.sources.prometheus.client import PrometheusClient
    from aiops.sources.prometheus.objectives import check_objectives

    api = PrometheusClient(Endpoint(name="Prometheus", url=url))
    try:
        return check_objectives(api, found.slos, time.time())
    except SourceError as error:
        raise click.UsageError(str(error)) from None
    finally:
        api.close()
