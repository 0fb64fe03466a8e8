"""A running application: the engine with its sources, pages and API, threads, and their shutdown."""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiops import __version__
from aiops.api import create_app, door, refuse_unlisted, security_headers
from aiops.bootstrap.actions import remedies_of
from aiops.bootstrap.assembly import CannotStart, assembled, budgets_of, calendar_of, catalog_of
from aiops.bootstrap.kubernetes import kubernetes_of
from aiops.bootstrap.notifications import Notifications, notifications_of
from aiops.bootstrap.world import TelemetrySources, all_embedded, on_stores
from aiops.config import ConfigError, Settings
from aiops.engine import Cycle
from aiops.engine.objectives import Budgets
from aiops.engine.scheduler import Chore, Runner
from aiops.http.serving import Capacity, Certificates, HttpServer, NoCertificate, TlsFiles
from aiops.model.errors import InvalidInput, StoreError
from aiops.notify import EVERY, Alertmanager
from aiops.observability.telemetry import Telemetry
from aiops.process.folder import DataFolder, FolderError
from aiops.service.access import AccessService
from aiops.service.gate import Gate
from aiops.service.system import Installation
from aiops.service.use_cases import UseCases
from aiops.sources.embedded import EmbeddedSource
from aiops.sources.kubernetes import KubernetesWatcher
from aiops.sources.receiver.admission import admitted_by
from aiops.store import SqlIncidents, SqlObjectives, open_store
from aiops.web import add_pages

log = logging.getLogger(__name__)

STOP_SECONDS = 5
KEYS_SECONDS = 300.0
"""How often it is looked whether the keys of an OpenID provider are to be read anew."""


class SystemClock:
    """The clock of the system."""

    def now(self) -> float:
        """Return the current time in Unix seconds."""
        return time.time()


@dataclass(slots=True, kw_only=True)
class Application:
    """All parts of one engine. `stop` undoes `start`; each may be called once."""

    settings: Settings
    world: TelemetrySources
    store: SqlIncidents
    use_cases: UseCases
    runner: Runner
    server: HttpServer
    alertmanagers: tuple[Alertmanager, ...]
    notifications: Notifications
    folder: DataFolder
    kubernetes: KubernetesWatcher | None = None
    broken: bool = False  # ended by itself because of an error, to be started again
    _serving: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address of pages and API."""
        return self.settings.url

    @property
    def source(self) -> EmbeddedSource:
        """The engine's own source of telemetry. Raises LookupError when it reads everything from elsewhere."""
        if self.world.embedded is None:
            raise LookupError("this engine keeps no telemetry of its own")
        return self.world.embedded

    def start(self) -> None:
        """Receive telemetry, judge and answer HTTP, in separate threads. Raises SourceError."""
        self.world.start()
        self.runner.start()
        self.notifications.start()
        if self.kubernetes is not None:
            self.kubernetes.start()
        self.serve()

    def serve(self) -> None:
        """Answer HTTP until `stop`."""
        self._serving = threading.Thread(target=self._answer, name="aiops-http", daemon=True)
        self._serving.start()

    def _answer(self) -> None:
        """Answer HTTP. A process that no longer answers is useless: it ends, so that it is started again."""
        try:
            self.server.run()
        finally:
            if not self.server.closing:
                log.critical("the thread that answers HTTP has ended, and so does this engine")
                self.broken = True
                os.kill(os.getpid(), signal.SIGTERM)

    def stop(self) -> None:
        """End everything. No thread may be left that holds the store: it must be closed before the interpreter ends."""
        self.server.close()
        if self._serving is not None:
            self._serving.join(STOP_SECONDS)
        self.notifications.stop()
        if self.kubernetes is not None:
            self.kubernetes.stop()
        self.runner.stop()
        self.use_cases.slos.keep()
        for one in self.alertmanagers:
            one.close()
        self.world.close()
        self.store.close()
        self.use_cases.engine.telemetry.close()
        self.folder.release()


def embedded(settings: Settings) -> Application:
    """Build an engine on its own store of telemetry in `settings.data_dir`; nothing listens before `start`.

    Raises SourceError, StoreError or CannotStart.
    """
    clock = SystemClock()
    with _taken(settings) as folder:
        return _build(settings, clock, all_embedded(settings, clock), Telemetry(settings.traces_url), folder)


def on_stack(settings: Settings) -> Application:
    """Build an engine on Prometheus, and on Tempo where that is configured; nothing is queried or listens before
    `start`.

    Raises SourceError, StoreError, ConfigError or CannotStart.
    """
    if not settings.prometheus.url:
        raise CannotStart("no Prometheus to read from; give --prometheus-url or set AIOPS_PROMETHEUS_URL")
    clock, telemetry = SystemClock(), Telemetry(settings.traces_url)
    with _taken(settings) as folder:
        return _build(settings, clock, on_stores(settings, clock, telemetry), telemetry, folder)


@contextmanager
def _taken(settings: Settings) -> Iterator[DataFolder]:
    """Hold the data folder for the application that is built with it. Raises CannotStart."""
    try:
        folder = DataFolder(settings.data_dir)
    except FolderError as error:
        raise CannotStart(str(error)) from None
    try:
        yield folder
    except BaseException:
        folder.release()
        raise


