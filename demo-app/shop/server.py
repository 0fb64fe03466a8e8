"""One service as a process: its socket, its loop, and the faults that happen to the process itself."""

import errno
import logging
import os
import select
import signal
import socket
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING

from shop.board import Board
from shop.flags import POLL_SECONDS, Flags
from shop.kinds import GONE, REFUSED
from shop.parent import tie
from shop.profile import CLIENT_TIMEOUT_SECONDS, THREADS
from shop.settings import Settings
from shop.topology import SHARES_PORTS

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


SETTLE_SECONDS = 0.1  # so that the call which orders a fault of the process still gets its answer


class PortInUse(Exception):
    """Somebody else listens where the service should; the message says what to do."""


def serve(settings: Settings) -> None:
    """Run a service until SIGTERM or SIGINT, or until it has left after SIGUSR1. Raises `PortInUse`."""
    if settings.tied:
        tie()
    flags = Flags.of(settings)
    while flags is not None and flags.stands(settings.service, GONE.name, time.time()):
        time.sleep(POLL_SECONDS)
    listener = _listen(settings, settings.beside)

    from shop.app import build
    from shop.telemetry import Telemetry

    telemetry = Telemetry(settings)
    board = Board(settings.service, flags)
    try:
        Server(settings, board, build(settings, board), listener).run()
    finally:
        telemetry.shutdown()


class Server:
    """waitress, with a port that can be closed and opened while the process lives.

    Everything that touches sockets happens in the thread of `run`.
    """

    def __init__(self, settings: Settings, board: Board, app: "WSGIApplication", listener: socket.socket) -> None:
        self._settings = settings
        self._board = board
        self._app = app
        self._stopping = self._leaving = False
        self._open(listener)
        logging.getLogger("waitress").setLevel(logging.ERROR)

    def run(self) -> None:
        """Serve until a signal says stop."""
        from waitress import wasyncore

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        if hasattr(signal, "SIGUSR1"):
            signal.signal(signal.SIGUSR1, self._leave)
        looked = 0.0
        while not (self._stopping or self._leaving):
            if self._server.sockets:
                wasyncore.loop(POLL_SECONDS, use_poll=True, map=self._server.sockets, count=1)
            else:
                time.sleep(POLL_SECONDS)
            if time.monotonic() - looked >= POLL_SECONDS:
                looked = time.monotonic()
                self._suffer()
        if self._leaving:
            self._finish()
        self._server.close_all()

    def _suffer(self) -> None:
        """Obey the faults of the process that are in force."""
        settled = time.time() - SETTLE_SECONDS
        active = self._board.active()
        kinds = {entry.fault.kind for entry in active if entry.since <= settled}
        if GONE.name in kinds:
            os._exit(1)
        if REFUSED.name in kinds and self._server.sockets:
            self._server.close_all()
        elif REFUSED.name not in kinds and not self._server.sockets:
            try:
                self._open(_listen(self._settings, beside=True))
            except PortInUse as error:
                sys.stderr.write(f"{error}\n")
                time.sleep(1.0)

    def _open(self, listener: socket.socket) -> None:
        from shop.listener import Listener

        self._listener = listener
        self._server = Listener(self._app, listener, THREADS)

    def _finish(self) -> None:
        """Answer every request that has come, and take no more; nobody waits longer than a caller would."""
        from waitress import wasyncore

        if not self._server.sockets:
            return
        while select.select([self._listener], [], [], 0)[0]:
            self._server.handle_accept()
        wasyncore.dispatcher.close(self._server)
        over = time.monotonic() + CLIENT_TIMEOUT_SECONDS
        while self._server.active_channels and not self._stopping and time.monotonic() < over:
            wasyncore.loop(POLL_SECONDS, use_poll=True, map=self._server.sockets, count=1)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _leave(self, _number: int, _frame: FrameType | None) -> None:
        self._leaving = True


def _listen(settings: Settings, beside: bool) -> socket.socket:
    """Take the service's port: alone, or `beside` other processes of the service.

    Whoever comes alone finds the port free and then opens it to others; whoever comes beside them listens only when
    it can answer, for the kernel sends it a share of the connections from then on. Windows has no such shares, and
    there a port must be taken exclusively, or others can take it as well.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        listener.setsockopt(socket.SOL_SOCKET, exclusive, 1)
        if beside and SHARES_PORTS:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((settings.host, settings.port))
        if not beside:
            if SHARES_PORTS:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.listen()
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE and (SHARES_PORTS or error.errno != errno.EACCES):
            raise
        raise PortInUse(
            f"shop: {settings.service} cannot listen on {settings.host}:{settings.port}: the port is in use; "
            "stop what listens there, or move the whole shop with --port-offset"
        ) from None
    return listener
