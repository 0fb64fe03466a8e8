"""Spans as columns: NumPy arrays of one length, linked_spans to their parents. No input or output.

What a file says wrongly neither crashes nor hangs: a span that comes twice counts once, a parent that does not exist
and a circle of parents are cut, a negative duration is none; each is counted in `notes`.

`explain.table.SpanColumns` is another table, of what a comparison needs. This one keeps the rest as well, ids,
nanoseconds and attributes, so that `traces` gives back every span of a file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from aiops.model import Span, SpanKind, Status, Trace
from aiops.model.arrays import Bools, Floats, Ints

NANO: Final = 1_000_000_000
NONE: Final = -1
FARTHEST: Final = 2.0**63
"""Nanoseconds that do not fit any more."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts as numbers: `values[codes[row]]`, each value once."""

    codes: Ints
    values: tuple[str, ...]

    @classmethod
    def of(cls, column: Any) -> "Texts":
        """Encode an Arrow column of texts; a missing one is the empty text."""
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        encoded: Any = whole.fill_null("").dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return cls(codes, tuple(encoded.dictionary.to_pylist()))

    def taken(self, rows: npt.NDArray[Any]) -> "Texts":
        """Return some rows."""
        return Texts(self.codes[rows], self.values)

    def __getitem__(self, row: int) -> str:
        return self.values[int(self.codes[row])]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSpans:
    """Spans as a file has them. `kind` is NONE where it is not known; times are Unix nanoseconds. http_status is 0
    where there is none."""

    trace: Texts
    span: Texts
    parent: Texts
    service: Texts
    name: Texts
    kind: Ints
    start_ns: Ints
    duration_ns: Ints
    failed: Bools
    http_status: Ints
    attributes: Mapping[str, Texts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanTable:
    """Spans by trace and start. `parent` is the row of the parent, and `callee` the code of the service that a span
    calls (in `service.values`); both are NONE where there is none. `origin` is the row of each span in what it was made
    of; `models` has the spans there, where they are more than columns. notes: what was wrong with the file."""

    trace: Texts
    span: Texts
    parent: Ints
    service: Texts
    name: Texts
    kind: Ints
    start_ns: Ints
    duration_ns: Ints
    failed: Bools
    http_status: Ints
    callee: Ints
    attributes: Mapping[str, Texts]
    origin: Ints
    models: Sequence[Span] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.parent)

    @property
    def start(self) -> Floats:
        """Unix seconds."""
        return self.start_ns / NANO

    @property
    def duration(self) -> Floats:
        """Seconds."""
        return self.duration_ns / NANO

    @property
    def bounds(self) -> Ints:
        """Where each trace begins, and the end of the last: trace k has the rows [bounds[k], bounds[k + 1])."""
        changes = np.flatnonzero(np.diff(self.trace.codes)) + 1
        return np.concatenate([[0], changes, [len(self)]]) if len(self) else np.zeros(1, np.int64)

    def traces(self) -> Iterator[Trace]:
        """Yield the traces, one by one."""
        bounds = self.bounds
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            yield Trace(self.trace[first], tuple(self.model(row) for row in range(first, last)))

    def model(self, row: int) -> Span:
        """Return one span."""
        parent, callee, failed = int(self.parent[row]), int(self.callee[row]), bool(self.failed[row])
        parent_id, kind = self.span[parent] if parent != NONE else "", SpanKind(int(self.kind[row]))
        peer = self.service.values[callee] if callee != NONE else ""
        if self.models:
            known = self.models[int(self.origin[row])]
            return replace(known, parent_id=parent_id, kind=kind, peer=known.peer or peer)
        return Span(
            trace_id=self.trace[row],
            span_id=self.span[row],
            parent_id=parent_id,
            service=self.service[row],
            name=self.name[row],
            kind=kind,
            start=int(self.start_ns[row]) / NANO,
            duration=int(self.duration_ns[row]) / NANO,
            status=Status.ERROR if failed else Status.UNSET,
            failed=failed,
            http_status=int(self.http_status[row]),
            peer=peer,
            attributes={key: of[row] for key, of in self.attributes.items() if of[row]},
        )


def table_of(spans: Sequence[Span], notes: Sequence[str] = ()) -> SpanTable:
    """Make a table of spans; `traces` gives them back, linked_spans. Those of an impossible time are left out."""
    fit = [one for one in spans if abs(one.start * NANO) < FARTHEST and abs(one.duration * NANO) < FARTHEST]
    if len(fit) < len(spans):
        notes = [*notes, f"{len(spans) - len(fit)} spans are left out: their times are no Unix times of this age"]
        spans = fit

    def texts(values: Iterable[str]) -> Texts:
        return Texts.of(pa.array(values, pa.string()))

    def numbers(values: Iterable[int]) -> Ints:
        return np.fromiter(values, np.int64, len(spans))

    raw = RawSpans(
        trace=texts(one.trace_id for one in spans),
        span=texts(one.span_id for one in spans),
        parent=texts(one.parent_id for one in spans),
        service=texts(one.service for one in spans),
        name=texts(one.operation for one in spans),
        kind=numbers(int(one.kind) or NONE for one in spans),
        start_ns=numbers(round(one.start * NANO) for one in spans),
        duration_ns=numbers(round(one.duration * NANO) for one in spans),
        failed=np.fromiter((one.failed for one in spans), bool, len(spans)),
        http_status=numbers(one.http_status for one in spans),
    )
    return replace(linked_spans(raw, notes), models=spans)


