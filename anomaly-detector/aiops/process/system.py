"""What operating systems do differently: locks, signals, groups of processes."""

import errno
import importlib
import os
import signal
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Final


def _module(name: str) -> ModuleType | None:
    """Import a module that not every system has."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_FCNTL: Final = _module("fcntl")
_MSVCRT: Final = _module("msvcrt")
_FAR: Final = 1 << 30
"""The byte that Windows locks: one that nobody reads, because a locked byte cannot be read by others."""

BINARY: Final = getattr(os, "O_BINARY", 0)
"""For `os.open`, where a system would change the ends of lines."""
OWN_GROUP: Final = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""`creationflags` of a process that Ctrl-C in the terminal does not reach, on Windows; elsewhere it needs a session or
group of its own."""
ENDS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
"""The signals that ask a process to end: Ctrl-C, `kill`, a closed terminal."""
AWAKE_SECONDS: Final = 1.0
"""How often the main thread wakes while it waits for a signal: on Windows a wait does not end by one."""


def hold(descriptor: int) -> None:
    """Lock an open file until it is closed, or the process ends in any way. Raises BlockingIOError where another
    process holds it, OSError where it cannot be locked."""
    if _FCNTL is not None:
        _FCNTL.flock(descriptor, _FCNTL.LOCK_EX | _FCNTL.LOCK_NB)
    elif _MSVCRT is not None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            _MSVCRT.locking(descriptor, _MSVCRT.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(errno.EWOULDBLOCK, str(error)) from None
    else:
        raise OSError(errno.ENOTSUP, "this system has no locks")


def used(path: Path) -> bool:
    """Whether another process holds the whole of an existing file, as databases do."""
    try:
        with path.open("rb+") as file:  # on Windows a file in use does not open
            if _FCNTL is not None:
                _FCNTL.lockf(file, _FCNTL.LOCK_EX | _FCNTL.LOCK_NB)
    except OSError:
        return True
    return False
