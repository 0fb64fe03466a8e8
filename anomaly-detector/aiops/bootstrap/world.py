"""Where telemetry is read from: metrics, traces and topology, each chosen by what is configured."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiops.config import ConfigError, Settings
from aiops.http import Endpoint
from aiops.observability.telemetry import Telemetry
from aiops.ports import Clock, EdgeSink, MetricSource, RuledBurns, Senders, TopologySource, TraceSource, VerdictStore
from aiops.sources.common.calls_from import CallsFrom
from aiops.sources.common.caps import Limits, Roll
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.sources.prometheus.api import Api
from aiops.sources.prometheus.burn_rates import PrometheusBurns
from aiops.sources.prometheus.edges import PrometheusEdges
from aiops.sources.prometheus.metrics import PrometheusMetrics
from aiops.sources.prometheus.topology import PrometheusTopology
from aiops.sources.prometheus.verdicts import PrometheusVerdicts
from aiops.sources.tempo.source import TempoSource


@dataclass(frozen=True, slots=True)
class World:
    """The ports over telemetry, the embedded source if any of them is on it, and what is to be closed at the end.
    Each of `folded` says what it counted as `other` since it was asked last."""

    metrics: MetricSource
    traces: TraceSource
    topology: TopologySource
    verdicts: VerdictStore
    senders: Senders
    embedded: EmbeddedSource | None = None
    edges: EdgeSink | None = None
    ruled: RuledBurns | None = None
    folded: tuple[Callable[[], dict[str, int]], ...] = ()
    closers: tuple[Callable[[], None], ...] = ()

    def start(self) -> None:
        """Receive telemetry, where this process does. Raises SourceError."""
        if self.embedded is not None:
            self.embedded.start()

    def close(self) -> None:
        for close in self.closers:
            close()


def all_embedded(settings: Settings, clock: Clock) -> World:
    """Everything in the engine's own store. Raises SourceError."""
    source = _embedded(settings, clock)
    return World(
        source.metrics,
        source.traces,
        source.topology,
        source.verdicts,
        source.metrics,
        source,
        folded=(source.receivers.folded,),
        closers=(source.close,),
    )


def on_stores(settings: Settings, clock: Clock, telemetry: Telemetry) -> World:
    """Metrics and verdicts in Prometheus; traces in Tempo where it is configured, else in the engine's own store, which
    then has the calls between services too. Raises SourceError or ConfigError."""
    prometheus = Api(_endpoint("Prometheus", "prometheus", settings), settings.prometheus_otlp_url)
    roll = Roll(_limits(settings), now=clock.now)
    counts = PrometheusMetrics(prometheus, clock, settings.lateness_seconds, roll)
    verdicts = PrometheusVerdicts(prometheus, settings.verdicts_limit, telemetry.dropped.labels("verdicts").inc)
    edges = PrometheusEdges(prometheus, settings.verdicts_limit, telemetry.dropped.labels("edges").inc)
    ruled = PrometheusBurns(prometheus)
    if settings.tempo_url:
        tempo = TempoSource(_endpoint("Tempo", "tempo", settings), settings.tempo_reads)
        return World(
            counts,
            tempo.traces,
            PrometheusTopology(prometheus, roll),
            verdicts,
            counts,
            None,
            edges,
            ruled,
            folded=(roll.folded,),
            closers=(prometheus.close, tempo.close),
        )
    source = _embedded(settings, clock)
    metrics = CallsFrom(counts, source.metrics)
    return World(
        metrics,
        source.traces,
        source.topology,
        verdicts,
        metrics,
        source,
        edges,
        ruled,
        folded=(roll.folded, source.receivers.folded),
        closers=(prometheus.close, source.close),
    )


def _embedded(settings: Settings, clock: Clock) -> EmbeddedSource:
    return EmbeddedSource(
        EmbeddedSettings(
            path=str(settings.data_dir / "telemetry.duckdb"),
            host=settings.otlp_host,
            grpc_port=settings.otlp_grpc_port,
            http_port=settings.otlp_http_port,
            lateness_seconds=settings.lateness_seconds,
            retention_hours=settings.retention_hours,
            tokens=settings.tokens,
            memory_limit=f"{settings.memory_limit_mb}MB",
            public_url=settings.public_url,
            allowed_hosts=settings.allowed_hosts,
            cors_origins=settings.otlp_cors_origins,
            limits=_limits(settings),
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


def _endpoint(name: str, prefix: str, settings: Settings) -> Endpoint:
    def setting(key: str) -> str:
        return str(getattr(settings, f"{prefix}_{key}"))

    secret = ""
    if file := setting("secret_file"):
        try:
            secret = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"cannot read `{prefix}_secret_file` {file}: {error.strerror}") from None
    for key in ("ca_file", "cert_file", "key_file"):
        if (file := setting(key)) and not Path(file).is_file():
            raise ConfigError(f"`{prefix}_{key}`: there is no file {file}")
    user = setting("username")
    return Endpoint(
        name,
        setting("url"),
        tenant=setting("tenant"),
        username=user,
        password=secret if user else "",
        bearer="" if user else secret,
        ca=setting("ca_file"),
        certificate=setting("cert_file"),
        key=setting("key_file"),
        timeout_seconds=settings.source_timeout_seconds,
    )
