"""OpenTelemetry of one service: traces and metrics over OTLP, current HTTP conventions, exemplars."""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterable
from wsgiref.types import WSGIEnvironment

from flask import Flask, g, has_app_context
from opentelemetry import baggage, metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, Status, StatusCode
from requests import PreparedRequest

from shop import names
from shop.client import CALL
from shop.settings import Settings

FLUSH_SECONDS = 2.0


class Telemetry:
    """The providers of one process; `shutdown` sends what is left."""

    def __init__(self, settings: Settings) -> None:
        _quieten(settings.service)
        spans, points = _exporters()
        resource = _resource(settings)
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._tracers.add_span_processor(BatchSpanProcessor(spans))
        reader = PeriodicExportingMetricReader(points)
        self._meters = MeterProvider(resource=resource, metric_readers=[reader], shutdown_on_exit=False)
        trace.set_tracer_provider(self._tracers)
        metrics.set_meter_provider(self._meters)
        born = time.monotonic()

        def uptime(_options: CallbackOptions) -> Iterable[Observation]:
            return [Observation(time.monotonic() - born)]

        # The one metric that comes before the first request: a service that is idle must not look dead.
        meter = metrics.get_meter(__name__)
        meter.create_observable_gauge(names.UPTIME, [uptime], unit="s", description="Time the process has run")

    def shutdown(self) -> None:
        """Send what is left, for two seconds at most: a receiver that is away must not keep the process alive."""
        flushing = [threading.Thread(target=end.shutdown, daemon=True) for end in (self._tracers, self._meters)]
        for thread in flushing:
            thread.start()
        for thread in flushing:
            thread.join(FLUSH_SECONDS / len(flushing))


def instrument(app: Flask) -> None:
    """Make server spans and metrics of the application, and client spans and metrics of its calls."""
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "http"  # read when the instrumentation is first imported
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.instrumentation.requests import RequestsInstrumentor

    FlaskInstrumentor.instrument_app(  # type: ignore[no-untyped-call]
        app, request_hook=_name_tenant, response_hook=_describe, enable_commenter=False
    )
    RequestsInstrumentor().instrument(request_hook=_name_peer)


def tenant() -> str | None:
    """Return the tenant of the request in hand, if its baggage names one; calls made for it carry it on."""
    name = baggage.get_baggage(names.TENANT)
    return None if name is None else str(name)


def explain(reason: str, error: Exception | None = None) -> None:
    """Say why the request in hand fails: the description of its span's status, and an exception if there is one."""
    g.reason = reason
    if error is not None:
        trace.get_current_span().record_exception(error)


def _name_tenant(span: Span | None, _environ: WSGIEnvironment) -> None:
    if span is not None and (name := tenant()) is not None:
        span.set_attribute(names.TENANT, name)


def _name_peer(span: Span, _request: PreparedRequest) -> None:
    call = CALL.get()
    span.set_attribute(names.PEER_SERVICE, call.service)
    if call.resent:
        span.set_attribute(names.RESEND_COUNT, call.resent)


def _describe(span: Span | None, status: str, _headers: object) -> None:
    """Set the status again: the instrumentation has just set it from the status code, without a description."""
    reason = g.get("reason") if has_app_context() else None
    if span is not None and reason is not None and status.startswith("5"):
        span.set_status(Status(StatusCode.ERROR, reason))


def _resource(settings: Settings) -> Resource:
    identity = {
        "service.name": settings.service,
        "service.namespace": "shop",
        "service.version": settings.version,
        "service.instance.id": settings.instance,
    }
    environment = {"deployment.environment.name": "demo", **OTELResourceDetector().detect().attributes}
    return Resource.create({**environment, **identity})


def _exporters() -> tuple[SpanExporter, MetricExporter]:
    if os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf") == "grpc":  # grpc costs 20 MB: import if wanted
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans

        return GrpcSpans(), GrpcMetrics()
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(), OTLPMetricExporter()


class _Once(logging.Handler):
    """Says once that the receiver is away; every other warning of OpenTelemetry is one line, also once."""

    def __init__(self, service: str) -> None:
        super().__init__(logging.WARNING)
        self._service = service
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if ".exporter." in record.name or "xport" in text:
            text = "the OTLP receiver does not take telemetry; what cannot be sent is dropped (said once)"
        if text not in self._said:
            self._said.add(text)
            sys.stderr.write(f"shop: {self._service}: warning: {text}\n")


def _quieten(service: str) -> None:
    """Replace what OpenTelemetry would log at every failed export, tracebacks included."""
    logger = logging.getLogger("opentelemetry")
    logger.handlers = [_Once(service)]
    logger.propagate = False