def _build(
    settings: Settings, clock: SystemClock, world: TelemetrySources, telemetry: Telemetry, folder: DataFolder
) -> Application:
    telemetry.about(settings.url)
    telemetry.interval.set(settings.cycle_seconds)
    try:
        calendar, catalog, remedies = calendar_of(settings), catalog_of(settings), remedies_of(settings)
        store = SqlIncidents(open_store(f"sqlite:///{settings.data_dir / 'incidents.sqlite'}"))
    except (StoreError, CannotStart):
        world.close()
        raise
    try:
        budgets = budgets_of(settings, world, store)
    except (StoreError, CannotStart):
        world.close()
        store.close()
        raise
    engine = assembled(settings, world, store, clock, telemetry, calendar=calendar, budgets=budgets)
    built_on = Installation(world.places, world.embedded)
    use_cases = UseCases(
        engine,
        store,
        clock.now(),
        settings.grafana_url,
        installation=built_on,
        remedies=remedies,
        catalog=catalog,
    )
    try:
        single = use_cases.single_sign_on(settings)
        notifications = notifications_of(settings, use_cases, telemetry, clock)
    except ConfigError:
        world.close()
        store.close()
        raise
    except (InvalidInput, StoreError) as error:
        world.close()
        store.close()
        raise CannotStart(str(error)) from None
    use_cases.system.channels = notifications.statuses
    kept = SqlObjectives(store.database) if isinstance(budgets, Budgets) else None

    def posted(to: str, outcome: str) -> None:
        telemetry.posts.labels(to, outcome).inc()

    alertmanagers = tuple(
        Alertmanager(one, settings.url, store, clock, posted, kept, settings.grafana_url)
        for one in settings.alertmanagers
    )

    def after(cycle: Cycle) -> None:
        if (source := world.embedded) is not None:
            if cycle.watermark is not None:
                source.judged(cycle.watermark)
            stats = source.stats()
            telemetry.spans.set(stats.accepted_spans)
            telemetry.points.set(stats.accepted_points)
            for reason, count in source.store.reasons().items():
                telemetry.faults.labels(reason).set(count)
            telemetry.late.set(stats.late_spans + stats.late_points)
        for folded in world.folded:
            for limit, count in folded().items():
                use_cases.operation.overflow.add(limit, count, clock.now())
                telemetry.dropped.labels(limit).inc(count)
        use_cases.operation.after_cycle()
        notifications.expose()

    runner = Runner(
        engine,
        (
            *notifications.chores(),
            Chore("actions", 1.0, use_cases.actions.work),
            Chore("expire", 600.0, engine.expire),
            Chore("purge", 3600.0, use_cases.alerts.purge),
            Chore("normal", 600.0, use_cases.acceptance.purge),
            Chore("objectives", 3600.0, use_cases.slos.purge),
            *([Chore("provider", KEYS_SECONDS, single.provider.refresh)] if single is not None else []),
            Chore("on call", 60.0, use_cases.responsible.refresh),
            Chore("versions", 60.0, use_cases.versions.judge),
            Chore("sessions", 3600.0, lambda: use_cases.access.purge(Gate.of(settings, use_cases).lengths)),
            *(Chore("alertmanager", EVERY, one.send) for one in alertmanagers),
        ),
        after,
    )
    if world.embedded is not None:
        _admit_senders(use_cases.access, world.embedded, settings)
    app = create_app(use_cases, settings)
    add_pages(app, use_cases, settings)
    refuse_unlisted(app)
    try:
        server = HttpServer(
            app,
            door(use_cases, settings),
            (settings.host, settings.port),
            Capacity(headers=security_headers(settings), certificates=_certificates(settings, telemetry)),
            ident=f"aiops/{__version__}",
        )
    except NoCertificate as error:
        world.close()
        store.close()
        raise CannotStart(str(error)) from None
    except OSError as error:
        world.close()
        store.close()
        raise CannotStart(
            f"cannot listen on {settings.host}:{settings.port} for pages and API: {error.strerror}; "
            "stop what uses the port or set another with --port or AIOPS_PORT"
        ) from None
    return Application(
        settings=settings,
        world=world,
        store=store,
        use_cases=use_cases,
        runner=runner,
        server=server,
        alertmanagers=alertmanagers,
        notifications=notifications,
        folder=folder,
        kubernetes=kubernetes_of(settings, clock, use_cases),
    )


def _certificates(settings: Settings, telemetry: Telemetry) -> Certificates | None:
    """Return the certificate for pages and API, None where they are served without TLS. Raises NoCertificate."""
    if not settings.tls.on_pages:
        return None

    def told(taken: bool) -> None:
        telemetry.tls.labels("taken" if taken else "refused").inc()

    return Certificates(TlsFiles(settings.tls.cert_file, settings.tls.key_file), told)


def _admit_senders(access: AccessService, source: EmbeddedSource, settings: Settings) -> None:
    """Let those send telemetry who have a token of the settings or one that an admin made, now and after each
    change."""
    fixed = admitted_by((settings.sending_tokens or {}).values())

    def admit() -> None:
        source.receivers.admit({**access.senders(), **fixed})

    access.changed = admit
    admit()
