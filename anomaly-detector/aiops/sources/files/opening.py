"""A file of telemetry, decompressed, and in which form it is: both are recognised by the content, not by the name."""

import gzip
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa

from aiops.model.errors import InvalidInput

GZIP: Final = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
LOOK: Final = 4096
CHUNK: Final = 1 << 20
LONGEST_LINE: Final = 1 << 30
FRAME: Final = struct.Struct(">I")
_MARK: Final = b"\xef\xbb\xbf"
_TEXT: Final = frozenset(b"\t\n\v\f\r\x1b")


class Form(Enum):
    """How telemetry is written in a file."""

    JSON = "JSON"
    PROTO = "OTLP protobuf"
    FRAMES = "OTLP protobuf, each message after its length"
    CSV = "CSV"


class UnreadableFile(InvalidInput):
    """A file that cannot be read as telemetry; the message names it and says why."""


@dataclass(slots=True)
class OpenFile:
    """An open file of telemetry. `size` is that on disk."""

    path: Path
    form: Form
    size: int
    stream: "_Joined"
    _raw: IO[bytes]

    @property
    def position(self) -> int:
        """How many of the bytes on disk are read."""
        return self._raw.tell()

    def whole(self) -> bytes:
        """Read all of it. Raises UnreadableFile."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Read it part by part. Raises UnreadableFile."""
        with translated(self.path):
            while chunk := self.stream.read(CHUNK):
                yield chunk

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the lines that are not empty, without their ends, and their numbers. Raises UnreadableFile."""
        number, kept = 0, b""
        for chunk in self.chunks():
            *complete, kept = (kept + chunk).split(b"\n")
            if len(kept) > LONGEST_LINE:
                raise UnreadableFile(f"{self.path}:{number + 1}: a line is longer than {LONGEST_LINE >> 20} MB")
            for line in complete:
                number += 1
                if line.strip():
                    yield number, line
        if kept.strip():
            yield number + 1, kept

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Yield messages after their lengths (four bytes, the highest first), numbered from 1. Raises UnreadableFile
        where the file ends within one."""
        number = 0
        with translated(self.path):
            while head := self.stream.read(FRAME.size):
                number += 1
                size = FRAME.unpack(head)[0] if len(head) == FRAME.size else LONGEST_LINE + 1
                body = self.stream.read(size) if size <= LONGEST_LINE else b""
                if len(body) != size:
                    raise UnreadableFile(f"{self.path}: message {number} is cut off, or its length is wrong")
                yield number, body


@contextmanager
def opened_file(path: Path) -> Iterator[OpenFile]:
    """Open a file. Raises UnreadableFile."""
    with translated(path), path.open("rb") as raw:
        size = path.stat().st_size
        begin = raw.read(len(ZSTD))
        raw.seek(0)
        stream: Any = raw
        if begin.startswith(GZIP):
            stream = gzip.GzipFile(fileobj=raw)
        elif begin == ZSTD:
            stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
        start = stream.read(LOOK)
        if not start.removeprefix(_MARK).strip():
            raise UnreadableFile(f"{path} is empty")
        yield OpenFile(path, form_of(start), size, _Joined(start.removeprefix(_MARK), stream), raw)


def compression_of(path: Path) -> str:
    """Recognise the compression of a file: none, gzip or zstd. Raises UnreadableFile."""
    with translated(path), path.open("rb") as raw:
        begin = raw.read(len(ZSTD))
    return "gzip" if begin.startswith(GZIP) else "zstd" if begin == ZSTD else "none"


def form_of(start: bytes) -> Form:
    """Recognise a form by the first bytes of a file, decompressed."""
    begin = start.removeprefix(_MARK).lstrip()
    if all(byte >= 32 or byte in _TEXT for byte in start):
        return Form.JSON if begin[:1] in (b"{", b"[") else Form.CSV
    framed = start[:1] == b"\0" or (len(start) > 4 and start[4:5] == b"{" and start[:1] != b"{")
    return Form.FRAMES if framed else Form.PROTO


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise UnreadableFile for the errors of files and of decompression."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFile(f"{path} is damaged: {error}") from None
    except OSError as error:
        raise UnreadableFile(f"cannot read {path}: {error.strerror or error}") from None


class _Joined:
    """What was read to recognise a stream, then the rest of it."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self._start, self._rest = start, rest

    def read(self, size: int) -> bytes:
        """Read as many bytes, fewer only at the end."""
        taken, self._start = self._start[:size], self._start[size:]
        return taken + self._rest.read(size - len(taken)) if len(taken) < size else taken
