"""Decompression of bodies, with a limit on the result.

`snappy` is the block format, as Go's clients send it today, or the framed format, which begins with a name and which
older clients send.
"""

import zlib
from typing import Final

import cramjam

from aiops.model.errors import MessageError

_FRAMED: Final = b"\xff\x06\x00\x00sNaPpY"
NAMES: Final = "gzip, deflate, zstd or snappy"


class TooLong(MessageError):
    """The decompressed body exceeds the limit."""


class Broken(MessageError):
    """The body is not in the stated encoding."""


class UnknownEncoding(MessageError):
    """The encoding is not supported."""


def decompressed(raw: bytes, encoding: str, most: int) -> bytes:
    """Undo a `Content-Encoding`. Raises TooLong, Broken or UnknownEncoding."""
    encoding = encoding.strip().lower()
    match encoding:
        case "" | "identity":
            return raw
        case "gzip" | "deflate":
            return _zlib(raw, encoding, most)
        case "zstd" | "snappy" | "x-snappy-framed":
            return _cramjam(raw, encoding, most)
    raise UnknownEncoding(f"bodies may be compressed with {NAMES}, not {encoding}")


def _zlib(raw: bytes, encoding: str, most: int) -> bytes:
    parts: list[bytes] = []
    left, rest = most, raw
    try:
        while rest:
            inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
            parts.append(inflate.decompress(rest, left + 1))
            left -= len(parts[-1])
            if left < 0:
                raise TooLong
            if not inflate.eof:
                raise Broken(f"the {encoding} body ends too early")
            rest = inflate.unused_data
    except zlib.error as problem:
        raise Broken(f"the body is not {encoding}: {problem}") from problem
    return b"".join(parts)


def _cramjam(raw: bytes, encoding: str, most: int) -> bytes:
    """Decompress into a buffer of fixed size: a body that does not fit is too long."""
    block = encoding == "snappy" and not raw.startswith(_FRAMED)
    try:
        if block:
            size = cramjam.snappy.decompress_raw_len(raw)
            if size > most:
                raise TooLong
            out = bytearray(size)
            return bytes(memoryview(out)[: cramjam.snappy.decompress_raw_into(raw, out)])
        out = bytearray(most + 1)
        into = cramjam.zstd.decompress_into if encoding == "zstd" else cramjam.snappy.decompress_into
        size = into(raw, out)
    except cramjam.DecompressionError as problem:
        if "whole buffer" in str(problem) and "write" in str(problem):
            raise TooLong from problem
        raise Broken(f"the body is not {encoding}: {problem}") from problem
    if size > most:
        raise TooLong
    return bytes(memoryview(out)[:size])
