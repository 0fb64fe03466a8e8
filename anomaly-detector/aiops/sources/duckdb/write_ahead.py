"""DuckDB's write-ahead log: where the length of an entry is damaged, DuckDB takes the rest for incomplete and drops
it."""

import logging
import shutil
import struct
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

# The first entry (the version) begins with these bytes; 0xffff ends it. Each later one has a length and a checksum.
_BEGIN: Final = b"\x64\x00\x62"
_END: Final = b"\xff\xff"
_PREFIX: Final = struct.Struct("<2Q")


def keep_if_torn(database: Path, aside: Path) -> None:
    """Copy a log that does not end at the end of an entry: DuckDB opens with what it can read, and then overwrites the
    log.

    A process that was killed while it wrote leaves the same picture, but then nothing committed is lost.
    """
    path = database.with_name(f"{database.name}.wal")
    if not path.exists() or _whole(path.read_bytes()):
        return
    kept = aside.with_name(f"{aside.name}.wal")
    shutil.copy2(path, kept)
    log.error("%s is damaged: the last telemetry may be lost; a copy is kept as %s", path, kept)


def _whole(data: bytes) -> bool:
    if not data:
        return True
    at = data.find(_END) + len(_END)
    if not data.startswith(_BEGIN) or at < len(_END):
        return False
    while at + _PREFIX.size <= len(data):
        size, _ = _PREFIX.unpack_from(data, at)
        at += _PREFIX.size + size
    return at == len(data)
