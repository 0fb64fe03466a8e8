"""Settings: one frozen object, read once from a YAML file and the environment, or one sentence that names the key."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

PREFIX = "AIOPS_"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - recognised here, never chosen
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Read by other parts than this table: tests and tokens with names.
ALSO_KNOWN = ("AIOPS_TOKEN", "AIOPS_TOKEN_FILE", "AIOPS_CONFIG", "AIOPS_URL")

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class ConfigError(Exception):
    """The configuration cannot be used; the message names the key, its value and what is allowed."""


class Settings(BaseModel):
    """Everything that can be set. A key `x` is `x:` in the file and `AIOPS_X` in the environment, which wins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="address of pages and API")
    port: Port = Field(8000, description="port of pages and API")
    public_url: str = Field("", description="where people reach the pages, for links; empty: host and port")
    otlp_host: str = Field("127.0.0.1", description="address of the OTLP receivers")
    otlp_grpc_port: Port = Field(4317, description="port of the OTLP receiver over gRPC")
    otlp_http_port: Port = Field(4318, description="port of the OTLP receiver over HTTP")
    allowed_hosts: str = Field(
        "", description="further names, by commas, under which pages, API and OTLP over HTTP may be asked"
    )
    otlp_cors_origins: str = Field(
        "", description="web pages whose browsers may send OTLP over HTTP, by commas; *: all; empty: none"
    )
    data_dir: Path = Field(Path("~/.local/share/aiops"), description="folder of telemetry, incidents and learned state")
    cycle_seconds: Seconds = Field(15.0, description="time between two looks at the data, and the length of a step")
    lateness_seconds: float = Field(10.0, ge=0, description="how long to wait for late data before judging a step")
    resolve_seconds: Seconds = Field(30.0, description="quiet time before an incident resolves by itself")
    retention_hours: float = Field(48.0, ge=1, description="how long spans and points are kept")
    backfill_seconds: float = Field(3600.0, ge=0, description="stored history to learn from when there is no state yet")
    memory_limit_mb: int = Field(128, ge=64, description="memory that the telemetry store may use")
    services_limit: int = Field(500, ge=1, description="services told apart; the rest are one, `other`")
    routes_limit: int = Field(
        200, ge=1, description="routes of a service that are told apart; the rest are one, `other`"
    )
    callees_limit: int = Field(
        200, ge=1, description="whom a service calls that are told apart; the rest are one, `other`"
    )
    processes_limit: int = Field(
        10_000, ge=1, description="processes whose own telemetry the engine's store tells apart"
    )
    series_limit: int = Field(
        100_000,
        ge=10,
        description="series of metrics told apart; the store sums up the rest, of Prometheus it is left out",
    )
    prometheus_url: str = Field("", description="read metrics from Prometheus here; empty: from the engine's own store")
    prometheus_otlp_url: str = Field(
        "", description="where verdicts and calls are sent as OTLP, without /v1/metrics; empty: Prometheus' own path"
    )
    prometheus_tenant: str = Field("", description="sent to Prometheus as X-Scope-OrgID")
    prometheus_username: str = Field("", description="for basic authentication at Prometheus")
    prometheus_secret_file: str = Field("", description="file with the password, or without a user name a bearer token")
    prometheus_ca_file: str = Field("", description="certificates (PEM) that Prometheus' own is checked against")
    prometheus_cert_file: str = Field("", description="client certificate (PEM), for mutual TLS")
    prometheus_key_file: str = Field("", description="its private key (PEM)")
    tempo_url: str = Field("", description="read traces from Tempo here; empty: from the engine's own store")
    tempo_tenant: str = Field("", description="sent to Tempo as X-Scope-OrgID")
    tempo_username: str = Field("", description="for basic authentication at Tempo")
    tempo_secret_file: str = Field("", description="file with the password, or without a user name a bearer token")
    tempo_ca_file: str = Field("", description="certificates (PEM) that Tempo's own is checked against")
    tempo_cert_file: str = Field("", description="client certificate (PEM), for mutual TLS")
    tempo_key_file: str = Field("", description="its private key (PEM)")
    tempo_reads: int = Field(
        1, ge=1, le=64, description="whole traces read from Tempo at a time; each takes 150 MB of it meanwhile"
    )
    source_timeout_seconds: Seconds = Field(10.0, description="longest time that one question to a store may take")
    verdicts_limit: int = Field(
        5000, ge=0, description="verdicts, and edges, of a step that are written to Prometheus, at most"
    )
    traces_url: str = Field("", description="send the engine's own traces here, as OTLP over HTTP; empty: nowhere")
    objectives: str = Field("", description="OpenSLO files, or folders of them, by commas; empty: no objectives")
    calendar: str = Field("", description="YAML file of time zones, holidays and events; empty: UTC, without any")
    webhook_url: str = Field("", description="address that gets each transition of an incident as JSON; empty: none")
    alertmanager_url: str = Field(
        "", description="Alertmanager that incidents are sent to; several by commas: each gets all; empty: none"
    )
    grafana_url: str = Field(
        "", description="where people reach Grafana, for links to its dashboards of this engine; empty: none"
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error")
    tokens: Mapping[str, str] = Field(default_factory=dict, description="tokens by the name of their holder")

    @property
    def url(self) -> str:
        """Where people reach pages and API: as configured, else where they are on this machine."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def alertmanagers(self) -> tuple[str, ...]:
        """The address of each."""
        return tuple(dict.fromkeys(one.strip() for one in self.alertmanager_url.split(",") if one.strip()))

    @property
    def objective_paths(self) -> tuple[Path, ...]:
        """Where objectives are."""
        return tuple(Path(one.strip()).expanduser() for one in self.objectives.split(",") if one.strip())

    @field_validator("alertmanager_url")
    @classmethod
    def _are_http(cls, value: str) -> str:
        if not all(_http(one.strip()) for one in value.split(",") if one.strip()):
            raise ValueError("each address is like http://127.0.0.1:9093")
        return value

    @field_validator("prometheus_url", "prometheus_otlp_url", "tempo_url", "traces_url", "public_url", "grafana_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and not _http(value):
            raise ValueError("an address is like http://127.0.0.1:9090")
        return value

    @model_validator(mode="after")
    def _open_only_on_loopback(self) -> Self:
        exposed = [name for name in ("host", "otlp_host") if getattr(self, name) not in LOOPBACK]
        if exposed and not self.tokens:
            raise ValueError(
                f"{exposed[0]}={getattr(self, exposed[0])} is reachable from other machines and no token is set; "
                "make one with `openssl rand -hex 32` and put it into AIOPS_TOKEN or a file named by AIOPS_TOKEN_FILE"
            )
        if any(len(token) < 16 for token in self.tokens.values()):
            raise ValueError("tokens: a token has at least 16 characters; make one with `openssl rand -hex 32`")
        return self


def _http(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)


def load(
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the file (`--config` or AIOPS_CONFIG), then the environment, then options of the command line; `defaults`
    stand where none of them says anything.

    Raises ConfigError.
    """
    env = os.environ if environment is None else environment
    path = file or (Path(env["AIOPS_CONFIG"]) if env.get("AIOPS_CONFIG") else None)
    values: dict[str, Any] = dict(defaults or {}) | (_from_file(path) if path else {})
    values |= _from_environment(env)
    tokens = _tokens(env)
    if tokens:
        values["tokens"] = {**values.get("tokens", {}), **tokens}
    values |= {key: value for key, value in (overrides or {}).items() if value is not None}
    for key in values:
        _known(key, str(path) if path else "the command line")
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise ConfigError(_sentence(error)) from None
    return settings.model_copy(update={"data_dir": settings.data_dir.expanduser().absolute()})


def _from_file(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path} must hold keys and values, such as `port: 8000`")
    for key in loaded:
        _known(str(key), str(path))
    return {str(key): value for key, value in loaded.items()}


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for name, value in env.items():
        if name.startswith(PREFIX) and name not in ALSO_KNOWN and not name.startswith("AIOPS_TEST_"):
            key = name.removeprefix(PREFIX).lower()
            _known(key, f"the environment ({name})")
            values[key] = value
    return values


def _tokens(env: Mapping[str, str]) -> dict[str, str]:
    """AIOPS_TOKEN, or lines of `token` or `name: token` in AIOPS_TOKEN_FILE."""
    tokens = {"token": env["AIOPS_TOKEN"].strip()} if env.get("AIOPS_TOKEN") else {}
    if file := env.get("AIOPS_TOKEN_FILE"):
        try:
            lines = Path(file).read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise ConfigError(f"cannot read AIOPS_TOKEN_FILE {file}: {error.strerror}") from None
        for line in filter(None, (one.strip() for one in lines)):
            name, colon, token = line.partition(":")
            tokens[name.strip() if colon else "token"] = token.strip() if colon else line
        if not tokens:
            raise ConfigError(f"AIOPS_TOKEN_FILE {file} holds no token")
    return tokens


def _known(key: str, where: str) -> None:
    if key not in Settings.model_fields:
        near = difflib.get_close_matches(key, Settings.model_fields, n=1)
        hint = f"did you mean `{near[0]}`?" if near else "`aiops config show` lists the keys"
        raise ConfigError(f"unknown key `{key}` in {where}; {hint}")


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    if key.startswith("tokens"):  # a secret is not repeated
        return (
            f"`tokens`: {reason[0].lower()}{reason[1:]}; give AIOPS_TOKEN, AIOPS_TOKEN_FILE, or a map of name to token"
        )
    return f"`{key}`: {reason[0].lower()}{reason[1:]}, not {first['input']!r}" if key else reason
