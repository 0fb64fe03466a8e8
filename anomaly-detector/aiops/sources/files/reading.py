"""Spans of one file, whoever wrote it: OTLP, Jaeger's JSON, or CSV; recognised by the content."""

from collections.abc import Iterator
from pathlib import Path

from aiops.model import Span
from aiops.model.errors import MessageError
from aiops.sources.common import attributes, spans
from aiops.sources.files.batches import LATEST, OLDEST
from aiops.sources.files.columns import Columns
from aiops.sources.files.exports import Export, FileProblem, Found, exports, json_documents, of_document
from aiops.sources.files.jaeger import is_jaeger, jaeger_spans
from aiops.sources.files.opening import Form, OpenFile, UnreadableFile, opened_file
from aiops.sources.files.spans_csv import read_spans_csv
from aiops.sources.files.spans_table import SpanTable, table_of
from aiops.sources.receiver.decode import Decoding


def read_spans(path: Path, columns: Columns | None = None) -> SpanTable:
    """Read the spans of a file as columns; `traces` of the result gives them as Traces. `columns` are those of a CSV
    file that have no usual names.

    Raises UnreadableFile, BadColumns or SourceError. What is left out is told in `notes` of the result.
    """
    found = Found()
    with opened_file(path) as file:
        if file.form != Form.CSV:
            read = list(_spans(file, found))
            notes = [str(one) for one in found.problems]
            if not read:
                raise UnreadableFile("\n".join([*notes[:3], f"{path} has no span"]))
            return table_of(read, notes)
    return read_spans_csv(path, columns)


def _spans(file: OpenFile, found: Found) -> Iterator[Span]:
    if file.form != Form.JSON:
        for export in exports(file, found):
            yield from _of_export(file, export, found)
        return
    for place, document in json_documents(file, found.problems):
        if is_jaeger(document):
            problems: list[str] = []
            yield from jaeger_spans(document, problems)
            found.problems += [FileProblem(file.path, place, one) for one in problems]
        else:
            for export in of_document(file, place, document, found):
                yield from _of_export(file, export, found)


def _of_export(file: OpenFile, export: Export, found: Found) -> Iterator[Span]:
    place, take = export
    rows = Decoding(LATEST - 3600.0, LATEST - 3600.0 - OLDEST, lambda _: False)
    try:
        take(rows)
    except (ValueError, MessageError) as problem:
        found.problems.append(FileProblem(file.path, place, f"is no OTLP: {problem}"))
    for reason, count in rows.rejected.reasons.items():
        found.problems.append(FileProblem(file.path, place, f"{count} left out: {reason}"))
    resources = {
        key: ({"service": service, "instance": instance, "version": version}, attributes.parse(text))
        for key, service, instance, version, text in rows.resources.values()
    }
    for row in rows.spans:
        named = dict(zip(spans.COLUMNS, row, strict=True))
        of, pairs = resources[named["resource"]]
        yield spans.span({**named, **of}, pairs)
