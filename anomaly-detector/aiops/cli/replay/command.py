"""The command: its options, and its exit codes."""

import json
import sys
from pathlib import Path

import click

from aiops.cli.common import CONTEXT, settings_of
from aiops.cli.replay import outcomes, running
from aiops.cli.terminal.past import step_of
from aiops.model.errors import InvalidInput, SourceError, StartError, StoreError
from aiops.model.safe import visible

FILES = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("replay", context_settings=CONTEXT)
@click.argument("files", nargs=-1, required=True, type=FILES, metavar="FILE...")
@click.option(
    "--step", metavar="LENGTH", help="Length of a step, such as 15s. [default: cycle_seconds of the settings]"
)
@click.option(
    "--since", metavar="WHEN", help="Begin: a length before the end (2h), or a time. [default: the first timestamp]"
)
@click.option("--until", metavar="WHEN", help="End, a time. [default: the last timestamp]")
@click.option(
    "--objectives",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH",
    help="OpenSLO file or folder with the objectives to watch; may be repeated. [default: those of a capture]",
)
@click.option(
    "--calendar", metavar="FILE", help="YAML file of time zones, holidays and known events. [default: by the settings]"
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="New folder for the store that results, to look at later: AIOPS_DATA_DIR=DIR aiops incidents list. "
    "[default: a temporary one]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs: incidents as the API gives them.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
def replay_command(
    files: tuple[Path, ...],
    step: str | None,
    since: str | None,
    until: str | None,
    objectives: tuple[Path, ...],
    calendar: str | None,
    folder: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Replay past telemetry through the engine, in virtual time, and print its incidents.

    \b
      aiops replay traces.jsonl metrics.jsonl
      aiops replay INC-1795253415-1.capture.jsonl.gz --json
      aiops replay week.jsonl.zst --since 2026-11-21T08:00:00Z --objectives objectives.yaml

    FILE holds OTLP: JSON with an export in each line, as the Collector's file exporter writes it, or a single document;
    or protobuf, each message after its length, or a single one; also compressed by gzip or zstd. A capture of `aiops
    incidents capture` is such a file too. The form is recognised by the content. Traces alone suffice: requests are
    then counted from spans. The order of the spans does not matter.

    The clock goes from the first to the last timestamp, and the engine judges each step as it does live: it learns what
    is normal from the beginning of the file, so let that begin some time before the trouble. Nobody is notified.

    Exit code 1: lines were left out (they are named), or there was nothing to judge.
    """
    seconds = None if step is None else step_of(step)
    settings = settings_of(None, objectives=",".join(map(str, objectives)) or None, calendar=calendar)
    asked = running.Replay(
        files=files, settings=settings, step=seconds, since=since, until=until, folder=folder, quiet=quiet
    )
    try:
        found = running.replayed(asked)
    except (InvalidInput, SourceError, StoreError, StartError) as error:
        raise click.UsageError(str(error)) from None
    for line in outcomes.named(found.problems):
        click.echo(visible(line), err=True)
    if as_json:
        click.echo(json.dumps(outcomes.replay_document(found), indent=2, allow_nan=False))
    else:
        for line in outcomes.lines(found):
            click.echo(line)
    sys.exit(1 if found.problems else 0)
