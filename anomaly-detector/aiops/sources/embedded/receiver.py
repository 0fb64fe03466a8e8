"""The receiver process: `python -m aiops.sources.embedded.receiver FD`, started by `receivers.Receivers` alone.

It speaks over one socket: first the parent's settings (JSON) come in, then the ports or what went wrong go out, then
batches go out and acknowledgements come in. The end of that socket is the end of the process, so that it never outlives
its parent. It imports neither DuckDB nor the web: memory is why.
"""

import logging
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import grpc
import orjson
from waitress.server import create_server

from aiops.sources.embedded import otlp_grpc, otlp_http
from aiops.sources.embedded.intake import Intake

THREADS = 8
GRACE_SECONDS = 2.0
READ_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Servers:
    """Both protocols, listening."""

    grpc: grpc.Server
    grpc_port: int
    http: Any
    http_port: int

    def leave(self) -> None:
        """Take nothing new, answer what is under way, and end the process."""
        self.http.maintenance_interval = 0
        self.http.accepting = False
        self.grpc.stop(GRACE_SECONDS).wait()
        os._exit(0)


class CannotListen(Exception):
    """A port that cannot be had: protocol, port and the system's reason."""

    def __init__(self, protocol: str, port: int, reason: str) -> None:
        super().__init__(reason)
        self.answer = {"protocol": protocol, "port": port, "reason": reason}


def main() -> None:
    """Listen until the parent's end of the socket closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # Its warnings about a full task queue are ours to give, as 429.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    pipe = Connection(int(sys.argv[1]))
    settings: dict[str, Any] = orjson.loads(pipe.recv_bytes())
    intake = Intake(pipe, settings["tokens"], settings["retention_seconds"], settings["queue"])
    try:
        servers = _listen(intake, settings)
    except CannotListen as problem:
        pipe.send_bytes(orjson.dumps(problem.answer))
        return
    pipe.send_bytes(orjson.dumps({"grpc": servers.grpc_port, "http": servers.http_port}))
    try:
        while True:
            message = pipe.recv_bytes()
            if message:
                intake.acknowledge(message)
            else:
                threading.Thread(target=servers.leave, name="leave", daemon=True).start()
    except (EOFError, OSError):
        # Threads of both servers wait for answers that will not come; nothing here is left to save.
        os._exit(0)


def _listen(intake: Intake, settings: dict[str, Any]) -> Servers:
    host, max_bytes = settings["host"], settings["max_bytes"]
    http = _http_socket(host, settings["http_port"])
    try:
        grpc_server, grpc_port = otlp_grpc.serve(intake, host, settings["grpc_port"], max_bytes, THREADS)
    except OSError as problem:
        raise CannotListen("gRPC", settings["grpc_port"], str(problem)) from problem
    server = create_server(
        otlp_http.application(intake, max_bytes),
        sockets=[http],
        threads=THREADS,
        # Above our own limit, so that our own 413 answers, in the request's encoding.
        max_request_body_size=max_bytes * 4,
        # A whole export at once: the server waits for its socket anew after each read.
        recv_bytes=READ_BYTES,
        ident="",
        clear_untrusted_proxy_headers=True,
    )
    threading.Thread(target=server.run, name="http", daemon=True).start()
    return Servers(grpc_server, grpc_port, server, http.getsockname()[1])


def _http_socket(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
    except OSError as problem:
        raise CannotListen("HTTP", port, problem.strerror or str(problem)) from problem


if __name__ == "__main__":
    main()
