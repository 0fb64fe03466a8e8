"""The command: its options, and its exit codes."""

import json
import sys
from pathlib import Path

import click

from aiops.cli.common import CONTEXT
from aiops.cli.explain import comparing, outcomes
from aiops.model.errors import InvalidInput, SourceError
from aiops.model.safe import visible
from aiops.sources.files import columns as spans_columns

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("explain", context_settings=CONTEXT)
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--since", metavar="WHEN", help="When the trouble began: a time, or a length before the end (10m).")
@click.option("--until", metavar="WHEN", help="When it ended, a time. [default: the end of the last file]")
@click.option(
    "--good",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="File of good requests; may be repeated. All requests of the other files are bad ones then.",
)
@click.option(
    "--service", metavar="NAME", help="Requests that this service serves. [default: those that begin a trace]"
)
@click.option(
    "--columns",
    metavar="KEY=COLUMN,...",
    help=f"Columns of a CSV file that have no usual names, such as {spans_columns.EXAMPLE}.",
)
@click.option("--top", type=click.IntRange(1), default=3, show_default=True, help="How many candidates are printed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs: all candidates.")
def explain_command(
    files: tuple[Path, ...],
    since: str | None,
    until: str | None,
    good: tuple[Path, ...],
    service: str | None,
    columns: str | None,
    top: int,
    as_json: bool,
) -> None:
    """Explain what is wrong with some requests: where it starts, whether that may be chance, and the evidence.

    \b
      aiops explain traces.jsonl --since 2026-11-21T08:43:00Z
      aiops explain bad.json --good good.json --service checkout
      aiops explain spans.csv --since 10m --columns service=PodName,start=StartTimeUnixNano

    FILE holds spans: OTLP (JSON or protobuf), Jaeger's JSON, or CSV; also compressed by gzip or zstd. The form is
    recognised by the content. Requests before --since are good ones, those from then until --until bad ones. Both
    should be of the same kinds; some hundreds of each are plenty, a few may do.

    Exit code 1: no cause was found, or parts of a file were left out (they are named).
    """
    if (since is None) == (not good):
        raise click.UsageError("say which requests are bad: --since WHEN, or --good FILE for those that are not")
    asked = comparing.ExplainQuestion(
        files=files, good=good, since=since, until=until, service=service, columns=columns
    )
    try:
        found = comparing.compare(asked)
    except (InvalidInput, SourceError) as error:
        raise click.UsageError(str(error)) from None
    for line in found.notes:
        click.echo(visible(line), err=True)
    if as_json:
        click.echo(json.dumps(outcomes.document(found), indent=2, allow_nan=False))
    else:
        for line in outcomes.lines(found, top):
            click.echo(visible(line))
    sys.exit(1 if found.notes or outcomes.named_cause(found) is None else 0)
