"""What a replay found, as text and as a document."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiops.cli import remote
from aiops.model import Window, iso
from aiops.model.safe import visible
from aiops.presentation.documents.base import Json
from aiops.presentation.filters import moment
from aiops.presentation.numbers import span_of_time

NAMED: Final = 10
"""Problems that are named; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOutcome:
    """What came of a replay. incidents: documents with their evidence, oldest first. problems: what was left out of
    files. notes: what else is good to know."""

    place: str
    window: Window
    step: float
    spans: int
    points: int
    services: int
    incidents: Sequence[Json]
    problems: Sequence[str]
    notes: Sequence[str]


def named(problems: Sequence[str]) -> Iterator[str]:
    """Yield the first problems, and the number of the others."""
    yield from problems[:NAMED]
    if len(problems) > NAMED:
        yield f"and {len(problems) - NAMED:,} more like these; --json lists all"


def lines(of: ReplayOutcome) -> Iterator[str]:
    """Yield the text: what was read, then a block for each incident."""
    window = of.window
    length = span_of_time(window.seconds)
    yield f"from {moment(window.start)} to {moment(window.end)} ({length}), in {visible(of.place)}"
    told = [_count(of.spans, "span"), *([_count(of.points, "point") + " of metrics"] if of.points else [])]
    yield f"{' and '.join(told)} of {_count(of.services, 'service')}, judged in steps of {of.step:g} s"
    for note in of.notes:
        yield f"note: {visible(note)}"
    yield ""
    yield _count(len(of.incidents), "incident") if of.incidents else "no incidents"
    for one in of.incidents:
        yield ""
        yield remote.fetch_page(one)


def replay_document(of: ReplayOutcome) -> dict[str, Any]:
    """Return everything as a document."""
    return {
        "since": iso(of.window.start),
        "until": iso(of.window.end),
        "step_seconds": of.step,
        "spans": of.spans,
        "points": of.points,
        "services": of.services,
        "incidents": list(of.incidents),
        "problems": list(of.problems),
        "notes": list(of.notes),
    }


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
