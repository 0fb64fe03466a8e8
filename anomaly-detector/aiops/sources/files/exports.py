"""The OTLP exports in a file, one after the other: a bad one does not lose the others."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

from aiops.model.errors import MessageError
from aiops.sources.files.opening import ZSTD, Form, OpenFile, UnreadableFile
from aiops.sources.receiver import compression, otlp_json, otlp_proto
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_metrics import take_metrics
from aiops.sources.receiver.decode_spans import take_spans
from aiops.sources.receiver.wire import Damaged, fields, inside

CAPTURE: Final = "aiopsCapture"
"""The key of the first line of a capture (`aiops incidents capture`)."""
LARGEST: Final = 1 << 30
SHORT: Final = 256
"""Bytes: a first line that is longer is no part of a document over many lines."""
_ALL: Final = 1 << 40
_SPANS: Final = ("resourceSpans", "resource_spans")
_METRICS: Final = ("resourceMetrics", "resource_metrics")
_LOGS: Final = ("resourceLogs", "resource_logs")

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Something in a file that is left out: where, and what is wrong with it."""

    path: Path
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}{self.place}: {self.text}"


@dataclass(slots=True)
class Found:
    """What files hold beside what is kept of exports, filled while they are read. folded: names beyond a limit, by
    limit."""

    problems: list[FileProblem] = field(default_factory=list)
    captures: list[Document] = field(default_factory=list)
    logs: int = 0
    folded: Counter[str] = field(default_factory=Counter)


Take = Callable[[Decoding], None]
Export = tuple[str, Take]
"""Where an export stands in its file (`:12`, or ` message 3`), and what reads it into rows. Raises ValueError."""


def exports(file: OpenFile, found: Found) -> Iterator[Export]:
    """Yield the exports of a file; what is none of them is a problem. Raises UnreadableFile."""
    match file.form:
        case Form.JSON:
            yield from _of_json(file, found)
        case Form.FRAMES:
            for number, body in file.frames():
                yield from _of_frame(file, f" message {number}", body, found)
        case Form.PROTO:
            yield from _of_proto(file, " message 1", file.whole(), found)
        case Form.CSV:
            raise UnreadableFile(
                f"{file.path} is no OTLP: neither JSON nor protobuf. Write it with the Collector's file exporter"
            )


def json_documents(file: OpenFile, problems: list[FileProblem]) -> Iterator[tuple[str, Document]]:
    """Yield the JSON objects of a file: one in each line, or one in all, or a list of them."""
    lines = file.lines()
    first = next(lines)
    if len(first[1]) < SHORT and not _reads(first[1]):  # perhaps one document over many lines
        number, text = first[0], b"\n".join([first[1], *(later for _, later in lines)])
        try:
            whole = _loaded(text)
        except ValueError as problem:
            each = text.split(b"\n")
            lines = ((number + at, line) for at, line in enumerate(each) if line.strip())
            if not any(map(_reads, each)):
                problems.append(FileProblem(file.path, "", f"is no JSON: {problem}"))
                return
        else:
            yield from _objects(file, f":{number}", whole, problems)
            return
    else:
        lines = chain([first], lines)
    for number, line in lines:
        try:
            found = _loaded(line)
        except ValueError as problem:
            problems.append(FileProblem(file.path, f":{number}", f"is no JSON: {problem}"))
            continue
        yield from _objects(file, f":{number}", found, problems)


def _objects(file: OpenFile, place: str, found: Any, problems: list[FileProblem]) -> Iterator[tuple[str, Document]]:
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, dict):
            yield place, one
        else:
            problems.append(FileProblem(file.path, place, "is no JSON object"))


def _loaded(text: bytes) -> Any:
    return otlp_json.loaded_json(text, Decoding(0.0, 0.0, lambda _: False))


def _reads(text: bytes) -> bool:
    try:
        return isinstance(_loaded(text), dict | list)
    except ValueError:
        return False


def _of_json(file: OpenFile, found: Found) -> Iterator[Export]:
    for place, document in json_documents(file, found.problems):
        yield from of_document(file, place, document, found)


def of_document(file: OpenFile, place: str, document: Document, found: Found) -> Iterator[Export]:
    """Yield the exports in a JSON object."""
    if any(key in document for key in _SPANS):
        yield place, lambda into: _take_spans(otlp_json.spans_of(document, into), into)
    if any(key in document for key in _METRICS):
        yield place, lambda into: _take_metrics(otlp_json.metrics_of(document, into), into)
    if any(key in document for key in _LOGS):
        found.logs += 1
    if isinstance(capture := document.get(CAPTURE), dict):
        found.captures.append(capture)
    if not any(key in document for key in (*_SPANS, *_METRICS, *_LOGS, CAPTURE)):
        known = ", ".join(list(document)[:5]) or "nothing"
        text = f"is no OTLP: it has {known}, but an export has resourceSpans or resourceMetrics"
        found.problems.append(FileProblem(file.path, place, text))


def _of_frame(file: OpenFile, place: str, body: bytes, found: Found) -> Iterator[Export]:
    if body.startswith(ZSTD):
        try:
            body = _unpacked(body)
        except MessageError as problem:
            found.problems.append(FileProblem(file.path, place, str(problem) or "is too large"))
            return
    if body[:1] == b"{":
        try:
            document = _loaded(body)
        except ValueError as problem:
            found.problems.append(FileProblem(file.path, place, f"is no JSON: {problem}"))
            return
        yield from of_document(file, place, document, found)
    else:
        yield from _of_proto(file, place, body, found)


def _unpacked(body: bytes) -> bytes:
    """Decompress a message; its size is not known before."""
    most = max(len(body) * 20, 1 << 20)
    while True:
        try:
            return compression.decompressed(body, "zstd", most)
        except compression.TooLong:
            if most >= LARGEST:
                raise
            most *= 8


def _of_proto(file: OpenFile, place: str, body: bytes, found: Found) -> Iterator[Export]:
    try:
        kind = _kind(body)
    except (Damaged, IndexError) as problem:
        found.problems.append(FileProblem(file.path, place, f"is no OTLP protobuf: {problem}"))
        return
    match kind:
        case "spans":
            yield place, lambda into: _take_spans(otlp_proto.spans(body, into, _ALL), into)
        case "metrics":
            yield place, lambda into: _take_metrics(otlp_proto.metrics(body, into, _ALL), into)
        case "logs":
            found.logs += 1
        case _:
            found.problems.append(FileProblem(file.path, place, "is no OTLP protobuf: it has no resources"))


def _kind(body: bytes) -> str:
    """Tell exports apart, which look alike from outside, by their first item: a span has fixed times in its fields 7
    and 8, a record of a log in 1 or 11; a metric has none. Raises Damaged."""
    groups = 0
    for _, group, group_end in inside(body, 0, len(body), 1):
        groups += 1
        for _, scope, scope_end in inside(body, group, group_end, 2):
            for _, item, end in inside(body, scope, scope_end, 2):
                fixed = {number for number, wire, *_ in fields(body, item, end) if wire == 1}
                return "spans" if fixed & {7, 8} else "logs" if fixed & {1, 11} else "metrics"
    return "spans" if groups else ""


def _take_spans(groups: Iterator[tuple[Any, Any]], into: Decoding) -> None:
    for sender, spans in groups:
        take_spans(sender, spans, into)


def _take_metrics(groups: Iterator[tuple[Any, Any]], into: Decoding) -> None:
    for sender, sent in groups:
        take_metrics(sender, sent, into)
