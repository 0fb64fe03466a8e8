"""The command: its options, what it reads, and its exit codes. What ranks causes takes the table that `spans_or_stop`
returns."""

from pathlib import Path

import click

from aiops.cli.common import CONTEXT
from aiops.model.errors import InvalidInput, SourceError
from aiops.model.safe import visible
from aiops.sources.files.columns import parse
from aiops.sources.files.reading import read_spans
from aiops.sources.files.spans_table import SpanTable

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("explain", context_settings=CONTEXT)
@click.argument("file", type=FILE)
@click.option(
    "--columns",
    metavar="KEY=COLUMN,...",
    default="",
    help="What the columns of a CSV file hold, where they have no usual names: trace, span, parent, service, name, "
    "start, end or duration, kind, status, error; a key with a dot is an attribute. start=COLUMN:ns names the unit.",
)
def explain_command(file: Path, columns: str) -> None:
    """Read the traces in a file.

    \b
      aiops explain traces.json
      aiops explain spans.csv --columns service=PodName,start=StartTimeUnixNano,duration=Duration:us

    FILE holds OTLP (JSON or protobuf), traces of Jaeger (JSON), or spans as CSV; also compressed by gzip or zstd. Where
    a file says no kinds and callees, they follow from the parents: a span of one service below a span of another was
    called by it.
    """
    table = spans_or_stop(file, columns)
    services = len(set(table.service.codes.tolist()))
    click.echo(f"{len(table):,} spans in {len(table.bounds) - 1:,} traces of {services:,} services")


def spans_or_stop(file: Path, columns: str) -> SpanTable:
    """Read a file; what was left out is told on stderr. Raises UsageError."""
    try:
        table = read_spans(file, parse(columns) if columns else None)
    except (InvalidInput, SourceError) as error:
        raise click.UsageError(str(error)) from None
    for note in table.notes:
        click.echo(f"note: {visible(note)}", err=True)
    return table
