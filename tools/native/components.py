"""What the stack is made of: for each component its command, its environment, and how one knows that it is ready."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tools.native.addresses import Addresses
from tools.native.build import Programs

ROOT = Path(__file__).parents[2]
SHOP = ("gateway", "checkout", "payment", "inventory", "catalog")


class CannotRender(Exception):
    """A configuration cannot be made; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to run, and where."""

    programs: Programs
    data: Path
    port_offset: int = 0
    engine: bool = True
    shop: bool = False
    rate: float = 8.0
    engine_settings: Mapping[str, str] = field(default_factory=dict)
    tempo: bool = field(default_factory=lambda: shutil.which("tempo") is not None)


@dataclass(frozen=True, slots=True)
class Component:
    """One process. `ports` are names of addresses it listens on; `shown` are those a user wants to know, and why."""

    name: str
    command: tuple[str, ...]
    ready: tuple[str, ...]
    ports: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    start_seconds: float = 60.0
    stop_seconds: float = 15.0


def memory(name: str) -> dict[str, str]:
    """What Go may hold before it collects the more often, as docker-compose.yml sets it for a service."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return {"GOMEMLIMIT": compose["services"][name]["environment"]["GOMEMLIMIT"]}


def components(options: Options, at: Addresses) -> Iterator[Component]:
    """Yield the components in the order of their start; their configuration files must be laid out."""
    config = options.data / "config"
    yield _prometheus(options, at, config)
    yield _alertmanager(options, at, config)
    if options.tempo:
        yield _tempo(options, at)
    yield _collector(options, at)
    if options.engine:
        yield _engine(options, at)
    if options.shop:
        yield _shop(options, at)


def lay_out(options: Options, at: Addresses, names: list[str]) -> None:
    """Put the configuration where the programs read it: the repository's own files, and the addresses beside them."""
    prometheus = options.data / "config" / "prometheus"
    prometheus.mkdir(parents=True, exist_ok=True)
    for name in ("prometheus.yml", "rules"):
        link = prometheus / name
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT / "prometheus" / name)
    at.write_targets(prometheus / "targets", names)
    engine = {"ENGINE_ALERTS_URL": f"{at.url('aiops')}/aiops/alerts"} if options.engine else {}
    render_alertmanager(options.data / "config" / "alertmanager.yml", engine)


