"""What happened to an incident, for people: symptoms that began at one time are told at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiops.model.comment import Comment
from aiops.model.incident import TimelineEntry

BURST: Final = "anomaly"
"""What the timeline calls symptoms."""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One entry of the timeline, or several of one kind at one time: then `entries` are more than one. A row of a
    comment has no entry."""

    at: float
    what: str
    entries: tuple[TimelineEntry, ...]
    comment: Comment | None = None


def bursts(timeline: Sequence[TimelineEntry]) -> Iterator[TimelineRow]:
    """Yield a timeline, newest first; symptoms that began at one time are one row."""
    rows: list[list[TimelineEntry]] = []
    for entry in timeline:
        last = rows[-1][0] if rows else None
        if last is not None and entry.what == last.what == BURST and entry.at == last.at:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    for row in reversed(rows):
        yield TimelineRow(row[0].at, row[0].what, tuple(row))


def with_comments(rows: Iterable[TimelineRow], comments: Iterable[Comment]) -> list[TimelineRow]:
    """Return the rows of a timeline with those of comments among them, newest first."""
    written = [TimelineRow(one.at, "comment", (), one) for one in comments]
    return sorted((*rows, *reversed(written)), key=lambda row: -row.at)
