"""The receiver process: `python -m aiops.sources.receiver.receiver END`, started only by `receivers.Receivers`.

It communicates over one socket (see `link`): first the parent's settings (JSON) come in, then the ports or an error go
out, then batches go out and acknowledgements come in. When that socket ends, the process ends, so that it never
outlives its parent. To save memory it imports neither DuckDB nor the web framework.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import orjson

from aiops.http.serving import Capacity, Certificates, HttpServer, Names, NoCertificate, TlsFiles
from aiops.http.serving.names import allowed_origins
from aiops.model.errors import StartError
from aiops.process import logs
from aiops.sources.common.caps import Limits, Roll
from aiops.sources.duckdb import heard
from aiops.sources.receiver import link, otlp_http
from aiops.sources.receiver.admission import unpack_admitted
from aiops.sources.receiver.intake import Intake, Most
from aiops.sources.receiver.otlp_grpc import CONNECTIONS, GrpcReceiver
from aiops.sources.receiver.sockets import connections

THREADS = 8
GRACE_SECONDS = 2.0
READ_BYTES = 256 << 10
TELL_SECONDS = 1.0
GIVEN_UP = "a connection was given up for others, or kept them waiting"
RENEWED = "a changed certificate was read"
NOT_RENEWED = "a changed certificate cannot be used, and the one before stays in use"
LIMITED = "an export of a sender who sent more than limit_exports in a minute"
FULL = "a second in which gRPC had as many connections as it may have, and turned new ones away"


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of both protocols, listening."""

    grpc: GrpcReceiver
    http: HttpServer
    http_port: int

    def leave(self) -> None:
        """Accept nothing new, answer what is in progress, and end the process."""
        self.http.refuse()
        self.grpc.stop(GRACE_SECONDS)
        os._exit(0)


class PortTaken(StartError):
    """A port is not available: protocol, port and the reason of the system."""

    def __init__(self, protocol: str, port: int, reason: str) -> None:
        super().__init__(reason)
        self.answer = {"protocol": protocol, "port": port, "reason": reason}


def main() -> None:
    """Listen until the parent's end of the socket closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logs.configure("warning")
    pipe = link.join(sys.argv[1])
    settings: dict[str, Any] = orjson.loads(pipe.recv_bytes())
    retention = settings["retention_seconds"]
    roll = Roll(Limits(**settings["limits"]), retention)
    heard.place_heard(settings["heard"], roll)
    most = Most(settings["queue"], settings["exports"], settings["logs_per_second"])
    intake = Intake(pipe, settings["admitted"], retention, most, roll=roll)
    try:
        certificates = _certificates(settings["tls"], intake)
        servers = _listen(intake, settings, certificates)
    except NoCertificate as problem:
        pipe.send_bytes(orjson.dumps({"certificate": str(problem)}))
        return
    except PortTaken as problem:
        pipe.send_bytes(orjson.dumps(problem.answer))
        return
    pipe.send_bytes(orjson.dumps({"grpc": servers.grpc.port, "http": servers.http_port}))
    try:
        _obey(pipe, intake, servers)
    finally:
        # Threads of both servers wait for answers that will not come; there is nothing left to save.
        os._exit(0)


def _obey(pipe: Connection, intake: Intake, servers: Servers) -> None:
    """Forward the answers of the parent until it is gone; now and then report connections for which there was no
    room."""
    told = limited = 0
    with contextlib.suppress(EOFError, OSError):
        while True:
            if not pipe.poll(TELL_SECONDS):
                refused, reasons = servers.http.ledger.refused, {}
                if intake.limited > limited:
                    reasons[LIMITED], limited = intake.limited - limited, intake.limited
                if refused > told:
                    reasons[GIVEN_UP], told = refused - told, refused
                if connections(servers.grpc.port) >= CONNECTIONS:
                    reasons[FULL] = 1
                if reasons:
                    intake.tell(reasons)
                continue
            message = pipe.recv_bytes()
            if (admitted := unpack_admitted(message)) is not None:
                intake.admitted = admitted
            elif message:
                intake.acknowledge(message)
            else:
                threading.Thread(target=servers.leave, name="leave", daemon=True).start()


def _certificates(files: dict[str, str] | None, intake: Intake) -> Certificates | None:
    """Return the certificate of both protocols; None for no TLS. Raises NoCertificate."""

    def told(taken: bool) -> None:
        with contextlib.suppress(OSError):
            intake.tell({RENEWED if taken else NOT_RENEWED: 1})

    return None if files is None else Certificates(TlsFiles(**files), told)


def _listen(intake: Intake, settings: dict[str, Any], certificates: Certificates | None) -> Servers:
    host, max_bytes = settings["host"], settings["max_bytes"]
    http = _http_socket(host, settings["http_port"])
    try:
        at = (host, settings["grpc_port"])
        grpc = GrpcReceiver(intake, at, max_bytes, THREADS, lambda: os._exit(1), certificates)
    except OSError as problem:
        raise PortTaken("gRPC", settings["grpc_port"], str(problem)) from problem
    application = otlp_http.OtlpHttpApp(
        intake,
        max_bytes,
        Names.of(settings["on_loopback"], settings["public_url"], settings["allowed_hosts"]),
        allowed_origins(settings["cors_origins"]),
    )
    # A whole export per read: the server waits for its socket again after each read.
    capacity = Capacity(threads=THREADS, recv_bytes=READ_BYTES, certificates=certificates)
    server = HttpServer(application, application.door, http, capacity)
    threading.Thread(target=_serve, args=[server], name="http", daemon=True).start()
    return Servers(grpc, server, http.getsockname()[1])


def _serve(server: HttpServer) -> None:
    """Answer without end. A process that no longer answers is useless: it ends, and its parent starts another."""
    try:
        server.run()
    finally:
        os._exit(1)


def _http_socket(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
    except OSError as problem:
        raise PortTaken("HTTP", port, problem.strerror or str(problem)) from problem


if __name__ == "__main__":
    main()
