"""One connection: a body that the headers already rule out is not read, and slow clients are known."""

import contextlib
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask

if TYPE_CHECKING:
    from aiops.http.serving.server import Listener

BUSY: Final = "aiops.busy"
"""Key in the WSGI environment: the body was not read, because too much is being read already."""

# Limits for: a request from its first byte to its last; a connection without a request; a client that reads nothing.
REQUEST_SECONDS: Final = 60.0
IDLE_SECONDS: Final = 120.0
FIRST_SECONDS: Final = 30.0
STALL_SECONDS: Final = 30.0
# An unwanted body is thrown away for this long, so that the answer arrives before the connection is reset.
LINGER_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Door:
    """Which bodies are read. body_bytes: the largest body. wanted: whether a body is read, by method, path and headers
    (names in capitals with underscores); the application must refuse an unwanted body too."""

    body_bytes: int
    wanted: Callable[[str, str, Mapping[str, str]], bool]


class Parser(HTTPRequestParser):
    """Reads a request, without its body where that is not wanted."""

    def __init__(self, adj: Adjustments, connection: "Connection") -> None:
        super().__init__(adj)
        self._connection = connection
        self.busy = False

    @property
    def held(self) -> int:
        """Bytes kept of the request."""
        return len(self.header_plus) + (0 if self.body_rcv is None else len(self.body_rcv))

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers, and decide whether the body is read."""
        super().parse_header(header_plus)
        if self.body_rcv is None:
            return
        door = self._connection.listener.door
        method, path = str(self.command), str(getattr(self, "path", ""))
        if self.content_length > door.body_bytes or not door.wanted(method, path, self.headers):
            self._leave()
        elif not self._connection.listener.ledger.room(self.content_length, self._connection):
            self.busy = True
            self._leave()

    def received(self, data: bytes) -> int:
        """Read further bytes; a body that grows beyond the limit ends the request. Returns how many were consumed."""
        consumed = super().received(data)
        if self.held > self._connection.listener.door.body_bytes and self.body_rcv is not None:
            self._leave()
            headers: Any = self.headers
            headers["CONTENT_LENGTH"] = str(self._connection.listener.door.body_bytes + 1)
            self.completed = True
        return consumed

    def _leave(self) -> None:
        """Treat the request as complete, and read nothing after it."""
        if self.body_rcv is not None:
            self.body_rcv.getbuf().close()
        self.body_rcv, self.content_length, self.chunked, self.expect_continue = None, 0, False, False
        self.connection_close = True
        headers: Any = self.headers
        headers["CONNECTION"] = "close"
        self._connection.unread = True


class Task(WSGITask):
    """Answers a request; the application is told when the server had no room for the body."""

    def get_environment(self) -> Any:
        """Return the WSGI environment with BUSY."""
        environ = super().get_environment()
        environ[BUSY] = getattr(self.request, "busy", False)
        return environ


class RefusedTask(ErrorTask):
    """Answers what is no request of HTTP, or has too large a head."""

    def execute(self) -> None:
        """Answer, with the headers that every answer has."""
        connection: Any = self.channel
        self.response_headers = [*self.response_headers, *connection.listener.headers.items()]
        super().execute()


class Connection(HTTPChannel):
    """A connection that knows since when the server waits for it, and for what."""

    task_class = Task
    error_task_class = RefusedTask

    def __init__(self, server: "Listener", sock: socket.socket, addr: Any, adj: Adjustments, map: Any = None) -> None:
        self.listener = server
        self.served = False
        self.unread = False
        self.began: float | None = None
        self._lingers_until = 0.0
        self.held = 0
        super().__init__(server, sock, addr, adj, map)

    def add_channel(self, map: Any = None) -> None:
        """Register the connection with the server."""
        super().add_channel(map)
        self.listener.ledger.connections.add(self)
        self.listener.ledger.accepted += 1

    def del_channel(self, map: Any = None) -> None:
        """Remove the connection from the server."""
        super().del_channel(map)
        self.listener.ledger.connections.discard(self)

    def parser_class(self, adj: Adjustments) -> Parser:  # type: ignore[override]
        """Create the parser of the next request."""
        return Parser(adj, self)

    def received(self, data: bytes) -> bool:
        """Read further bytes; note how much is kept, and since when the request is incomplete."""
        taken = super().received(data)
        self.note()
        self.listener.ledger.room(0)  # bodies of unknown length grow
        return taken

    def service(self) -> None:
        """Answer one request, in a thread of the server."""
        super().service()
        self.served = True
        self.note()

    def note(self) -> None:
        """Tell the ledger how many bytes of unanswered requests are kept."""
        with self.requests_lock:  # type: ignore[attr-defined]
            kept = [*self.requests, *([] if self.request is None else [self.request])]
            held = sum(one.held for one in kept if isinstance(one, Parser))
            if self.request is None:
                self.began = None
            elif self.began is None:
                self.began = time.time()
        self.listener.ledger.held(self, held if self.connected else 0)

    def overdue(self, now: float) -> bool:
        """Whether the connection has exceeded a time limit."""
        if self._lingers_until:
            return now > self._lingers_until
        if self.total_outbufs_len:
            return now - self.last_activity > STALL_SECONDS
        if self.requests:
            return False
        if self.began is not None:
            return now - self.began > REQUEST_SECONDS
        return now - self.last_activity > (IDLE_SECONDS if self.served else FIRST_SECONDS)

    @property
    def idle(self) -> bool:
        """Whether no request is unanswered."""
        return self.may_go and self.began is None

    @property
    def may_go(self) -> bool:
        """Whether the connection can be closed in favour of another: none of its requests is being answered."""
        return not self.requests and not self.total_outbufs_len

    @property
    def patience(self) -> tuple[bool, float]:
        """Sort key for closing connections: those that never sent a request go first, then those that have waited for
        the longest."""
        return self.served, self.last_activity if self.began is None else self.began

    def drop(self) -> None:
        """Close at once. The number of the descriptor stays taken until the ledger releases it: some of the polled
        events may belong to it, and would be mistaken for events of a new connection with the same number."""
        self._lingers_until = 1.0
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.listener.ledger.dropped.append(self.socket)
            self.socket = None
        self.handle_close()

    def readable(self) -> bool:
        """Whether to poll for bytes to read."""
        return bool(self._lingers_until) or super().readable()

    def writable(self) -> bool:
        """Whether to poll for room to write."""
        return not self._lingers_until and bool(super().writable())

    def handle_read(self) -> None:
        """Read bytes; throw them away after an unwanted body."""
        if not self._lingers_until:
            super().handle_read()
            return
        try:
            if not self.recv(self.adj.recv_bytes):
                self.handle_close()
        except OSError:
            self.handle_close()

    def handle_close(self) -> None:
        """Close; where a body was left unread, close only for writing first."""
        if self.unread and self.connected and not self._lingers_until:
            self._lingers_until = time.time() + LINGER_SECONDS
            self.will_close = self.close_when_flushed = False
            try:
                self.socket.shutdown(socket.SHUT_WR)  # type: ignore[union-attr]
            except OSError:
                pass
            else:
                return
        super().handle_close()
        if self.request is not None:
            self.request.close()
            self.request = None
        self.listener.ledger.held(self, 0)
