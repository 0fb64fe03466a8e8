"""The connection between an engine and its receiver process.

Where a child may inherit a descriptor, it gets one end of a pair of sockets. On Windows it may not: there it connects
to a port of loopback, and shows that it is the child by a secret that it read from its standard input.
"""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Final

from aiops.process.system import OWN_GROUP

INHERITS: Final = hasattr(os, "fork")
SECRET_BYTES: Final = 32
CONNECT_SECONDS: Final = 30.0


def launch(command: Sequence[str], env: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], Connection]:
    """Start a process, which calls `join` with its last argument. Raises OSError where it does not."""
    return _by_descriptor(command, env) if INHERITS else _by_address(command, env)


def join(given: str) -> Connection:
    """Return the end of the process that was launched. Raises OSError."""
    if ":" not in given:
        return Connection(int(given))
    host, _, port = given.rpartition(":")
    joined = socket.create_connection((host, int(port)), CONNECT_SECONDS)
    joined.sendall(sys.stdin.buffer.read(SECRET_BYTES))
    return _connection(joined)


def _by_descriptor(command: Sequence[str], env: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], Connection]:
    ours, theirs = socket.socketpair()
    with theirs:
        # A process group of its own: Ctrl-C in the terminal is the parent's to handle.
        process = subprocess.Popen(
            [*command, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            process_group=0,
            env=env,
        )
    return process, Connection(ours.detach())


def _by_address(command: Sequence[str], env: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], Connection]:
    secret = secrets.token_bytes(SECRET_BYTES)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(CONNECT_SECONDS)
        host, port = server.getsockname()
        process = subprocess.Popen(
            [*command, f"{host}:{port}"], stdin=subprocess.PIPE, creationflags=OWN_GROUP, env=env
        )
        try:
            assert process.stdin is not None
            with process.stdin as into:
                into.write(secret)
            while True:
                joined, _ = server.accept()
                joined.settimeout(CONNECT_SECONDS)
                if secrets.compare_digest(_read(joined), secret):
                    return process, _connection(joined)
                joined.close()
        except OSError:
            process.kill()
            process.wait()
            raise


def _read(joined: socket.socket) -> bytes:
    """The first bytes that somebody sent; fewer where nothing more came."""
    said = b""
    try:
        while len(said) < SECRET_BYTES and (more := joined.recv(SECRET_BYTES - len(said))):
            said += more
    except OSError:
        pass
    return said


def _connection(joined: socket.socket) -> Connection:
    joined.settimeout(None)
    joined.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(joined.detach())
