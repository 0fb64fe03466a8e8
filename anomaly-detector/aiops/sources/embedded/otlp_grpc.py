"""OTLP over gRPC."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # no stubs are published
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from aiops.sources.embedded.intake import Intake, Refusal, Refused, Signal

SERVICES: Final = {
    Signal.TRACES: "opentelemetry.proto.collector.trace.v1.TraceService",
    Signal.METRICS: "opentelemetry.proto.collector.metrics.v1.MetricsService",
    Signal.LOGS: "opentelemetry.proto.collector.logs.v1.LogsService",
}
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


def serve(intake: Intake, host: str, port: int, max_bytes: int, threads: int) -> tuple[grpc.Server, int]:
    """Listen and answer; returns the server and its port. Raises OSError where the port cannot be had."""
    server = grpc.server(
        ThreadPoolExecutor(threads, thread_name_prefix="grpc"),
        options=[
            ("grpc.max_receive_message_length", max_bytes),
            # Without this two receivers could share a port and each get half of the telemetry.
            ("grpc.so_reuseport", 0),
        ],
        maximum_concurrent_rpcs=threads * 4,
    )
    server.add_generic_rpc_handlers(
        tuple(
            grpc.method_handlers_generic_handler(
                service, {"Export": grpc.unary_unary_rpc_method_handler(_export(intake, signal))}
            )
            for signal, service in SERVICES.items()
        )
    )
    try:
        bound = server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    except RuntimeError as problem:
        raise OSError(str(problem)) from problem
    server.start()
    return server, bound


def _export(intake: Intake, signal: Signal) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    """Handle raw bytes: left to gRPC, garbage would be answered with INTERNAL, which says that we are at fault."""

    def export(body: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            intake.admit(_authorization(context))
            response: Message = intake.take(signal, body)
        except Refused as refused:
            if refused.refusal in (Refusal.FULL, Refusal.UNAVAILABLE):
                context.set_trailing_metadata(_come_again(refused))
            context.abort(_CODES[refused.refusal.value[0]], str(refused))
        return response.SerializeToString()

    return export


def _come_again(refused: Refused) -> tuple[tuple[str, bytes], ...]:
    """Say when to send again: OTLP lets clients drop what met RESOURCE_EXHAUSTED without it.

    As OTLP says, inside the status, and by itself, where OpenTelemetry's exporter for Python looks for it.
    """
    info = RetryInfo()
    info.retry_delay.seconds = 1
    status = Status(code=refused.refusal.value[0], message=str(refused))
    status.details.add().Pack(info)
    return (
        ("grpc-status-details-bin", status.SerializeToString()),
        ("google.rpc.retryinfo-bin", info.SerializeToString()),
    )


def _authorization(context: grpc.ServicerContext) -> str:
    for key, value in context.invocation_metadata():
        if key == "authorization":
            return value if isinstance(value, str) else value.decode("latin-1")
    return ""
