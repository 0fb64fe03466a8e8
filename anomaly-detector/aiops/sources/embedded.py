"""The embedded source as a whole: what bootstrap builds, starts and closes."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.http.serving import TlsFiles
from aiops.model.errors import SourceError
from aiops.ports import Clock
from aiops.sources.common.caps import Limits
from aiops.sources.duckdb.logs import LogStore, file_beside
from aiops.sources.duckdb.metrics import EmbeddedMetrics
from aiops.sources.duckdb.opening import MEMORY
from aiops.sources.duckdb.store import Stats, Store
from aiops.sources.duckdb.topology import EmbeddedTopology
from aiops.sources.duckdb.traces import EmbeddedTraces
from aiops.sources.duckdb.verdicts import EmbeddedVerdicts
from aiops.sources.receiver.receivers import Listen, Receivers

log = logging.getLogger(__name__)

_RETAIN_EVERY_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedSettings:
    """`path` is a file or ":memory:"; port 0 takes any free port; `tokens` maps names to secrets, None means that
    everybody may send."""

    path: str = MEMORY
    host: str = "127.0.0.1"
    grpc_port: int = 4317
    http_port: int = 4318
    lateness_seconds: float = 10.0
    retention_hours: float = 48.0
    tokens: Mapping[str, str] | None = None
    memory_limit: str = "160MB"
    threads: int = 2
    max_export_bytes: int = 16 << 20
    public_url: str = ""
    allowed_hosts: str = ""
    cors_origins: str = ""
    exports: int = 0
    tls: TlsFiles | None = None
    limits: Limits = field(default_factory=Limits)
    logs_hours: float = 24.0
    logs_max_mb: int = 1024
    logs_per_second: int = 1000

    def __post_init__(self) -> None:
        if self.retention_hours < 1:
            raise ValueError(f"retention_hours must be at least 1, not {self.retention_hours}")


class EmbeddedSource:
    """Receiver, store and the ports on them: `metrics`, `traces`, `topology` and `verdicts`."""

    def __init__(self, settings: EmbeddedSettings, clock: Clock) -> None:
        """Open the store. Raises SourceError."""
        self._clock = clock
        self._retention = settings.retention_hours * 3600
        self.store = Store(settings.path, clock.now, settings.memory_limit, settings.threads)
        try:
            self.logs = LogStore(file_beside(settings.path), clock.now, settings.logs_max_mb << 20)
        except SourceError:
            self.store.close()
            raise
        self._logs_retention = settings.logs_hours * 3600
        self.metrics = EmbeddedMetrics(self.store, settings.lateness_seconds)
        self.traces = EmbeddedTraces(self.store)
        self.topology = EmbeddedTopology(self.store)
        self.verdicts = EmbeddedVerdicts(self.store)
        listen = Listen(
            host=settings.host,
            grpc_port=settings.grpc_port,
            http_port=settings.http_port,
            tokens=settings.tokens,
            max_bytes=settings.max_export_bytes,
            public_url=settings.public_url,
            allowed_hosts=settings.allowed_hosts,
            cors_origins=settings.cors_origins,
            exports=settings.exports,
            tls=settings.tls,
            limits=settings.limits,
            logs_per_second=settings.logs_per_second,
        )
        self.receivers = Receivers(self.store, listen, self._retention, self.logs)
        self._closing = threading.Event()
        self._retainer: threading.Thread | None = None

    def start(self) -> None:
        """Start receiving, and regularly drop what is older than the retention. Raises SourceError."""
        self.receivers.start()
        self._retainer = threading.Thread(target=self._retain, name="retention", daemon=True)
        self._retainer.start()

    def judged(self, until: float) -> None:
        """Set the end of the last step judged: older data that arrive later count as late."""
        self.store.judged_until = until

    def stats(self) -> Stats:
        """Return what was received since the start."""
        return self.store.stats()

    def close(self) -> None:
        """Stop receiving and close the store."""
        self._closing.set()
        self.receivers.stop()
        if self._retainer is not None:
            self._retainer.join()
        self.store.close()
        self.logs.close()

    def _retain(self) -> None:
        while not self._closing.is_set():
            try:
                # By the time of telemetry: a clock that jumped ahead must not drop recent data.
                until = min(self._clock.now(), self.store.newest() or 0.0)
                self.store.drop_before(until - self._retention)
                self.logs.keep_within(until - self._logs_retention)
            except SourceError as problem:
                log.error("%s", problem)
            self._closing.wait(_RETAIN_EVERY_SECONDS)
