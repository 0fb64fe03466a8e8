"""The data folder: accessible by its owner only, and used by one engine at a time."""

import json
import logging
import os
import socket
import stat
import time
from pathlib import Path
from typing import Final

from aiops.model import iso
from aiops.model.errors import StartError
from aiops.process import system

log = logging.getLogger(__name__)

LOCK: Final = "engine.lock"
OURS: Final = ("incidents.", "telemetry.", "learned.", "objectives.", LOCK)
"""Prefixes of the names of files that an engine creates."""
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
"""Permissions that only the owner may have."""


class FolderError(StartError):
    """The folder cannot be used; the message says why and what to do."""


class DataFolder:
    """A folder that this process holds until `release`, or until it ends in any way: the operating system keeps the
    lock.

    Everything that the process writes from then on, anywhere, is readable by its user only.
    """

    def __init__(self, path: Path) -> None:
        """Create the folder, remove the permissions of other users and lock it. Raises FolderError."""
        os.umask(OTHERS)
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | system.BINARY, 0o600)
        except OSError as error:
            raise FolderError(f"the data folder {path} cannot be made: {error.strerror}; set data_dir") from None
        try:
            self._take(path)
        except FolderError:
            os.close(self._lock)
            raise
        _tighten(path)

    def release(self) -> None:
        """Release the lock."""
        os.close(self._lock)

    def _take(self, path: Path) -> None:
        try:
            system.hold(self._lock)
        except BlockingIOError:
            raise FolderError(
                f"another engine runs on {path}{self._holder()}: stop it, or set data_dir to another folder"
            ) from None
        except OSError as error:
            log.warning("%s cannot be locked (%s): see that one engine alone uses it", path, error.strerror)
        said = {"pid": os.getpid(), "host": socket.gethostname(), "since": iso(time.time())}
        os.ftruncate(self._lock, 0)
        os.lseek(self._lock, 0, os.SEEK_SET)
        os.write(self._lock, json.dumps(said).encode())

    def _holder(self) -> str:
        try:
            os.lseek(self._lock, 0, os.SEEK_SET)
            said = json.loads(os.read(self._lock, 1024))
            return f" (pid {said['pid']} on {said['host']}, since {said['since']})"
        except (ValueError, KeyError, TypeError):  # the file is being written at this moment
            return ""


def _tighten(path: Path) -> None:
    """Remove the permissions of other users for the folder and for an engine's files in it; where a system has other
    permissions, the folder of a user is its user's already."""
    if not hasattr(os, "geteuid"):
        return
    files = [one for one in sorted(path.iterdir()) if one.name.startswith(OURS)]
    for one in (path, *files):
        try:
            now = one.lstat()
            mode = stat.S_IMODE(now.st_mode)
            # A folder of another owner (the root of a volume) and a shared one (such as /tmp) are left as they are.
            if stat.S_ISLNK(now.st_mode) or not mode & OTHERS or now.st_uid != os.geteuid() or mode & stat.S_ISVTX:
                continue
            one.chmod(mode & ~OTHERS)
        except OSError as error:
            log.warning("%s is open to other users of this machine: %s", one, error.strerror)
        else:
            log.warning("%s was open to other users of this machine; now it is its owner's alone", one)
