"""waitress, with limits, so that slow, many or greedy clients do not harm the others.

It uses `poll` where there is one, because `select` ends at 1,024 descriptors. Beyond the limit of connections, the one
that has kept the server waiting for the longest is closed; likewise when unfinished bodies take too much memory.
Nothing is written to a disk.
"""

import contextlib
import logging
import select
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from aiops.http.serving.connection import Connection, Door
from aiops.http.serving.descriptors import open_files
from aiops.http.serving.tls import Certificates, TlsConnection, wrapped

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

log = logging.getLogger(__name__)

CONNECTIONS: Final = 1000
# Descriptors that a process needs in addition to its connections.
_OTHERS: Final = 512
# Connections where there is no `poll`, as on Windows: there `select` watches 512 sockets.
_SELECTED: Final = 500
# Memory for all bodies that are being read or wait for an answer, in bodies of the largest size.
_BODIES: Final = 2
# Connections that are accepted before the existing ones are served again.
_AT_ONCE: Final = 64
_HEADER_BYTES: Final = 32 << 10
STOP_SECONDS: Final = 5


class ConnectionMemory:
    """The bytes that all connections hold together, and how often one was closed in favour of others. Thread-safe."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._lock = threading.Lock()
        self.refused = 0
        self.accepted = 0
        self.connections: set[Connection] = set()
        self.dropped: list[socket.socket] = []

    def room(self, size: int, whose: Connection | None = None) -> bool:
        """Make room for a body of so many bytes, if necessary by closing other connections that began earlier. Returns
        whether there is room."""
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
        """Close the descriptors of dropped connections, once all polled events are handled."""
        while self.dropped:
            self.dropped.pop().close()

    def give_up(self, one: Connection) -> None:
        """Close one connection in favour of the others."""
        self.refused += 1
        one.drop()


class Listener(TcpWSGIServer):
    """The listener of one address."""

    channel_class = Connection

    def __init__(
        self, application: "WSGIApplication", door: Door, ledger: ConnectionMemory, capacity: "Capacity", **given: Any
    ) -> None:
        self.door = door
        self.ledger = ledger
        self.headers = capacity.headers
        self._most = _most_connections(capacity.connections)
        self._certificates = capacity.certificates
        if capacity.certificates is not None:
            self.channel_class = TlsConnection
        # A thread that has an answer wakes the loop through a pipe. Without the lock it could write into the pipe's
        # descriptor after this was closed, or after the descriptor was given to another file.
        self._waking = threading.Lock()
        self._closed = False
        super().__init__(application, **given)

    def pull_trigger(self) -> None:
        """Wake the loop, unless the listener is closed."""
        with self._waking:
            if not self._closed:
                super().pull_trigger()

    def close(self) -> None:
        """Close the listener and its wake-up pipe."""
        with self._waking:
            self._closed = True
            super().close()

    def accept(self) -> Any:
        """Accept one connection, with TLS where there is a certificate; None for none."""
        found = super().accept()
        if found is None or self._certificates is None:
            return found
        sock = wrapped(found[0], self._certificates)
        return None if sock is None else (sock, found[1])

    def handle_accept(self) -> None:
        """Accept waiting connections, and close others where there are too many."""
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
        """Close overdue connections."""
        for one in list(self.ledger.connections):
            if one.overdue(now):
                one.drop() if one.idle else self.ledger.give_up(one)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a server handles at once: requests (threads), connections, and bytes per read. headers: what it adds to
    answers that are not of the application. certificates: with them it speaks TLS."""

    threads: int = 8
    connections: int = CONNECTIONS
    recv_bytes: int = 64 << 10
    headers: Mapping[str, str] = field(default_factory=dict)
    certificates: Certificates | None = None


class HttpServer:
    """A server of an application `at` a host and port (0: any free port), or at a bound socket. Raises OSError.

    `run` answers in the calling thread until `close`.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        door: Door,
        at: tuple[str, int] | socket.socket,
        capacity: Capacity | None = None,
        ident: str = "",
    ) -> None:
        capacity = capacity or Capacity()
        sock = at if isinstance(at, socket.socket) else None
        where: dict[str, Any] = {"sockets": [at]} if isinstance(at, socket.socket) else {"host": at[0], "port": at[1]}
        adjustments = Adjustments(
            **where,
            threads=capacity.threads,
            ident=ident,
            url_scheme="http" if capacity.certificates is None else "https",
            asyncore_use_poll=True,
            cleanup_interval=1,
            # Our own limits apply before these; and a body stays in memory, because a disk may fill up.
            connection_limit=sys.maxsize,
            max_request_body_size=sys.maxsize,
            max_request_header_size=_HEADER_BYTES,
            inbuf_overflow=sys.maxsize,
            recv_bytes=capacity.recv_bytes,
            clear_untrusted_proxy_headers=True,
        )
        self._map: dict[int, Any] = {}
        self.ledger = ConnectionMemory(_BODIES * door.body_bytes)
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
                        capacity,
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
        self._dispatcher.set_thread_count(capacity.threads)

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self._listeners[0].getsockname()[1])

    @property
    def closing(self) -> bool:
        """Whether it was told to end."""
        return self._closing.is_set()

    def run(self) -> None:
        """Answer until closed. An error in the loop itself closes the connections, but not the server."""
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
        """Accept no more connections, and answer the requests in progress."""
        for one in self._listeners:
            one.accepting = False

    def close(self) -> None:
        """End `run`, and every thread."""
        self._closing.set()
        for one in self._listeners:
            one.pull_trigger()
        self._ended.wait(STOP_SECONDS)
        self._dispatcher.shutdown(timeout=STOP_SECONDS)
        for one in self._listeners:
            one.close()
        wasyncore.close_all(self._map, ignore_all=True)

    def _drop_all(self) -> None:
        for one in list(self.ledger.connections):
            with contextlib.suppress(Exception):
                one.drop()


def _most_connections(wanted: int) -> int:
    """Return how many connections the system lets this process have, up to so many."""
    if not hasattr(select, "poll"):
        return min(wanted, _SELECTED)
    files = open_files(wanted + _OTHERS)
    return wanted if files is None else min(wanted, files - _OTHERS)
