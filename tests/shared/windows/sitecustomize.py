"""Python without what Windows lacks, in every process that has this folder on its PYTHONPATH.

Missing: modules that only POSIX has, some functions, signals and options of sockets. Added: `msvcrt.locking`, which
locks bytes as Windows does, and `socketpair` over loopback. What libraries need only because they know that this is no
Windows is imported before.
"""

import contextlib
import importlib
import multiprocessing.connection
import multiprocessing.popen_spawn_posix
import multiprocessing.util
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import types
from importlib.abc import MetaPathFinder

MODULES = {"fcntl", "grp", "pwd", "resource", "syslog", "termios", "tty"}
ABSENT: dict[object, tuple[str, ...]] = {
    os: ("O_DIRECTORY", "fork", "forkpty", "geteuid", "getuid", "pread", "pwrite", "killpg", "setsid"),
    select: ("poll", "epoll"),
    signal: ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "pthread_kill"),
    socket: ("SO_REUSEPORT", "AF_UNIX"),
}
BEFORE = (multiprocessing.connection, multiprocessing.popen_spawn_posix, multiprocessing.util, random, tempfile)
with contextlib.suppress(ImportError):
    importlib.import_module("click._termui_impl")


class Absent(MetaPathFinder):
    """Finds nothing where Windows has nothing."""

    def find_spec(self, name: str, *_: object) -> None:
        """Raise ImportError for a module that Windows lacks."""
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


msvcrt = types.ModuleType("msvcrt")
msvcrt.LK_NBLCK = 2  # type: ignore[attr-defined]
_lockf = os.lockf


def _lock(descriptor: int, mode: int, size: int) -> None:
    """Lock bytes from the present place on. Raises PermissionError where another process has them."""
    assert mode == 2
    try:
        _lockf(descriptor, os.F_TLOCK, size)
    except BlockingIOError as error:
        raise PermissionError(13, "Permission denied") from error


def _pair(*_: object) -> tuple[socket.socket, socket.socket]:
    """Return two sockets that are connected over loopback, as `socket.socketpair` does on Windows."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        return one, server.accept()[0]


socket.socketpair = _pair  # type: ignore[assignment]
msvcrt.locking = _lock  # type: ignore[attr-defined]
assert not subprocess._mswindows  # type: ignore[attr-defined]  # it goes by msvcrt, when it is imported
for name in MODULES:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Absent())
sys.modules["msvcrt"] = msvcrt
for place, names in ABSENT.items():
    for name in names:
        if hasattr(place, name):
            delattr(place, name)