def linked_spans(raw: RawSpans, notes: Sequence[str] = ()) -> SpanTable:
    """Sort spans by trace and start, and link them to their parents."""
    said = list(notes)
    order = np.lexsort((raw.start_ns, raw.trace.codes))
    order = _unique(raw, order, said)
    trace, span = raw.trace.taken(order), raw.span.taken(order)
    duration = raw.duration_ns[order]
    _note(said, int((duration < 0).sum()), "a negative duration counts as none")
    parent = _parents(trace, span, raw.parent.taken(order), said)
    service, kind = raw.service.taken(order), raw.kind[order]
    called = _called(parent, service.codes)
    return SpanTable(
        trace=trace,
        span=span,
        parent=parent,
        service=service,
        name=raw.name.taken(order),
        kind=np.where(kind == NONE, _kinds(parent, service.codes, called), kind),
        start_ns=raw.start_ns[order],
        duration_ns=np.maximum(duration, 0),
        failed=raw.failed[order],
        http_status=raw.http_status[order],
        callee=called,
        attributes={key: of.taken(order) for key, of in raw.attributes.items()},
        origin=order,
        notes=tuple(said),
    )


def _unique(raw: RawSpans, order: Ints, notes: list[str]) -> Ints:
    """Keep the first span of each id of a trace."""
    keys = raw.trace.codes[order] * max(len(raw.span.values), 1) + raw.span.codes[order]
    first = np.sort(np.unique(keys, return_index=True)[1])
    _note(notes, len(order) - len(first), "a span that comes twice counts once")
    found: Ints = order[first]
    return found


def _parents(trace: Texts, span: Texts, parent: Texts, notes: list[str]) -> Ints:
    """Return the row of each span's parent."""
    if not len(trace.codes):
        return np.zeros(0, np.int64)
    known = {value: code for code, value in enumerate(span.values)}
    code_of = np.array([known.get(value, NONE) for value in parent.values], np.int64)
    named = np.array([not _is_root(value) for value in parent.values], bool)[parent.codes]
    wanted = code_of[parent.codes]
    width = len(span.values)
    keys = trace.codes * width + span.codes
    by_key = np.argsort(keys)
    at = np.minimum(np.searchsorted(keys[by_key], trace.codes * width + wanted), len(keys) - 1)
    there = named & (wanted != NONE) & (keys[by_key][at] == trace.codes * width + wanted)
    found = np.where(there, by_key[at], NONE)
    _note(notes, int((named & ~there).sum()), "a parent that is not in its trace: the span counts as a root")
    return _without_circles(found, notes)


def _without_circles(parent: Ints, notes: list[str]) -> Ints:
    """Cut the spans that are their own ancestors: after as many steps as there are spans, only they are reached."""
    reached = parent.copy()
    for _ in range(max(len(parent), 2).bit_length()):
        reached = np.where(reached != NONE, reached[reached], NONE)
    circle = np.unique(reached[reached != NONE])
    _note(notes, len(circle), "a span is its own ancestor: it counts as a root")
    out = parent.copy()
    out[circle] = NONE
    return out


def _called(parent: Ints, service: Ints) -> Ints:
    """Return the service that each span calls: that of its first child in another one."""
    called = np.full(len(parent), NONE, np.int64)
    child = np.flatnonzero(parent != NONE)[::-1]
    child = child[service[child] != service[parent[child]]]
    called[parent[child]] = service[child]
    return called


def _kinds(parent: Ints, service: Ints, called: Ints) -> Ints:
    """Derive kinds: a span whose parent is in another service, or that has none, is served; one that calls another
    service is a call. `explain.waits` derives those of traces from a store: there, a call has nothing else below it."""
    entry = (parent == NONE) | (service[parent] != service)
    kinds: Ints = np.where(entry, SpanKind.SERVER, np.where(called != NONE, SpanKind.CLIENT, SpanKind.INTERNAL))
    return kinds.astype(np.int64)


def _is_root(value: str) -> bool:
    return not value.strip("0") or value.lower() in ("null", "none", "nan", "root", "-1", "nil", "n/a", '""')


def _note(notes: list[str], count: int, what: str) -> None:
    if count:
        notes.append(f"{count:,} times: {what}")
