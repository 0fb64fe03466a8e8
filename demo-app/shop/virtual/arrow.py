"""Slices in a file, one after the other, each loadable by itself.

A slice is a head of 40 bytes and four Arrow IPC streams. The head, little-endian, holds the end of the slice (a double,
Unix seconds) and the length of each stream in bytes (four unsigned 64-bit integers; 0: no rows):

    resources, series, points, spans     tables in the shapes of `rows` and `sums`

The file ends with its last slice; there is no index, so that it can be a pipe. To read one without this module:

    head = struct.Struct("<d4Q")
    end, *lengths = head.unpack(file.read(head.size))
    tables = [pyarrow.ipc.open_stream(file.read(n)).read_all() if n else None for n in lengths]
"""

import struct
from collections.abc import Iterator
from typing import IO

import pyarrow as pa

from shop.virtual.rows import RESOURCES, SPANS
from shop.virtual.stream import Slice
from shop.virtual.sums import POINTS, SERIES

HEAD = struct.Struct("<d4Q")
SHAPES = (RESOURCES, SERIES, POINTS, SPANS)


def pack(slice_: Slice) -> bytes:
    """Write one slice."""
    tables = (slice_.resources, slice_.series, slice_.points, slice_.spans)
    streams = [_stream(of) if of.num_rows else b"" for of in tables]
    return b"".join((HEAD.pack(slice_.end, *map(len, streams)), *streams))


def unpack(file: IO[bytes]) -> Iterator[Slice]:
    """Read slices until the file ends. Raises ValueError for one that is cut short."""
    while head := file.read(HEAD.size):
        if len(head) < HEAD.size:
            raise ValueError("the file ends within the head of a slice")
        end, *lengths = HEAD.unpack(head)
        streams = [file.read(length) for length in lengths]
        if [len(stream) for stream in streams] != lengths:
            raise ValueError("the file ends within a slice")
        resources, series, points, spans = (
            pa.ipc.open_stream(stream).read_all() if stream else shape.empty_table()
            for stream, shape in zip(streams, SHAPES, strict=True)
        )
        yield Slice(end, resources, series, points, spans)


def _stream(of: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, of.schema) as writer:
        writer.write_table(of)
    return sink.getvalue().to_pybytes()
