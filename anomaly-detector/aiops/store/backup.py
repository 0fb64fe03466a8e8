"""Everything that an engine cannot learn again, in one file: taken while the engine runs, restored as a whole or not at
all.

The file is a tar archive: a list of its contents with sizes and checksums, then the files. Learned state and the counts
of objectives are copied before the incidents, so that they are never ahead of them: together they are what a crash
between two saves would have left, and an engine can continue from it. Telemetry is not included.

This module needs little memory and none of the engine's modules, because it runs beside the engine in its container.
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from aiops import __version__
from aiops.model.errors import InvalidInput

INCIDENTS: Final = "incidents.sqlite"
LEARNED: Final = ("learned.npz", "objectives.npz")
FORMAT: Final = 1
_LIST: Final = "aiops-backup.json"
_LIST_BYTES: Final = 65_536
_PIECE: Final = 1 << 20


class BackupError(InvalidInput):
    """A backup or restore failed and nothing was written; the message says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of a backup. `at`: when it was taken, Unix seconds. `store`: the version of the incident store.
    `sizes`: bytes by name."""

    at: float
    made_by: str
    store: str
    sizes: Mapping[str, int]


def take_backup(folder: Path, to: IO[bytes]) -> Contents:
    """Copy the contents of a data folder, whether an engine runs on it or not. Raises BackupError or OSError."""
    if not (folder / INCIDENTS).is_file():
        raise BackupError(f"there is no {folder / INCIDENTS}: is it the data folder of an engine?")
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=folder) as text:
        copies = Path(text)
        for name in LEARNED:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, copies / name)
        try:
            store = _copy_incidents(folder / INCIDENTS, copies / INCIDENTS)
        except sqlite3.Error as error:
            raise BackupError(f"{folder / INCIDENTS} cannot be copied: {error}") from None
        files = [copies / name for name in (INCIDENTS, *LEARNED) if (copies / name).exists()]
        for file in files:
            _sound(file, str(folder / file.name))
        contents = Contents(time.time(), __version__, store, {one.name: one.stat().st_size for one in files})
        said = {
            "format": FORMAT,
            "at": contents.at,
            "made_by": contents.made_by,
            "store": store,
            "files": {one.name: {"bytes": contents.sizes[one.name], "sha256": _checksum(one)} for one in files},
        }
        with tarfile.open(fileobj=to, mode="w|") as archive:
            _add(archive, _LIST, io.BytesIO(json.dumps(said, indent=1).encode()))
            for file in files:
                with file.open("rb") as opened:
                    _add(archive, file.name, opened)
    return contents


def check_backup(source: IO[bytes]) -> Contents:
    """Read a whole backup and check it, without writing anything permanent. Raises BackupError or OSError."""
    with tempfile.TemporaryDirectory(prefix="aiops-backup-") as folder:
        return _unpack(source, Path(folder))


def put_back(source: IO[bytes], folder: Path, replace: bool = False) -> Contents:
    """Restore a data folder, all or nothing. Existing files are refused, or kept beside it with `replace`.

    Raises BackupError or OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = (*LEARNED, INCIDENTS, f"{INCIDENTS}-wal", f"{INCIDENTS}-shm")
    there = [folder / name for name in parts if (folder / name).exists()]
    if there and not replace:
        raise BackupError(f"{there[-1]} is there already: give an empty folder, or --replace to keep it beside")
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=folder) as text:
        contents = _unpack(source, Path(text))
        with _unused(folder / INCIDENTS):
            stamp = f"before-restore-{int(time.time())}"
            for old in there:  # learned state is moved first and restored last: if it is missing, it is learned again
                if old.exists():
                    old.rename(old.with_name(f"{old.name}.{stamp}"))
            for name in contents.sizes:
                (Path(text) / name).rename(folder / name)
            _sync(folder)
    return contents


