"""`aiops incidents capture`: its options, its progress, and what it says was replaced."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from aiops.cli.capture.taking import TakenCapture, Wish, take_capture
from aiops.cli.common import UsageError
from aiops.cli.remote import Remote
from aiops.cli.terminal.ending import Failed
from aiops.cli.terminal.progress import advancing
from aiops.model import iso
from aiops.model.safe import visible
from aiops.presentation.filters import moment
from aiops.slo.spec import durations

_ID: Final = re.compile(r"[\w.:-]+")
LONGEST_BEFORE: Final = 7 * 86_400


def capture(
    engine: Remote, incident: str, output: Path | None, before: str, keep: tuple[str, ...], plain: bool, as_json: bool
) -> None:
    """Capture an incident and print what was written. Raises NotAnswered, UsageError or Failed."""
    if not _ID.fullmatch(incident):
        raise UsageError(f"{incident!r} is no incident; it is written like INC-1795253415-1")
    file = output or Path(f"{incident}.capture.jsonl.gz")
    if file.exists():
        raise Failed(f"{file} exists already, and is not overwritten; give another name with -o")
    if plain and keep:
        raise UsageError("--plain keeps all names, and --keep a few; leave one of them out")
    wish = Wish(incident, file, _seconds(before), plain, frozenset(keep))
    taken = take_capture(engine, wish, lambda seconds: advancing("capturing", seconds, "seconds"))
    if as_json:
        click.echo(json.dumps(_document(file, taken), indent=2))
    else:
        for line in _lines(file, taken, plain):
            click.echo(visible(line))


def _seconds(text: str) -> float:
    try:
        seconds, months = durations.shorthand(text)
    except ValueError as error:
        raise UsageError(f"--before {error}") from None
    if months or not 0 < seconds <= LONGEST_BEFORE:
        raise UsageError(f"--before is {text}, but must be 7d at most, such as 1h")
    return float(seconds)


def _lines(file: Path, taken: TakenCapture, plain: bool) -> Iterator[str]:
    window = taken.window
    yield f"{file}: {taken.spans:,} spans from {moment(window.start)} to {moment(window.end)}"
    yield f"  {taken.changes} changes and {taken.objectives} objectives"
    if not taken.complete:
        yield "  note: the engine's traces are in a store that cannot list all; these are some of each half minute"
    if taken.counted:
        yield "  with the metrics of requests, because not all of them have spans"
    if plain:
        yield "  nothing was replaced: the file holds all names and values as they are"
        return
    found = taken.names.replaced
    yield f"replaced by pseudonyms, {sum(found.values()):,} values; their key is not stored:"
    width = max(map(len, found), default=0)
    for what, count in sorted(found.items()):
        yield f"  {what:<{width}}  {count:,}"
    yield f"replay it with: aiops replay {file}"


def _document(file: Path, taken: TakenCapture) -> dict[str, object]:
    return {
        "file": str(file),
        "since": iso(taken.window.start),
        "until": iso(taken.window.end),
        "spans": taken.spans,
        "complete": taken.complete,
        "metrics": taken.counted,
        "changes": taken.changes,
        "objectives": taken.objectives,
        "replaced": dict(sorted(taken.names.replaced.items())),
    }
