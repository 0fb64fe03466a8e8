"""Settings: one frozen object, with the meaning of each key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from aiops.config.access import LimitSettings, OidcSettings, TlsSettings
from aiops.model import Role
from aiops.model.errors import InvalidInput

PREFIX = "AIOPS_"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - recognised here, never chosen
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LEAST_TOKEN: Final = 16
"""Characters that a token has at least."""
# Variables that are read elsewhere: by tests, and for tokens with names.
ALSO_KNOWN = ("AIOPS_TOKEN", "AIOPS_TOKEN_FILE", "AIOPS_CA_FILE", "AIOPS_CONFIG", "AIOPS_URL")

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class ConfigError(InvalidInput):
    """The configuration cannot be used; the message names the key, its value and what is allowed."""


class StoreSettings(BaseModel):
    """The address of a store and the credentials for it. A key `x` of the store `prometheus` is `prometheus: {x: …}` in
    the file, or `prometheus_x:`, and `AIOPS_PROMETHEUS_X` in the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = ""
    tenant: str = Field("", description="tenant, sent to the store as X-Scope-OrgID; empty: none")
    username: str = Field("", description="user name for basic authentication; empty: none")
    secret_file: str = Field("", description="file with the password, or with a bearer token if there is no user name")
    ca_file: str = Field("", description="CA certificates (PEM) by which the store is verified")
    cert_file: str = Field("", description="client certificate (PEM), for mutual TLS")
    key_file: str = Field("", description="private key (PEM) of the client certificate")

    @field_validator("url", "otlp_url", check_fields=False)
    @classmethod
    def _is_http(cls, value: str) -> str:
        return _address(value)


class PrometheusSettings(StoreSettings):
    """Prometheus, or a store with the same API."""

    url: str = Field("", description="address of Prometheus, to read metrics; empty: the engine's own store")
    otlp_url: str = Field(
        "", description="address for verdicts and calls, sent as OTLP, without /v1/metrics; empty: Prometheus' own path"
    )


class TempoSettings(StoreSettings):
    """Grafana Tempo."""

    url: str = Field("", description="address of Tempo, to read traces; empty: the engine's own store")
    reads: int = Field(
        1, ge=1, le=64, description="whole traces read in parallel; each one takes 150 MB of memory in Tempo meanwhile"
    )


