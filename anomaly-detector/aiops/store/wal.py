"""SQLite's write-ahead log, checked by its file format: SQLite silently drops what it cannot read of it."""

import struct
from typing import Final

_HEADER: Final = struct.Struct(">8I")  # magic, version, page size, checkpoint, two salts, two sums
_FRAME: Final = struct.Struct(">6I")  # page, size after commit, two salts, two sums
_LITTLE, _BIG = 0x377F0682, 0x377F0683
_WORD: Final = 1 << 32


def damaged(log: bytes) -> bool:
    """Whether frames of the present generation of the log cannot be read. Remains of an older generation behind them
    are no damage.

    A process that was killed while it wrote a frame leaves the same picture, but then nothing committed is lost.
    """
    if len(log) < _HEADER.size:
        return bool(log)
    magic, _, page, _, *salts_and_sums = _HEADER.unpack_from(log)
    salts, sums = salts_and_sums[:2], tuple(salts_and_sums[2:])
    if magic not in (_LITTLE, _BIG) or _sum(log[:24], magic, (0, 0)) != sums:
        return True
    ended = False
    for at in range(_HEADER.size, len(log), _FRAME.size + page):
        frame = log[at : at + _FRAME.size + page]
        if len(frame) < _FRAME.size + page:
            return not ended
        _, _, *mine, one, two = _FRAME.unpack_from(frame)
        if mine != salts:
            ended = True
            continue
        sums = _sum(frame[:8] + frame[_FRAME.size :], magic, sums)
        if ended or sums != (one, two):
            return True
    return False


def _sum(data: bytes, magic: int, before: tuple[int, ...]) -> tuple[int, ...]:
    one, two = before
    order = "<" if magic == _LITTLE else ">"
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) % _WORD
        two = (two + odd + one) % _WORD
    return one, two
