"""The command: its options, and its exit codes."""

import json
import sys
from pathlib import Path

import click

from aiops.cli.common import CONTEXT, engine_options
from aiops.cli.explain import asking, comparing
from aiops.cli.remote import NotAnswered
from aiops.cli.terminal.ending import Failed, write_out
from aiops.model.errors import InvalidInput, SourceError
from aiops.model.safe import visible
from aiops.presentation.documents.base import Json
from aiops.presentation.explanation_text import explanation_lines
from aiops.sources.files import columns as spans_columns
from aiops.web.explanation import explanation_page

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("explain", context_settings=CONTEXT)
@click.argument("files", nargs=-1, type=FILE, metavar="[FILE...]")
@click.option("--since", metavar="WHEN", help="When the trouble began: a time, or a length before the end (10m).")
@click.option(
    "--until", metavar="WHEN", help="When it ended, a time. [default: the end of the last file; of an engine, now]"
)
@click.option(
    "--service",
    metavar="NAME",
    help="Requests that this service serves. [default, of files: those that begin a trace]",
)
@click.option("--route", metavar="ROUTE", help='Of an engine: only this route, such as /checkout or "POST /checkout".')
@click.option(
    "--trace", "traces", multiple=True, metavar="ID", help="Of an engine: the id of a bad trace; may be repeated."
)
@click.option(
    "--limit",
    type=click.IntRange(10, 1000),
    help="Of an engine: most traces of each side. [default: traces_limit of its settings]",
)
@engine_options
@click.option(
    "--good",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="File of good requests; may be repeated. All requests of the other files are bad ones then.",
)
@click.option(
    "--columns",
    metavar="KEY=COLUMN,...",
    help=f"Columns of a CSV file that have no usual names, such as {spans_columns.EXAMPLE}.",
)
@click.option("--top", type=click.IntRange(1), default=3, show_default=True, help="How many candidates are printed.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PAGE",
    help="Write a page with all of it, too; it needs no other file. An existing file is not overwritten.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs: all candidates.")
def explain_command(
    files: tuple[Path, ...],
    since: str | None,
    until: str | None,
    service: str | None,
    route: str | None,
    traces: tuple[str, ...],
    limit: int | None,
    url: str | None,
    token: str | None,
    good: tuple[Path, ...],
    columns: str | None,
    top: int,
    html: Path | None,
    as_json: bool,
) -> None:
    """Explain what is wrong with some requests: where it starts, whether that may be chance, and the evidence.

    \b
    Requests of a running engine:
      aiops explain --service checkout --since 10m
      aiops explain --service checkout --route /pay --since 2026-11-21T08:43:00Z --until 2026-11-21T08:51:00Z
      aiops explain --trace 5e0a7e24d4acaa3b11be336c47fa29ad --trace bb04be58a450e6c12f66e1e5f3350c92
    Requests in files:
      aiops explain traces.jsonl --since 2026-11-21T08:43:00Z
      aiops explain bad.json --good good.json --service checkout --html checkout.html
      aiops explain spans.csv --since 10m --columns service=PodName,start=StartTimeUnixNano

    Without a FILE, a running engine (--url) draws the requests from where it keeps traces, its own store or Tempo:
    those of --service from --since until --until are bad ones, and as long a time before has the good ones. With
    --trace these traces are the bad ones; good ones are like the requests with which they begin, did not fail, and are
    from the hour before the first of them, or before --since.

    FILE holds spans: OTLP (JSON or protobuf), Jaeger's JSON, or CSV; also compressed by gzip or zstd. The form is
    recognised by the content. Requests before --since are good ones, those from then until --until bad ones. Both
    should be of the same kinds; some hundreds of each are plenty, a few may do.

    Exit code 1: no cause was found, the engine does not answer, or something was left out (it is named).
    """
    if html is not None and html.exists():
        raise Failed(f"{html} exists already, and is not overwritten; give another name")
    if files:
        of_engine = {"--route": route, "--trace": traces or None, "--limit": limit, "--url": url}
        if given := [name for name, value in of_engine.items() if value is not None]:
            raise click.UsageError(f"{given[0]} is for a running engine, and {files[0]} is a file; leave one out")
        if (since is None) == (not good):
            raise click.UsageError("say which requests are bad: --since WHEN, or --good FILE for those that are not")
        try:
            found = comparing.compare(
                comparing.ExplainQuestion(
                    files=files, good=good, since=since, until=until, service=service, columns=columns
                )
            ).model_dump()
        except (InvalidInput, SourceError) as error:
            raise click.UsageError(str(error)) from None
    else:
        if given := [name for name, value in (("--good", good), ("--columns", columns)) if value]:
            raise click.UsageError(f"{given[0]} goes with a FILE to explain, and there is none")
        asked = asking.EngineQuestion(
            url=url,
            token=token,
            service=service,
            route=route,
            traces=traces,
            since=since,
            until=until,
            limit=limit,
        )
        try:
            found = asking.ask_engine(asked)
        except InvalidInput as error:
            raise click.UsageError(str(error)) from None
        except NotAnswered as error:
            raise Failed(str(error)) from None
    _show(found, top, html, as_json)


def _show(found: Json, top: int, html: Path | None, as_json: bool) -> None:
    """Print a comparison, write its page, and end. Raises Failed where it is not of this release."""
    try:
        lines = list(explanation_lines(found, top))
        notes = list(found["notes"])
        named = found["cause"] is not None
        page = "" if html is None else explanation_page(found)
    except (KeyError, TypeError) as error:
        raise Failed(f"the engine's answer cannot be read; is it of another release? ({error!r})") from None
    if html is not None:
        write_out(html, page)
    for line in notes:
        click.echo(visible(line), err=True)
    if as_json:
        click.echo(json.dumps(found, indent=2, allow_nan=False))
    else:
        for line in lines:
            click.echo(visible(line))
    sys.exit(1 if notes or not named else 0)
