"""Read files, and compare the requests in them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np

from aiops.cli.terminal.past import moment_of
from aiops.explain import AskedRequests, SpanColumns, explanation
from aiops.explain.table import RowNumbers
from aiops.model import SpanKind
from aiops.presentation.documents.explanation import Explanation
from aiops.sources.files import columns, reading
from aiops.sources.files.spans_table import SpanTable as FileSpans


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainQuestion:
    """What is compared with what: the values of the options."""

    files: tuple[Path, ...]
    good: tuple[Path, ...]
    since: str | None
    until: str | None
    service: str | None
    columns: str | None


def compare(asked: ExplainQuestion) -> Explanation:
    """Compare good and bad requests. Raises UsageError, InvalidInput or SourceError."""
    mapping = columns.parse(asked.columns) if asked.columns else None
    read = [(path, reading.read_spans(path, mapping)) for path in (*asked.good, *asked.files)]
    table = SpanColumns.joined([_table(one) for _, one in read])
    notes = tuple(f"{path}: {note}" for path, one in read for note in one.notes)
    entries = _entries(table, asked.service)
    start = table.start[entries]
    if asked.good:
        sizes = [len(one) for _, one in read]
        bad = entries >= sum(sizes[: len(asked.good)])
        named = ", ".join(map(str, asked.good)), ", ".join(map(str, asked.files))
        inside = np.ones(len(entries), bool)
    else:
        end = float(start.max()) if asked.until is None else moment_of("--until", asked.until, float(start.max()))
        since = moment_of("--since", str(asked.since), end)
        bad = start >= since
        inside = start <= end
        named = f"before {_at(since)}", f"from then until {_at(end)}"
    for side, which in ((~bad & inside, named[0]), (bad & inside, named[1])):
        if not side.any():
            first, last = (_at(float(one)) for one in (start.min(), start.max()))
            raise click.UsageError(f"there is no request {which}; the files have requests from {first} to {last}")
    told = AskedRequests(good=named[0], bad=named[1], notes=notes)
    return explanation(table, entries[inside], bad[inside], told)


def _entries(table: SpanColumns, service: str | None) -> RowNumbers:
    """The rows that begin a request."""
    if service is None:
        entries = np.flatnonzero(table.parent < 0)
    else:
        if service not in table.words:
            names = sorted({table.words[code] for code in np.unique(table.service).tolist()})
            raise click.UsageError(f"there is no service {service!r}; there are: {', '.join(names[:30])}")
        mine = table.service == table.words.index(service)
        above = np.maximum(table.parent, 0)
        entries = np.flatnonzero(mine & ((table.parent < 0) | (table.service[above] != table.service)))
    return entries[table.kind[entries] != SpanKind.CONSUMER] if len(entries) else entries


def _table(spans: FileSpans) -> SpanColumns:
    """The same spans for a comparison. A file of columns only has neither routes nor statements."""
    if spans.models:
        return SpanColumns.of(spans.traces())
    service = ("", *spans.service.values)
    words = (*service, *spans.name.values)
    none = np.zeros(len(spans), np.int32)
    return SpanColumns(
        words=words,
        traces=spans.trace.values,
        trace=spans.trace.codes.astype(np.int32),
        parent=spans.parent.astype(np.int32),
        kind=spans.kind.astype(np.int8),
        start=spans.start,
        duration=spans.duration,
        failed=spans.failed,
        service=(spans.service.codes + 1).astype(np.int32),
        name=(spans.name.codes + len(service)).astype(np.int32),
        route=none,
        method=none,
        peer=(spans.callee + 1).astype(np.int32),
        statement=none,
    )


def _at(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