def render_alertmanager(file: Path, environment: Mapping[str, str]) -> None:
    """Write Alertmanager's configuration, with SMTP_* and SLACK_URL_FILE from outside. Raises CannotRender."""
    script = ROOT / "alertmanager" / "render.sh"
    done = subprocess.run(
        ["/bin/sh", script], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CannotRender(f"Alertmanager's configuration: {done.stderr.strip()}")
    file.write_text(done.stdout, encoding="utf-8")


def collector_layers(tempo: bool) -> tuple[Path, ...]:
    """The Collector's files, later ones over earlier ones: without Tempo the engine keeps the traces itself."""
    folder = ROOT / "otel-collector"
    return (folder / "config.yaml",) if tempo else (folder / "config.yaml", folder / "engine-traces.yaml")


def _prometheus(options: Options, at: Addresses, config: Path) -> Component:
    return Component(
        "prometheus",
        (
            str(options.programs["prometheus"]),
            f"--config.file={config / 'prometheus' / 'prometheus.yml'}",
            f"--storage.tsdb.path={options.data / 'prometheus'}",
            f"--web.listen-address={at.at('prometheus')}",
            f"--web.external-url={at.url('prometheus')}",
            "--web.enable-otlp-receiver",
            "--web.enable-remote-write-receiver",
            "--enable-feature=exemplar-storage,created-timestamp-zero-ingestion",
        ),
        (f"{at.url('prometheus')}/-/ready",),
        ("prometheus",),
        memory("prometheus"),
        shown={"Prometheus (API; this build has no pages)": at.url("prometheus")},
        stop_seconds=30.0,
    )


def _alertmanager(options: Options, at: Addresses, config: Path) -> Component:
    return Component(
        "alertmanager",
        (
            str(options.programs["alertmanager"]),
            f"--config.file={config / 'alertmanager.yml'}",
            f"--storage.path={options.data / 'alertmanager'}",
            f"--web.listen-address={at.at('alertmanager')}",
            f"--web.external-url={at.url('alertmanager')}",
            "--cluster.listen-address=",
        ),
        (f"{at.url('alertmanager')}/-/ready",),
        ("alertmanager",),
        shown={"Alertmanager": at.url("alertmanager")},
    )


def _tempo(options: Options, at: Addresses) -> Component:
    return Component(
        "tempo",
        (
            "tempo",
            "-target=all",
            "-config.expand-env=true",
            f"-config.file={ROOT / 'tempo' / 'tempo.yaml'}",
        ),
        (f"{at.url('tempo')}/ready",),
        ("tempo", "tempo-grpc", "tempo-memberlist", "tempo-otlp-grpc", "tempo-otlp-http"),
        {
            "TEMPO_HTTP_PORT": str(at.port("tempo")),
            "TEMPO_GRPC_PORT": str(at.port("tempo-grpc")),
            "TEMPO_MEMBERLIST_PORT": str(at.port("tempo-memberlist")),
            "TEMPO_OTLP_GRPC_PORT": str(at.port("tempo-otlp-grpc")),
            "TEMPO_OTLP_HTTP_PORT": str(at.port("tempo-otlp-http")),
            "TEMPO_DATA": str(options.data / "tempo"),
            **memory("tempo"),
            "PROMETHEUS_REMOTE_WRITE_URL": f"{at.url('prometheus')}/api/v1/write",
        },
        {"Tempo (API)": at.url("tempo")},
        stop_seconds=45.0,
    )


def _collector(options: Options, at: Addresses) -> Component:
    layers = [part for file in collector_layers(options.tempo) for part in ("--config", str(file))]
    return Component(
        "otel-collector",
        (str(options.programs["otelcol"]), *layers),
        (at.url("otel-collector-health"),),
        ("otlp-grpc", "otlp-http", "otel-collector", "otel-collector-health"),
        {
            "OTLP_GRPC_LISTEN": at.at("otlp-grpc"),
            "OTLP_HTTP_LISTEN": at.at("otlp-http"),
            "METRICS_PORT": str(at.port("otel-collector")),
            "HEALTH_LISTEN": at.at("otel-collector-health"),
            "TEMPO_OTLP_ENDPOINT": at.at("tempo-otlp-grpc"),
            "ENGINE_OTLP_ENDPOINT": at.at("aiops-otlp-grpc"),
            **memory("otel-collector"),
            "PROMETHEUS_OTLP_ENDPOINT": f"{at.url('prometheus')}/api/v1/otlp",
        },
        {"OTLP over HTTP": at.url("otlp-http"), "OTLP over gRPC": at.url("otlp-grpc")},
    )


def _engine(options: Options, at: Addresses) -> Component:
    tempo = {"AIOPS_TEMPO_URL": at.url("tempo")} if options.tempo else {}
    return Component(
        "aiops",
        (sys.executable, "-m", "aiops", "run"),
        (f"{at.url('aiops')}/health",),
        ("aiops", "aiops-otlp-grpc", "aiops-otlp-http"),
        {
            "AIOPS_PORT": str(at.port("aiops")),
            "AIOPS_OTLP_GRPC_PORT": str(at.port("aiops-otlp-grpc")),
            "AIOPS_OTLP_HTTP_PORT": str(at.port("aiops-otlp-http")),
            "AIOPS_DATA_DIR": str(options.data / "aiops"),
            "AIOPS_PROMETHEUS_URL": at.url("prometheus"),
            "AIOPS_ALERTMANAGER_URL": at.url("alertmanager"),
            "AIOPS_TRACES_URL": at.url("otlp-http"),
            "AIOPS_OBJECTIVES": str(ROOT / "demo-app/shop/objectives.yaml"),
            **tempo,
            **options.engine_settings,
        },
        {"incidents": at.url("aiops")},
        stop_seconds=30.0,
    )


def _shop(options: Options, at: Addresses) -> Component:
    command = (sys.executable, "-m", "shop", "up", "--otlp-endpoint", at.url("otlp-http"))
    return Component(
        "shop",
        (*command, "--port-offset", str(at.offset), "--rate", f"{options.rate:g}"),
        tuple(f"{at.url(service)}/ready" for service in SHOP),
        SHOP,
        {"OTEL_METRIC_EXPORT_INTERVAL": "5000"},
        {"shop": at.url("gateway")},
    )
