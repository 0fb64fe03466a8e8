"""The code that reads what strangers send, each as one function of bytes: it may refuse them, and nothing else.

A target raises what the code under test may not: atheris takes any exception for a crash and keeps the input. Besides,
the answer must be bounded by the input: so many rows and bytes at most.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from aiops.api.webhook import mended
from aiops.model.errors import MessageError, SourceError
from aiops.sources.files.columns import BadColumns
from aiops.sources.files.opening import UnreadableFile
from aiops.sources.files.reading import read_spans
from aiops.sources.receiver.batch import pack_acks, unpack
from aiops.sources.receiver.compression import decompressed
from aiops.sources.receiver.intake import ExportRejected, Intake, Most, Signal
from aiops.sources.receiver.wire import MAX_ITEMS

Target = Callable[[bytes], None]
NOW: Final = 1_771_804_800.0
"""Unix seconds: an input is read in the same way each time."""
ENCODINGS: Final = ("gzip", "deflate", "zstd", "snappy", "x-snappy-framed", "identity")
MOST: Final = 1 << 20
"""Bytes that a body may have after decompression."""
PER_BYTE: Final = 64
ROWS: Final = 1 << 16
"""A message to the store may have this many bytes for each byte of the export, and these for its schemas."""
Pairs = Mapping[str, str]


class Taken:
    """A pipe whose other end commits everything, and checks that it is not out of proportion to the export."""

    def __init__(self) -> None:
        self.intake: Intake | None = None
        self.allowed = 0

    def send_bytes(self, message: bytes) -> None:
        """Commit a batch."""
        assert self.intake is not None
        request, batch = unpack(message)
        rows = sum(table.num_rows for table in (batch.spans, batch.points, batch.logs) if table is not None)
        assert rows <= MAX_ITEMS, f"{rows} rows of one export"
        assert len(message) <= self.allowed, f"{len(message)} bytes for the store, of {self.allowed} allowed"
        self.intake.acknowledge(pack_acks([request], True))


class Exports:
    """The receiver's path of one export, as `signal` in JSON or protobuf."""

    def __init__(self, signal: Signal, *, json: bool) -> None:
        self._signal, self._json, self._pipe = signal, json, Taken()
        self._pipe.intake = self._intake = Intake(cast(Any, self._pipe), None, 48 * 3600.0, Most(8), lambda: NOW)

    def __call__(self, body: bytes) -> None:
        self._pipe.allowed = ROWS + PER_BYTE * len(body)
        try:
            self._intake.take(self._signal, body, self._json).SerializeToString()
        except ExportRejected:
            return


def compressed(data: bytes) -> None:
    """A compressed body; the first byte chooses the encoding."""
    if not data:
        return
    try:
        body = decompressed(data[1:], ENCODINGS[data[0] % len(ENCODINGS)], MOST)
    except MessageError:
        return
    assert len(body) <= MOST, f"{len(body)} bytes after decompression"


def alerts(data: bytes) -> None:
    """Alertmanager's message to `POST /aiops/alerts`."""
    try:
        found = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict):
        return
    out, _ = mended(found)
    told = out.get("alerts")
    for one in told if isinstance(told, list) else ():  # what is no list is refused by the caller
        pairs: Pairs = {**one["labels"], **one["annotations"], "fingerprint": one["fingerprint"]}
        assert one["status"] in ("firing", "resolved")
        assert all("\x00" not in text for pair in pairs.items() for text in pair)
    json.dumps(out)


class Files:
    """A file of traces as `aiops explain FILE` reads it: OTLP, Jaeger's JSON, CSV; also compressed."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="fuzz-")
        self._path = Path(self._folder.name, "traces")

    def __call__(self, data: bytes) -> None:
        self._path.write_bytes(data)
        try:
            list(read_spans(self._path).traces())
        except (UnreadableFile, BadColumns, SourceError):
            return


TARGETS: Final[Mapping[str, Callable[[], Target]]] = {
    "spans": lambda: Exports(Signal.TRACES, json=False),
    "spans-json": lambda: Exports(Signal.TRACES, json=True),
    "metrics": lambda: Exports(Signal.METRICS, json=False),
    "metrics-json": lambda: Exports(Signal.METRICS, json=True),
    "logs": lambda: Exports(Signal.LOGS, json=False),
    "logs-json": lambda: Exports(Signal.LOGS, json=True),
    "compressed": lambda: compressed,
    "alerts": lambda: alerts,
    "files": Files,
}
"""Each target by its name, which is also the name of the folder of its seeds."""
