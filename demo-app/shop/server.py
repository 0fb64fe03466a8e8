"""One service as a process: its socket, its loop, and the faults that happen to the process itself."""

import errno
import logging
import os
import signal
import socket
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING

from shop.board import Board
from shop.flags import POLL_SECONDS, Flags
from shop.kinds import GONE, REFUSED
from shop.parent import Parent
from shop.profile import THREADS
from shop.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

SETTLE_SECONDS = 0.1  # so that the call which orders a fault of the process still gets its answer


class PortInUse(Exception):
    """Somebody else listens where the service should; the message says what to do."""


def serve(settings: Settings) -> None:
    """Run a service until SIGTERM or SIGINT. Raises `PortInUse`."""
    parent = Parent(settings.parent_pid)
    flags = Flags(settings.run_dir) if settings.run_dir is not None and settings.faults else None
    while flags is not None and flags.stands(settings.service, GONE.name, time.time()):
        parent.check()
        time.sleep(POLL_SECONDS)
    listener = _listen(settings)

    from shop.app import build
    from shop.telemetry import Telemetry

    telemetry = Telemetry(settings)
    board = Board(flags)
    try:
        Server(settings, board, build(settings, board), parent, listener).run()
    finally:
        telemetry.shutdown()


class Server:
    """waitress, with a port that can be closed and opened while the process lives.

    Everything that touches sockets happens in the thread of `run`.
    """

    def __init__(
        self, settings: Settings, board: Board, app: "WSGIApplication", parent: Parent, listener: socket.socket
    ) -> None:
        self._settings = settings
        self._board = board
        self._app = app
        self._parent = parent
        self._stopping = False
        self._open(listener)
        logging.getLogger("waitress").setLevel(logging.ERROR)

    def run(self) -> None:
        """Serve until a signal says stop."""
        from waitress import wasyncore

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        looked = 0.0
        while not self._stopping:
            if self._map:
                wasyncore.loop(POLL_SECONDS, use_poll=True, map=self._map, count=1)
            else:
                time.sleep(POLL_SECONDS)
            if time.monotonic() - looked >= POLL_SECONDS:
                looked = time.monotonic()
                self._parent.check()
                self._suffer()
        self._close()

    def _suffer(self) -> None:
        """Obey the faults of the process that are in force."""
        settled = time.time() - SETTLE_SECONDS
        active = self._board.active(self._settings.service)
        kinds = {entry.fault.kind for entry in active if entry.since <= settled}
        if GONE.name in kinds:
            os._exit(1)
        if REFUSED.name in kinds and self._map:
            self._close()
        elif REFUSED.name not in kinds and not self._map:
            try:
                self._open(_listen(self._settings))
            except PortInUse as error:
                sys.stderr.write(f"{error}\n")
                time.sleep(1.0)

    def _open(self, listener: socket.socket) -> None:
        from waitress.server import create_server

        self._map: dict[int, socket.socket] = {}
        self._server = create_server(
            self._app, map=self._map, sockets=[listener], threads=THREADS, clear_untrusted_proxy_headers=True
        )

    def _close(self) -> None:
        """Close the port and every connection; requests in hand lose their client."""
        from waitress import wasyncore

        self._server.task_dispatcher.set_thread_count(0)
        wasyncore.close_all(self._map, ignore_all=True)
        self._map.clear()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortInUse(
            f"shop: {settings.service} cannot listen on {settings.host}:{settings.port}: the port is in use; "
            "stop what listens there, or move the whole shop with --port-offset"
        ) from None