class Settings(BaseSettings):
    """All settings. A key `x` is `x:` in the file and `AIOPS_X` in the environment, which wins."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="_", env_nested_max_split=1
    )

    host: str = Field("127.0.0.1", description="address of pages and API")
    port: Port = Field(8000, description="port of pages and API")
    public_url: str = Field(
        "", description="address of the pages for people, used in links; empty: made of host and port"
    )
    otlp_host: str = Field("127.0.0.1", description="address of the OTLP receivers")
    otlp_grpc_port: Port = Field(4317, description="port of the OTLP receiver over gRPC")
    otlp_http_port: Port = Field(4318, description="port of the OTLP receiver over HTTP")
    allowed_hosts: str = Field(
        "", description="further host names, by commas, under which pages, API and OTLP over HTTP answer"
    )
    otlp_cors_origins: str = Field(
        "", description="origins of web pages that may send OTLP over HTTP, by commas; *: all; empty: none"
    )
    data_dir: Path = Field(
        Path("~/.local/share/aiops"), description="folder for telemetry, incidents and learned state"
    )
    cycle_seconds: Seconds = Field(15.0, description="seconds between two cycles, and the length of a step")
    lateness_seconds: float = Field(10.0, ge=0, description="seconds to wait for late data before a step is judged")
    resolve_seconds: Seconds = Field(30.0, description="seconds without symptoms before an incident resolves by itself")
    retention_hours: float = Field(48.0, ge=1, description="hours for which spans and points are stored")
    logs_hours: float = Field(24.0, gt=0, description="hours for which log records are stored")
    logs_max_mb: int = Field(1024, ge=16, description="room for log records in MB; beyond it the oldest are dropped")
    logs_per_second: int = Field(
        1000, ge=1, description="log records of one service that are stored each second; others are only counted"
    )
    backfill_seconds: float = Field(
        3600.0, ge=0, description="seconds of stored history to learn from without a learned state"
    )
    memory_limit_mb: int = Field(128, ge=64, description="memory limit of the telemetry store in MB")
    services_limit: int = Field(500, ge=1, description="most services; all further ones count as one, `other`")
    routes_limit: int = Field(
        200, ge=1, description="most routes of one service; all further ones count as one, `other`"
    )
    callees_limit: int = Field(
        200, ge=1, description="most callees of one service; all further ones count as one, `other`"
    )
    processes_limit: int = Field(10_000, ge=1, description="most processes that the engine's own store distinguishes")
    series_limit: int = Field(
        100_000,
        ge=10,
        description="most series of metrics; the engine's own store sums up the rest, from Prometheus it is not read",
    )
    traces_limit: int = Field(
        60, ge=20, le=1000, description="most traces that are read of each population: bad, good, any of the bad time"
    )
    prometheus: PrometheusSettings = Field(PrometheusSettings(), description="the store of metrics")
    tempo: TempoSettings = Field(TempoSettings(), description="the store of traces")
    source_timeout_seconds: Seconds = Field(10.0, description="time limit in seconds for one query to a store")
    verdicts_limit: int = Field(5000, ge=0, description="most verdicts, and most edges, written to Prometheus per step")
    traces_url: str = Field("", description="address for the engine's own traces, as OTLP over HTTP; empty: not sent")
    objectives: str = Field("", description="OpenSLO files, or folders of them, by commas; empty: no objectives")
    calendar: str = Field(
        "", description="YAML file of time zones, holidays and events; empty: UTC, no holidays, no events"
    )
    actions_file: str = Field(
        "", description="YAML file of the policy of actions (remediation); empty: nothing is proposed or executed"
    )
    actions_commands: bool = Field(False, description="whether the policy of actions may execute programs")
    catalog_file: str = Field(
        "", description="YAML file of owners, runbooks and calendars of services, plain or Backstage's; empty: none"
    )
    webhook_url: str = Field(
        "", description="address that receives each transition of an incident as JSON; empty: none"
    )
    alertmanager_url: str = Field(
        "", description="address of the Alertmanager for incidents; several, by commas, each get all; empty: none"
    )
    notify_file: str = Field(
        "", description="YAML file of channels and routes of notifications; empty: webhook_url, else the log"
    )
    grafana_url: str = Field(
        "", description="address of Grafana for people, used in links to the dashboards of the engine; empty: none"
    )
    github_secret_file: str = Field(
        "", description="file with the secret of GitHub's webhook for deployments; empty: it needs a token"
    )
    flags_secret_file: str = Field(
        "", description="file with the secret of the webhook for changes of flags; empty: it needs a token"
    )
    kubernetes_watch: bool = Field(
        False, description="whether rollouts, out-of-memory kills and warnings are read from Kubernetes"
    )
    kubernetes_config: str = Field(
        "", description="kubeconfig for the API of Kubernetes; empty: the service account of the engine's own pod"
    )
    kubernetes_namespaces: str = Field(
        "", description="namespaces that are watched, by commas; empty: all of the cluster"
    )
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="level of the log: debug, info, warning or error"
    )
    session_hours: float = Field(
        12.0, gt=0, description="hours after which somebody who signed in on the pages must do so again"
    )
    session_idle_minutes: float = Field(
        60.0, gt=0, description="minutes without a request after which a session on the pages ends"
    )
    tokens: Mapping[str, str] = Field(default_factory=dict, description="tokens by the name of their holder")
    token_roles: Mapping[str, Role] = Field(
        default_factory=dict, description="roles by the name of the holder of a token; admin where none is given"
    )
    oidc: OidcSettings = Field(OidcSettings(), description="the OpenID provider")
    tls: TlsSettings = Field(TlsSettings(), description="TLS that the engine serves")
    limit: LimitSettings = Field(LimitSettings(), description="how often somebody may ask")
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether everybody who reaches the engine may do everything: on loopback, as long as there is neither a token
        nor an OpenID provider."""
        return self.host in LOOPBACK and not self.tokens and not self.oidc.issuer

    @property
    def holders(self) -> dict[str, Role]:
        """The role of each holder of a token."""
        return {name: self.token_roles.get(name, Role.ADMIN) for name in self.tokens}

    @property
    def sending_tokens(self) -> dict[str, str] | None:
        """The tokens with which telemetry may be sent, by name; None: everybody may send."""
        if not self.tokens and not self.oidc.issuer:
            return None
        return {name: token for name, token in self.tokens.items() if self.holders[name].may(Role.INGEST)}

    @property
    def url(self) -> str:
        """The address of pages and API for people: as configured, else the address on this machine."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in EVERYWHERE else self.host
        scheme = "https" if self.tls.on_pages else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def alertmanagers(self) -> tuple[str, ...]:
        """The address of each Alertmanager."""
        return tuple(dict.fromkeys(one.strip() for one in self.alertmanager_url.split(",") if one.strip()))

    @property
    def objective_paths(self) -> tuple[Path, ...]:
        """Files and folders of objectives."""
        return tuple(Path(one.strip()).expanduser() for one in self.objectives.split(",") if one.strip())

    @field_validator("alertmanager_url")
    @classmethod
    def _are_http(cls, value: str) -> str:
        if not all(_http(one.strip()) for one in value.split(",") if one.strip()):
            raise ValueError("each address is like http://127.0.0.1:9093")
        return value

    @field_validator("traces_url", "public_url", "grafana_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        return _address(value)

    @model_validator(mode="before")
    @classmethod
    def _in_stores(cls, values: Any) -> Any:
        return nested(values) if isinstance(values, Mapping) else values

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use only the given values: `load_settings` reads file and environment."""
        return (init_settings,)

    def origin(self, key: str) -> str:
        """Return where the value of a key, by its flat name, came from: `default`, the environment, a file, …"""
        return self._origins.get(key, "default")

    def came_from(self, origins: Mapping[str, str]) -> Self:
        """Remember the origins of values that are not defaults, by flat name."""
        self._origins.update(origins)
        return self

    @classmethod
    def keys(cls) -> dict[str, str]:
        """Return every key by its flat name, as in the environment without its prefix, with its meaning."""
        found: dict[str, str] = {}
        for key, field in cls.model_fields.items():
            inner = GROUPS.get(key)
            parts = {key: field} if inner is None else {f"{key}_{part}": of for part, of in inner.model_fields.items()}
            title = TITLES.get(key, "")
            found |= {name: f"{title}{of.description}" for name, of in parts.items()}
        return found

    def flat(self) -> dict[str, Any]:
        """Return every value by its flat name, ready for JSON."""
        found: dict[str, Any] = {}
        for key, value in self.model_dump(mode="json").items():
            found |= {f"{key}_{part}": each for part, each in value.items()} if key in GROUPS else {key: value}
        return {key: found[key] for key in self.keys()}

    @model_validator(mode="after")
    def _open_only_on_loopback(self) -> Self:
        shown = ("host",) if self.tls.client_ca_file else ("host", "otlp_host")  # senders show a certificate
        exposed = [name for name in shown if getattr(self, name) not in LOOPBACK]
        if exposed and not self.tokens and not self.oidc.issuer:
            raise ValueError(
                f"{exposed[0]}={getattr(self, exposed[0])} is reachable from other machines and no token is set; "
                "make one with `openssl rand -hex 32` and put it into AIOPS_TOKEN or a file named by AIOPS_TOKEN_FILE"
            )
        if any(len(token) < LEAST_TOKEN for token in self.tokens.values()):
            raise ValueError(
                f"tokens: a token has at least {LEAST_TOKEN} characters; make one with `openssl rand -hex 32`"
            )
        if self.oidc.issuer and not self.public_url and self.host not in LOOPBACK:
            raise ValueError("oidc_issuer is set and public_url is not; the provider sends people back to public_url")
        if strange := sorted(set(self.token_roles) - set(self.tokens)):
            raise ValueError(f"token_roles: there is no token of the name {strange[0]!r}; name it in tokens too")
        return self


GROUPS: Final[Mapping[str, type[BaseModel]]] = {
    "limit": LimitSettings,
    "oidc": OidcSettings,
    "prometheus": PrometheusSettings,
    "tempo": TempoSettings,
    "tls": TlsSettings,
}
"""Settings of which several belong together."""
TITLES: Final = {"prometheus": "Prometheus: ", "tempo": "Tempo: "}
"""What stands before the meaning of a setting of a group."""


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Put the settings of each group into one mapping: `prometheus_url` becomes `url` of `prometheus`."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        group, _, part = key.partition("_")
        if group in GROUPS and part in GROUPS[group].model_fields:
            out.setdefault(group, {})[part] = value
        elif key in GROUPS and isinstance(value, Mapping):
            out.setdefault(key, {}).update(value)
        else:
            out[key] = value
    return out


def flat_names(values: Mapping[str, Any]) -> list[str]:
    """Return the flat names of values that `nested` has grouped."""
    return [
        name
        for key, value in values.items()
        for name in ([f"{key}_{part}" for part in value] if key in GROUPS and isinstance(value, Mapping) else [key])
    ]


def _address(url: str) -> str:
    if url and not _http(url):
        raise ValueError("an address is like http://127.0.0.1:9090")
    return url


def _http(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