def _copy_incidents(source: Path, target: Path) -> str:
    """Copy to one file as SQLite does while another process writes; return the version of the tables. Raises
    sqlite3.Error."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("pragma journal_mode = delete")
        (store,) = copy.execute("select version_num from alembic_version").fetchone()
    return str(store)


def _unpack(source: IO[bytes], folder: Path) -> Contents:
    """Write the files of a backup into an empty folder, each one checked. Raises BackupError."""
    name = str(getattr(source, "name", "the backup")).replace("<stdin>", "standard input")
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            said = _listed(archive.next(), archive)
            if said is None:
                raise BackupError(f"{name} is no backup of aiops")
            if said["format"] != FORMAT or not _known(said["store"]):
                raise BackupError(f"{name} is of another release (aiops {said['made_by']}): use that, or a newer one")
            if list(said["files"])[:1] != [INCIDENTS] or not {*said["files"]} <= {INCIDENTS, *LEARNED}:
                raise BackupError(f"{name} is no backup of aiops: its list is not one")
            for part, wanted in said["files"].items():
                _write(archive, part, wanted, folder / part)
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{name} is damaged, or no backup of aiops: {error}") from None
    for part in said["files"]:
        _sound(folder / part, f"{part} in {name}")
    sizes = {part: int(wanted["bytes"]) for part, wanted in said["files"].items()}
    return Contents(float(said["at"]), str(said["made_by"]), str(said["store"]), sizes)


def _listed(first: tarfile.TarInfo | None, archive: tarfile.TarFile) -> dict[str, Any] | None:
    if first is None or first.name != _LIST or not first.isreg() or first.size > _LIST_BYTES:
        return None
    opened = archive.extractfile(first)
    found = json.loads(opened.read()) if opened else None
    return found if isinstance(found, dict) else None


def _write(archive: tarfile.TarFile, part: str, wanted: Mapping[str, Any], target: Path) -> None:
    """Write one part. Raises ValueError where it does not match the list."""
    member = archive.next()
    if member is None or member.name != part or not member.isreg():
        raise ValueError(f"{part} is missing")
    opened = archive.extractfile(member)
    assert opened is not None
    with target.open("wb") as file:
        shutil.copyfileobj(opened, file, _PIECE)
        file.flush()
        os.fsync(file.fileno())
    if target.stat().st_size != wanted["bytes"] or _checksum(target) != wanted["sha256"]:
        raise ValueError(f"{part} is not as it was written")


def _known(store: str) -> bool:
    """Whether this program can read a store of that version, or upgrade it."""
    from aiops.store.tables import HEAD  # imports modules of the engine

    return store <= HEAD


def _sound(file: Path, called: str) -> None:
    """Raise BackupError where a file cannot be one that an engine wrote."""
    try:
        if file.name == INCIDENTS:
            with closing(sqlite3.connect(file)) as opened:
                verdict = str(opened.execute("pragma quick_check").fetchone()[0])
                opened.execute("select version_num from alembic_version")
        else:
            with zipfile.ZipFile(file) as arrays:
                bad = arrays.testzip()
                verdict = "ok" if bad is None else bad
    except (sqlite3.Error, zipfile.BadZipFile, EOFError) as error:
        verdict = str(error)
    if verdict != "ok":
        raise BackupError(f"{called} is damaged: {verdict}")


@contextmanager
def _unused(file: Path) -> Iterator[None]:
    """Hold a store that no engine has open, with its write-ahead log merged into it; a damaged store is in use by
    nobody.

    Raises BackupError where an engine runs on it.
    """
    if not file.exists():
        yield
        return
    with closing(sqlite3.connect(file, timeout=0)) as opened:
        try:
            opened.execute("pragma journal_mode = delete")  # possible only if no other process has it open
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise BackupError(f"an engine runs on {file.parent}: stop it first") from None
        yield


def _add(archive: tarfile.TarFile, name: str, opened: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = opened.seek(0, os.SEEK_END), 0o600, int(time.time())
    opened.seek(0)
    archive.addfile(member, opened)


def _checksum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    """Make renames in a folder permanent, where a system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
