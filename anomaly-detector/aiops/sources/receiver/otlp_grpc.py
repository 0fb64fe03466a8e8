"""OTLP over gRPC.

One thread waits for all clients: a slow client blocks no thread, and a client without permission is answered before its
export is read. gRPC's own limit of concurrent calls is not used, because its refusals lack the detail that lets clients
send again.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import unquote

import grpc
import grpc.aio
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # no stubs are published
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from aiops.http.serving import Certificates
from aiops.sources.receiver.intake import ExportRejected, Intake, Refusal, Signal

SERVICES: Final = {
    Signal.TRACES: "opentelemetry.proto.collector.trace.v1.TraceService",
    Signal.METRICS: "opentelemetry.proto.collector.metrics.v1.MetricsService",
    Signal.LOGS: "opentelemetry.proto.collector.logs.v1.LogsService",
}
CONNECTIONS: Final = 1000
# How long a client may take to send an export, and how long when others wait for its place.
READ_SECONDS: Final = 60.0
CROWDED_SECONDS: Final = 2.0
# An export waits this long for a place before it is asked to try again: less than the ten seconds of exporters.
WAIT_SECONDS: Final = 8.0
_STEP_SECONDS: Final = 0.5
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


class GrpcReceiver:
    """The protocol, in separate threads. Raises OSError where the port is not available."""

    def __init__(
        self,
        intake: Intake,
        at: tuple[str, int],
        max_bytes: int,
        threads: int,
        ended: Callable[[], None],
        certificates: Certificates | None = None,
    ) -> None:
        """Start listening at a host and port, with TLS where there are certificates; `ended` is called when it ends
        without `stop`."""
        self._intake, self._certificates = intake, certificates
        host, port = at
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="grpc")
        self._places = asyncio.Semaphore(threads * 4)
        self._reading: dict[asyncio.Future[bytes], float] = {}
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._grace = 0.0
        started: Future[int] = Future()
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

        def run() -> None:
            try:
                self._loop.run_until_complete(self._serve(address, max_bytes, started))
            finally:
                if not self._stopping.is_set() and started.done() and not started.exception():
                    ended()

        self._thread = threading.Thread(target=run, name="grpc", daemon=True)
        self._thread.start()
        self.port = started.result()

    def stop(self, grace: float) -> None:
        """Accept nothing new, and give running exports `grace` seconds."""
        self._grace = grace
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    async def _serve(self, address: str, max_bytes: int, started: "Future[int]") -> None:
        self._server = grpc.aio.server(
            options=[
                # The limit before and after decompression.
                ("grpc.max_receive_message_length", max_bytes),
                # Without this two receivers could share a port and each get half of the telemetry.
                ("grpc.so_reuseport", 0),
                ("grpc.max_allowed_incoming_connections", CONNECTIONS),
                ("grpc.max_concurrent_streams", 64),
                ("grpc.max_connection_idle_ms", 120_000),
                ("grpc.server_handshake_timeout_ms", 10_000),
            ],
        )
        self._server.add_generic_rpc_handlers(
            tuple(
                grpc.method_handlers_generic_handler(
                    service, {"Export": grpc.stream_unary_rpc_method_handler(self._export(signal))}
                )
                for signal, service in SERVICES.items()
            )
        )
        try:
            if self._certificates is None:
                port = self._server.add_insecure_port(address)
            else:
                port = self._server.add_secure_port(address, _credentials(self._certificates))
            await self._server.start()
        except RuntimeError as problem:
            started.set_exception(OSError(str(problem)))
            return
        started.set_result(port)
        # Whichever comes first: being told to stop, or an end that nobody asked for.
        ended = asyncio.ensure_future(self._server.wait_for_termination())
        await asyncio.wait([ended, asyncio.ensure_future(self._stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
        if self._stopping.is_set():
            await self._server.stop(self._grace)

    def _export(self, signal: Signal) -> Callable[[AsyncIterator[bytes], Any], Awaitable[bytes]]:
        """Return a handler of raw bytes: gRPC itself would answer malformed data with INTERNAL, which means our fault.

        It is a stream of one message, because a stream is read only when we ask, and not before the sender is known.
        """

        async def export(messages: AsyncIterator[bytes], context: Any) -> bytes:
            try:
                authorization = _authorization(context)
                self._intake.admit(authorization)
                self._intake.count(authorization, _address(context))
                await self._turn()
                try:
                    body = await self._read(messages)
                    response: Message = await self._loop.run_in_executor(self._pool, self._intake.take, signal, body)
                finally:
                    self._places.release()
            except ExportRejected as refused:
                again = refused.refusal in (Refusal.FULL, Refusal.UNAVAILABLE)
                code = _CODES[refused.refusal.value[0]]
                await context.abort(code, str(refused), _come_again(refused) if again else ())
            return response.SerializeToString()

        return export

    async def _turn(self) -> None:
        """Wait for a place. Raises ExportRejected. A client that sends too slowly meanwhile loses its place."""
        until = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                async with asyncio.timeout(_STEP_SECONDS):
                    await self._places.acquire()
                    return
            except TimeoutError:
                now = time.monotonic()
                slow = [one for one, since in self._reading.items() if now - since > CROWDED_SECONDS]
                for one in slow:
                    one.cancel()
                if now > until:
                    raise ExportRejected(
                        Refusal.FULL, "other exports are being read; send this one again in a moment"
                    ) from None

    async def _read(self, messages: AsyncIterator[bytes]) -> bytes:
        reading: asyncio.Future[bytes] = asyncio.ensure_future(_next(messages))
        self._reading[reading] = time.monotonic()
        try:
            done, _ = await asyncio.wait([reading], timeout=READ_SECONDS)
            if not done or reading.cancelled():
                raise ExportRejected(Refusal.UNAVAILABLE, "the export did not arrive in time")
            return reading.result()
        finally:
            reading.cancel()
            del self._reading[reading]


async def _next(messages: AsyncIterator[bytes]) -> bytes:
    async for one in messages:
        return one
    return b""


def _credentials(certificates: Certificates) -> grpc.ServerCredentials:
    """Return credentials that ask for the certificate at each handshake."""
    served = certificates.served()
    given = served.pem

    def now() -> Any:
        nonlocal given
        found = certificates.served().pem
        if found == given:
            return None  # that is how gRPC is told that nothing has changed
        given = found
        return _configuration(found)

    return grpc.dynamic_ssl_server_credentials(_configuration(given), now, require_client_authentication=bool(given[2]))


def _configuration(pem: tuple[bytes, bytes, bytes]) -> grpc.ServerCertificateConfiguration:
    certificate, key, ca = pem
    return grpc.ssl_server_certificate_configuration([(key, certificate)], root_certificates=ca or None)


def _come_again(refused: ExportRejected) -> tuple[tuple[str, bytes], ...]:
    """Return when to send again: without it OTLP lets clients drop an export that met RESOURCE_EXHAUSTED.

    It is given inside the status, as OTLP defines, and separately, where the exporter of OpenTelemetry for Python looks
    for it.
    """
    info = RetryInfo()
    info.retry_delay.seconds = refused.seconds
    status = Status(code=refused.refusal.value[0], message=str(refused))
    status.details.add().Pack(info)
    return (
        ("grpc-status-details-bin", status.SerializeToString()),
        ("google.rpc.retryinfo-bin", info.SerializeToString()),
    )


def _address(context: Any) -> str:
    """Return the address of who calls, of a peer such as `ipv4:10.0.0.1:4711` or `ipv6:[::1]:4711`."""
    peer = unquote(context.peer() or "").partition(":")[2]
    return peer.rpartition(":")[0].strip("[]")


def _authorization(context: Any) -> str:
    for key, value in context.invocation_metadata():
        if key == "authorization":
            return value if isinstance(value, str) else value.decode("latin-1")
    return ""
