"""The sources of telemetry: metrics, traces and topology, each chosen by the settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiops.config import ConfigError, PrometheusSettings, Settings, TempoSettings
from aiops.http import Endpoint
from aiops.http.serving import TlsFiles
from aiops.observability.telemetry import SOURCES, Telemetry
from aiops.ports import (
    Clock,
    EdgeSink,
    LogSource,
    MetricSource,
    RuledBurns,
    Senders,
    TopologySource,
    TraceSource,
    VerdictStore,
)
from aiops.sources.common.calls_from import CallsFrom
from aiops.sources.common.caps import Limits, Roll
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.sources.prometheus.burn_rates import PrometheusBurns
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.edges import PrometheusEdges
from aiops.sources.prometheus.metrics import PrometheusMetrics
from aiops.sources.prometheus.topology import PrometheusTopology
from aiops.sources.prometheus.verdicts import PrometheusVerdicts
from aiops.sources.tempo.source import TempoSource


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySources:
    """The ports for telemetry, the embedded source if any of them uses it, and what to close at the end. Each function
    of `folded` returns what was counted as `other` since its last call. `places` names the store behind each port."""

    metrics: MetricSource
    traces: TraceSource
    topology: TopologySource
    verdicts: VerdictStore
    senders: Senders
    embedded: EmbeddedSource | None = None
    logs: LogSource | None = None
    edges: EdgeSink | None = None
    ruled: RuledBurns | None = None
    folded: tuple[Callable[[], dict[str, int]], ...] = ()
    closers: tuple[Callable[[], None], ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Receive telemetry, where this process does. Raises SourceError."""
        if self.embedded is not None:
            self.embedded.start()

    def close(self) -> None:
        """Close all sources."""
        for close in self.closers:
            close()


def all_embedded(settings: Settings, clock: Clock) -> TelemetrySources:
    """Use the engine's own store for everything. Raises SourceError."""
    source = _embedded(settings, clock)
    return TelemetrySources(
        metrics=source.metrics,
        traces=source.traces,
        topology=source.topology,
        verdicts=source.verdicts,
        senders=source.metrics,
        logs=source.logs,
        embedded=source,
        folded=(source.receivers.folded,),
        closers=(source.close,),
        places=dict.fromkeys(SOURCES, source.traces.store),
    )


def on_stores(settings: Settings, clock: Clock, telemetry: Telemetry) -> TelemetrySources:
    """Use Prometheus for metrics and verdicts, and Tempo for traces where it is configured; otherwise the engine's own
    store holds traces and the calls between services. Raises SourceError or ConfigError."""
    endpoint = _endpoint("Prometheus", settings.prometheus, settings)
    places = dict.fromkeys(SOURCES, str(endpoint))
    prometheus = PrometheusClient(endpoint, settings.prometheus.otlp_url)
    roll = Roll(_limits(settings), now=clock.now)
    counts = PrometheusMetrics(prometheus, clock, settings.lateness_seconds, roll)
    verdicts = PrometheusVerdicts(prometheus, settings.verdicts_limit, telemetry.dropped.labels("verdicts").inc)
    edges = PrometheusEdges(prometheus, settings.verdicts_limit, telemetry.dropped.labels("edges").inc)
    ruled = PrometheusBurns(prometheus)
    if settings.tempo.url:
        tempo = TempoSource(_endpoint("Tempo", settings.tempo, settings), settings.tempo.reads)
        return TelemetrySources(
            metrics=counts,
            traces=tempo.traces,
            topology=PrometheusTopology(prometheus, roll),
            verdicts=verdicts,
            senders=counts,
            embedded=None,
            edges=edges,
            ruled=ruled,
            folded=(roll.folded,),
            closers=(prometheus.close, tempo.close),
            places={**places, "traces": tempo.traces.store},
        )
    source = _embedded(settings, clock)
    metrics = CallsFrom(counts, source.metrics)
    return TelemetrySources(
        metrics=metrics,
        traces=source.traces,
        topology=source.topology,
        verdicts=verdicts,
        senders=metrics,
        logs=source.logs,
        embedded=source,
        edges=edges,
        ruled=ruled,
        folded=(roll.folded, source.receivers.folded),
        closers=(prometheus.close, source.close),
        places={**places, "traces": source.traces.store, "topology": source.traces.store},
    )


def _embedded(settings: Settings, clock: Clock) -> EmbeddedSource:
    tls = settings.tls
    return EmbeddedSource(
        EmbeddedSettings(
            path=str(settings.data_dir / "telemetry.duckdb"),
            host=settings.otlp_host,
            grpc_port=settings.otlp_grpc_port,
            http_port=settings.otlp_http_port,
            lateness_seconds=settings.lateness_seconds,
            retention_hours=settings.retention_hours,
            # Who has shown a certificate of the CA may send, and nobody else gets that far.
            tokens=None if tls.client_ca_file else settings.sending_tokens,
            memory_limit=f"{settings.memory_limit_mb}MB",
            public_url=settings.public_url,
            allowed_hosts=settings.allowed_hosts,
            cors_origins=settings.otlp_cors_origins,
            exports=settings.limit.exports,
            tls=TlsFiles(tls.cert_file, tls.key_file, tls.client_ca_file) if tls.on_otlp else None,
            limits=_limits(settings),
            logs_hours=settings.logs_hours,
            logs_max_mb=settings.logs_max_mb,
            logs_per_second=settings.logs_per_second,
        ),
        clock,
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        settings.services_limit,
        settings.routes_limit,
        settings.callees_limit,
        settings.processes_limit,
        settings.series_limit,
    )


def _endpoint(name: str, store: PrometheusSettings | TempoSettings, settings: Settings) -> Endpoint:
    prefix, secret = name.lower(), ""
    if store.secret_file:
        try:
            secret = Path(store.secret_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"cannot read `{prefix}_secret_file` {store.secret_file}: {error.strerror}") from None
    for key, file in (("ca_file", store.ca_file), ("cert_file", store.cert_file), ("key_file", store.key_file)):
        if file and not Path(file).is_file():
            raise ConfigError(f"`{prefix}_{key}`: there is no file {file}")
    return Endpoint(
        name=name,
        url=store.url,
        tenant=store.tenant,
        username=store.username,
        password=secret if store.username else "",
        bearer="" if store.username else secret,
        ca=store.ca_file,
        certificate=store.cert_file,
        key=store.key_file,
        timeout_seconds=settings.source_timeout_seconds,
    )
