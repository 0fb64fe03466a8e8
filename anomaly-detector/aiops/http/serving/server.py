"""waitress, with limits: clients who are slow, many or greedy take nothing from the others.

It polls, for `select` ends at 1,024 descriptors. Beyond the most connections that there may be, the one that has kept
us waiting the longest goes, and likewise when unfinished bodies take too much memory. Nothing is written to a disk.
"""

import contextlib
import logging
import resource
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from aiops.http.serving.connection import Connection, Door

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

log = logging.getLogger(__name__)

CONNECTIONS: Final = 1000
# Descriptors that a process needs beside its connections.
_OTHERS: Final = 512
# Of all bodies that are being read or wait to be answered, in bodies of the largest size.
_BODIES: Final = 2
# Connections that are taken in before those that are there are looked at again.
_AT_ONCE: Final = 64
_HEADER_BYTES: Final = 32 << 10
STOP_SECONDS: Final = 5


class Ledger:
    """What all connections together hold, and how often one had to go for another. Thread-safe."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._lock = threading.Lock()
        self.refused = 0
        self.accepted = 0
        self.connections: set[Connection] = set()
        self.dropped: list[socket.socket] = []

    def room(self, size: int, whose: Connection | None = None) -> bool:
        """Make room for somebody's body of so many bytes, if need be by giving up others that began first."""
        while self._held and self._held + size > self._most:
            unfinished = [
                one
                for one in self.connections
                if one is not whose and one.held and one.may_go and one.began is not None
            ]
            if not unfinished:
                return False
            self.give_up(min(unfinished, key=lambda one: one.began or 0.0))
        return True

    def held(self, by: Connection, size: int) -> None:
        """Note how many bytes a connection keeps."""
        with self._lock:
            self._held += size - by.held
            by.held = size

    def let_go(self) -> None:
        """Close the descriptors of those that were dropped, when all events that were polled are handled."""
        while self.dropped:
            self.dropped.pop().close()

    def give_up(self, one: Connection) -> None:
        """Close one for the sake of the others."""
        self.refused += 1
        one.drop()


class Listener(TcpWSGIServer):
    """One address."""

    channel_class = Connection

    def __init__(self, application: "WSGIApplication", door: Door, ledger: Ledger, most: int, **given: Any) -> None:
        self.door = door
        self.ledger = ledger
        self._most = most
        super().__init__(application, **given)

    def handle_accept(self) -> None:
        """Take in who waits, and give others up where there are too many."""
        for _ in range(_AT_ONCE):
            before = self.ledger.accepted
            super().handle_accept()
            if self.ledger.accepted == before:
                break
        over = len(self.ledger.connections) - self._most
        if over > 0:
            waiting = sorted((one for one in self.ledger.connections if one.may_go), key=lambda one: one.patience)
            for one in waiting[:over]:
                self.ledger.give_up(one)

    def maintenance(self, now: int) -> None:
        """Close what is overdue."""
        for one in list(self.ledger.connections):
            if one.overdue(now):
                one.drop() if one.idle else self.ledger.give_up(one)


class HttpServer:
    """An application that answers at a host and port (0: any), or at a socket that is bound. Raises OSError.

    `run` answers until `close`, in the thread that calls it.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        door: Door,
        host: str = "",
        port: int = 0,
        sock: socket.socket | None = None,
        threads: int = 8,
        ident: str = "",
        connections: int = CONNECTIONS,
        recv_bytes: int = 64 << 10,
    ) -> None:
        most = min(connections, _descriptors(connections + _OTHERS) - _OTHERS)
        where: dict[str, Any] = {"host": host, "port": port} if sock is None else {"sockets": [sock]}
        adjustments = Adjustments(
            **where,
            threads=threads,
            ident=ident,
            asyncore_use_poll=True,
            cleanup_interval=1,
            # Our own limits stand before these; and a body stays in memory, for a disk may fill up.
            connection_limit=sys.maxsize,
            max_request_body_size=sys.maxsize,
            max_request_header_size=_HEADER_BYTES,
            inbuf_overflow=sys.maxsize,
            recv_bytes=recv_bytes,
            clear_untrusted_proxy_headers=True,
        )
        self._map: dict[int, Any] = {}
        self.ledger = Ledger(_BODIES * door.body_bytes)
        self._dispatcher = ThreadedTaskDispatcher()
        self._closing = threading.Event()
        self._ended = threading.Event()
        self._ended.set()
        self._listeners: list[Listener] = []
        bound = [(one.family, one.type, one.proto, one.getsockname()) for one in adjustments.sockets]
        try:
            for place in bound or adjustments.listen:
                self._listeners.append(
                    Listener(
                        application,
                        door,
                        self.ledger,
                        most,
                        map=self._map,
                        _sock=sock,
                        dispatcher=self._dispatcher,
                        adj=adjustments,
                        sockinfo=place,
                        bind_socket=sock is None,
                    )
                )
        except OSError:
            wasyncore.close_all(self._map, ignore_all=True)
            raise
        self._dispatcher.set_thread_count(threads)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listeners[0].getsockname()[1])

    @property
    def closing(self) -> bool:
        """Whether it was told to end."""
        return self._closing.is_set()

    def run(self) -> None:
        """Answer until closed. What goes wrong in the loop itself costs the connections, not the server."""
        self._ended.clear()
        try:
            while not self._closing.is_set():
                try:
                    wasyncore.loop(timeout=1.0, use_poll=True, map=self._map, count=1)
                except Exception:
                    log.exception("the HTTP server stumbled; it drops its connections and goes on")
                    self._drop_all()
                self.ledger.let_go()
        finally:
            self.ledger.let_go()
            self._ended.set()

    def refuse(self) -> None:
        """Take no connection any more, and answer what is under way."""
        for one in self._listeners:
            one.accepting = False

    def close(self) -> None:
        """End `run`, and every thread."""
        self._closing.set()
        for one in self._listeners:
            one.pull_trigger()
        self._ended.wait(STOP_SECONDS)
        self._dispatcher.shutdown(timeout=STOP_SECONDS)
        wasyncore.close_all(self._map, ignore_all=True)

    def _drop_all(self) -> None:
        for one in list(self.ledger.connections):
            with contextlib.suppress(Exception):
                one.drop()


def _descriptors(wanted: int) -> int:
    """Raise how many files this process may open, as far as it may; returns how many it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return wanted if soft == resource.RLIM_INFINITY else soft
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):
        return soft
    return most
