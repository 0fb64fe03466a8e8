"""The engine itself, put together from its sources and stores as the settings say."""

import logging
from hashlib import sha256

from aiops.bootstrap import calendars, catalogs, objectives
from aiops.bootstrap.world import TelemetrySources
from aiops.config import Settings
from aiops.detect import Calendar, Tuning
from aiops.engine import Detector, Engine, Pace
from aiops.engine.objectives import Budgets, NoBudgets
from aiops.incidents import ResolutionPolicy
from aiops.model.catalog import Catalog
from aiops.model.errors import NotPossible, StartError
from aiops.observability.telemetry import Telemetry
from aiops.ports import Clock
from aiops.sources.on_call import check_installed
from aiops.store import Rings, Snapshots, SqlIncidents, SqlObjectives

log = logging.getLogger(__name__)


class CannotStart(StartError):
    """The engine cannot start; the message is one sentence that says why and what to do."""


def assembled(
    settings: Settings,
    world: TelemetrySources,
    store: SqlIncidents,
    clock: Clock,
    telemetry: Telemetry,
    *,
    calendar: Calendar,
    budgets: Budgets | NoBudgets,
) -> Engine:
    """Build an engine; what it learns is kept in `settings.data_dir`."""
    tuning = Tuning()
    pace = Pace(settings.cycle_seconds, settings.backfill_seconds, ResolutionPolicy(settings.resolve_seconds))
    return Engine(
        metrics=world.metrics,
        traces=world.traces,
        topology=world.topology,
        verdicts=world.verdicts,
        store=store,
        snapshots=Snapshots(settings.data_dir / "learned.npz", _fingerprint(pace.step, tuning, calendar)),
        clock=clock,
        telemetry=telemetry,
        pace=pace,
        sample=settings.traces_limit,
        detector=Detector(tuning, calendar),
        edges=world.edges,
        senders=world.senders,
        logs=world.logs,
        budgets=budgets,
    )


def budgets_of(settings: Settings, world: TelemetrySources, store: SqlIncidents) -> Budgets | NoBudgets:
    """Load the configured objectives. A problem in a file is logged, and affects its own document only. Raises
    CannotStart."""
    if not settings.objective_paths:
        return NoBudgets()
    try:
        found = objectives.load_objectives(settings.objective_paths)
    except (OSError, UnicodeError) as error:
        raise CannotStart(f"cannot read objectives: {error}; set objectives") from None
    for problem in found.problems:
        log.error("%s: this objective is left out", problem)
    return Budgets(
        found,
        world.metrics,
        SqlObjectives(store.database),
        Rings(settings.data_dir / "objectives.npz"),
        settings.backfill_seconds,
        ruled=world.ruled,
        tells=world.ruled is None,  # otherwise the alerts of Prometheus notify
    )


def calendar_of(settings: Settings) -> Calendar:
    """Load the configured calendar. Raises CannotStart."""
    try:
        return calendars.of(settings)
    except calendars.BadCalendar as error:
        raise CannotStart(str(error)) from None


def catalog_of(settings: Settings) -> Catalog:
    """Load the configured catalogue of services. Raises CannotStart, also where a calendar cannot be read for want of a
    package."""
    try:
        found = catalogs.of(settings)
        if any(one.on_call for one in found.services.values()):
            check_installed()
    except (catalogs.BadCatalog, NotPossible) as error:
        raise CannotStart(str(error)) from None
    return found


def _fingerprint(step: float, tuning: Tuning, calendar: Calendar) -> str:
    """Return a fingerprint of the step, the time zones and the tuning: learned state is valid only for these."""
    return sha256(f"{step}|{tuning!r}|{calendar.zones!r}".encode()).hexdigest()[:16]
