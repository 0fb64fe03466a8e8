"""The waitress listener of a service, which can be closed while requests are still being answered."""

import socket
import threading
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


class Listener(TcpWSGIServer):
    """Answers requests that arrive at a bound socket, in `threads` threads.

    `sockets` holds everything open by its descriptor: the listener, its connections and its wake-up pipe. It is empty
    after `close_all`.
    """

    def __init__(self, application: "WSGIApplication", bound: socket.socket, threads: int) -> None:
        self.sockets: dict[int, Any] = {}
        # A thread that has an answer wakes the loop through a pipe. Without the lock it could write into the pipe's
        # descriptor after this was closed, or after the descriptor was given to another file.
        self._waking = threading.Lock()
        super().__init__(
            application,
            map=self.sockets,
            _sock=bound,
            bind_socket=False,
            sockinfo=(bound.family, bound.type, bound.proto, bound.getsockname()),
            adj=Adjustments(sockets=[bound], threads=threads, clear_untrusted_proxy_headers=True),
        )

    def pull_trigger(self) -> None:
        """Wake the loop, unless everything is closed."""
        with self._waking:
            if self.sockets:
                super().pull_trigger()

    def close_all(self) -> None:
        """Close the port and every connection; requests in hand lose their client."""
        self.task_dispatcher.set_thread_count(0)
        with self._waking:
            wasyncore.close_all(self.sockets, ignore_all=True)
            self.sockets.clear()
