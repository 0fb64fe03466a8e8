"""What people and programs may ask of a running engine and do to it: the services that API and pages are built on."""

from dataclasses import dataclass, field

from aiops.config import Settings
from aiops.engine import Engine
from aiops.model.catalog import Catalog
from aiops.service.acceptance import AcceptanceService
from aiops.service.access import AccessService
from aiops.service.actions import ActionService, Remedies
from aiops.service.actions.facts import ActionFacts
from aiops.service.actions.keeping import ActionKeeper
from aiops.service.alerts import AlertService
from aiops.service.audit import AuditService
from aiops.service.backtest import BacktestService
from aiops.service.bad_requests import BadRequestService
from aiops.service.details import ServiceDetails
from aiops.service.dismissals import DismissalService
from aiops.service.drills import DrillService
from aiops.service.explanation import ExplanationService
from aiops.service.handover import HandoverService
from aiops.service.health import HealthService
from aiops.service.incidents import IncidentService
from aiops.service.logs import LogService
from aiops.service.map import MapService
from aiops.service.oidc import OpenIdProvider, SingleSignOn
from aiops.service.operation import OperationService
from aiops.service.picture import PictureService
from aiops.service.post_mortem import PostMortemService
from aiops.service.responsible import ResponsibleService
from aiops.service.silences import SilenceService
from aiops.service.slos import SloService
from aiops.service.system import Installation, SystemService
from aiops.service.telemetry import TelemetryService
from aiops.service.traces import TraceService
from aiops.service.users import UserService
from aiops.service.versions import VersionService
from aiops.service.workflow import WorkflowService
from aiops.store import (
    SqlAccepted,
    SqlAccess,
    SqlActions,
    SqlAlerts,
    SqlAudit,
    SqlDrills,
    SqlIncidents,
    SqlObjectives,
    SqlUsers,
)
from aiops.store.comments import SqlComments
from aiops.store.dismissals import SqlDismissals
from aiops.store.silences import SqlSilences


@dataclass(slots=True)
class UseCases:
    """The services of one engine. `started` is in Unix seconds; `grafana_url` is where people find Grafana.

    `generated_until`: telemetry from before this Unix time was generated, not received; None where all was received.
    """

    engine: Engine
    store: SqlIncidents
    started: float = 0.0
    grafana_url: str = ""
    generated_until: float | None = None
    installation: Installation = field(default_factory=Installation)
    remedies: Remedies = field(default_factory=Remedies)
    catalog: Catalog = field(default_factory=Catalog)
    incidents: IncidentService = field(init=False)
    acceptance: AcceptanceService = field(init=False)
    workflow: WorkflowService = field(init=False)
    silences: SilenceService = field(init=False)
    dismissals: DismissalService = field(init=False)
    handover: HandoverService = field(init=False)
    actions: ActionService = field(init=False)
    health: HealthService = field(init=False)
    logs: LogService = field(init=False)
    map: MapService = field(init=False)
    telemetry: TelemetryService = field(init=False)
    details: ServiceDetails = field(init=False)
    versions: VersionService = field(init=False)
    traces: TraceService = field(init=False)
    explanation: ExplanationService = field(init=False)
    picture: PictureService = field(init=False)
    responsible: ResponsibleService = field(init=False)
    post_mortems: PostMortemService = field(init=False)
    slos: SloService = field(init=False)
    bad_requests: BadRequestService = field(init=False)
    alerts: AlertService = field(init=False)
    drills: DrillService = field(init=False)
    operation: OperationService = field(init=False)
    system: SystemService = field(init=False)
    backtest: BacktestService = field(init=False)
    access: AccessService = field(init=False)
    audit: AuditService = field(init=False)
    users: UserService = field(init=False)
    _single: SingleSignOn | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        engine, store = self.engine, self.store
        self.health = HealthService(engine, store)
        self.incidents = IncidentService(engine, store, self.health)
        self.acceptance = AcceptanceService(engine, self.incidents, SqlAccepted(store.database))
        self.logs = LogService(engine)
        self.workflow = WorkflowService(engine, self.incidents, SqlComments(store.database))
        self.silences = SilenceService(engine, self.incidents, SqlSilences(store.database))
        self.dismissals = DismissalService(engine, self.incidents, SqlDismissals(store.database))
        self.map = MapService(engine, store, self.health)
        self.telemetry = TelemetryService(engine)
        self.details = ServiceDetails(engine, store, self.health)
        self.versions = VersionService(engine, store)
        self.traces = TraceService(engine, store)
        self.explanation = ExplanationService(engine, self.health)
        self.picture = PictureService(engine)
        self.responsible = ResponsibleService(self.catalog, engine.clock)
        self.slos = SloService(engine.budgets, SqlObjectives(store.database), store, engine.clock, engine.lock)
        comments, silences = SqlComments(store.database), SqlSilences(store.database)
        self.handover = HandoverService(engine, store, comments, silences, self.slos)
        self.bad_requests = BadRequestService(engine, self.slos)
        self.alerts = AlertService(SqlAlerts(store.database), store, engine.clock, engine.lock, engine.telemetry.alerts)
        self.drills = DrillService(engine, SqlDrills(store.database), store)
        self.operation = OperationService(engine, store, self.alerts, self.health, self.drills, self.started)
        self.actions = self._actions()
        self.backtest = BacktestService(engine)
        self.system = SystemService(engine, self.operation, self.health, self.started, self.installation)
        self.access = AccessService(SqlAccess(store.database), engine.clock)
        self.users = UserService(SqlUsers(store.database), engine.clock)
        self.audit = AuditService(SqlAudit(store.database), engine.clock)
        self.post_mortems = PostMortemService(self.incidents, self.alerts, self.picture, self.audit, self.responsible)

    def single_sign_on(self, settings: Settings) -> SingleSignOn | None:
        """Return sign-in by way of the OpenID provider of the settings: the same one for all who ask. None where there
        is no provider. Raises ConfigError."""
        if not settings.oidc.issuer:
            return None
        if self._single is None or (self._single.provider.settings, self._single.url) != (settings.oidc, settings.url):
            self._single = SingleSignOn(OpenIdProvider(settings.oidc, self.engine.clock), settings.url)
        return self._single

    def _actions(self) -> ActionService:
        engine, store = self.engine, self.store
        actions = SqlActions(store.database)
        facts = ActionFacts(
            engine=engine,
            incidents=store,
            alerts=self.alerts.store,
            store=actions,
            map=self.map,
            details=self.details,
            commands=self.remedies.commands,
        )
        keeper = ActionKeeper(engine, actions, store, engine.telemetry.actions)
        return ActionService(engine=engine, facts=facts, keeper=keeper, remedies=self.remedies)

    def now(self) -> float:
        """Return the time of the engine's clock, Unix seconds."""
        return self.engine.clock.now()
