"""What may be asked about objectives: the status of each, its burn records, and the source of each number."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiops.engine.objectives import Budgets, NoBudgets
from aiops.model import Burn, Incident, IncidentFilter, Labels, LedgerKey, Server, Slo, counted_requests
from aiops.model.errors import NotFound
from aiops.ports import Clock
from aiops.slo import Objectives
from aiops.slo.live.budget import HOUR
from aiops.slo.live.counter import sli_of
from aiops.slo.live.history import BudgetHistory, budget_history
from aiops.slo.live.status import LOOKBACK, CompositeStatus, SloState, SloStatus
from aiops.slo.rules import promql, tiers
from aiops.slo.rules.prometheus import BURN, selector
from aiops.slo.spec import durations
from aiops.slo.spec.periods import excluded
from aiops.store import SqlIncidents, SqlObjectives

log = logging.getLogger(__name__)

SHOWN: Final = 50
HISTORIES: Final = 3
"""Of so many groups, the worst ones, the history is read; that of another one is read when it is asked for."""
INCIDENTS: Final = 50
"""The newest incidents of a service among which those that hit an objective are looked for."""
FIVE: Final = 300
KEPT: Final = 400 * 86_400.0
WORST: Final = tuple(SloState)


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a number. `exact`: counted by the engine, or computed from such counts; otherwise recorded by
    Prometheus' rules, or an estimate. `promql` is the same number in PromQL, where that is possible."""

    number: str
    exact: bool
    query: str
    promql: str = ""


@dataclass(slots=True)
class SloService:
    """Objectives and their status after the last cycle. Methods may raise StoreError; methods with a name raise
    NotFound."""

    budgets: Budgets | NoBudgets
    store: SqlObjectives
    incidents: SqlIncidents
    clock: Clock
    lock: threading.RLock

    @property
    def objectives(self) -> Objectives:
        """All objectives that were read, with the problems of their files."""
        return self.budgets.objectives

    @property
    def left_out(self) -> dict[str, str]:
        """Objectives that are not counted, with the reason."""
        return self.budgets.left_out

    def all(self) -> tuple[SloStatus, ...]:
        """Return all groups that are counted, the worst first."""
        return tuple(
            sorted(self.budgets.statuses, key=lambda one: (WORST.index(one.state), one.budget.left, one.slo.name))
        )

    def at(self) -> float:
        """Return the time that the status refers to, Unix seconds."""
        found = self.budgets.statuses
        return found[0].at if found else self.clock.now()

    def composites(self) -> tuple[CompositeStatus, ...]:
        """Return the status of all composite objectives."""
        return self.budgets.composites

    def one(self, name: str, group: Labels | None = None) -> tuple[Slo, list[SloStatus]]:
        """Return an objective and its groups, the worst first, or one group alone; no groups where it is left out."""
        slo = next((one for one in self.objectives.slos if one.name == name), None)
        if slo is None:
            raise NotFound(f"there is no objective {name!r}")
        found = [one for one in self.all() if one.slo.name == name]
        if group is not None and not (found := [one for one in found if one.group == group]):
            raise NotFound(
                f"objective {name!r} has no group {', '.join(f'{key}={value}' for key, value in group)!r}; "
                f"it is split by {', '.join(slo.group_by) or 'nothing'}"
            )
        return slo, found

    def histories(self, found: Sequence[SloStatus]) -> list[BudgetHistory]:
        """Return how the budgets of the first groups, at most HISTORIES, were spent over their period."""
        return [self._history(one) for one in found[:HISTORIES]]

    def hit_by(self, slo: Slo, found: Sequence[SloStatus]) -> list[Incident]:
        """Return the incidents of the period that list an objective, newest first, of the last INCIDENTS ones of its
        service."""
        of = counted_requests(slo, ())
        since = min((one.period.start for one in found), default=None)
        wanted = IncidentFilter(service=slo.service if of is None else of.service, since=since)
        newest, _ = self.incidents.page(wanted, limit=INCIDENTS)
        return [one for one in newest if any(each.slo == slo.name for each in one.slo_impact)]

    def burns(self, name: str) -> list[Burn]:
        """Return the burn records of an objective, newest first."""
        return self.store.burns(name, SHOWN)

    def _history(self, of: SloStatus) -> BudgetHistory:
        key = LedgerKey(of.slo.name, sli_of(of.slo), of.group)
        hours = self.store.hours(key, int(of.period.start // HOUR))
        return budget_history(of, hours, excluded(of.slo, self.objectives.adjustments, of.period))

    def purge(self) -> None:
        """Delete hours that no period includes any more, and records that ended long ago."""
        if (oldest := self.budgets.oldest_hour) is not None:
            self.store.purge(oldest, self.clock.now() - KEPT)

    def keep(self) -> None:
        """Save what the next start needs; called at the end."""
        with self.lock:
            try:
                self.budgets.keep(self.clock.now(), at_once=True)
            except OSError as error:
                log.warning("counts of objectives could not be saved: %s", error)


def number_sources(slo: Slo, found: Sequence[SloStatus]) -> list[Source]:
    """Return the query behind each number."""
    allowed, over = f"{slo.allowed.normalize():f}", slo.period.text
    events, bad = _counted(slo)
    total = promql.total(slo, FIVE)
    each = ", ".join(durations.promql_duration(window) for window in tiers.WINDOWS)
    ruled = any(one.ruled for one in found)
    burn = "recorded by Prometheus" if ruled else f"bad / all / {allowed}, of what was counted over {each}"
    every = "all slices of the period" if slo.slices else "all"
    lasts = f"budget left x {over} / (burn over {durations.promql_duration(LOOKBACK)} - burn of what ages out)"
    return [
        Source("events", exact=True, query=events, promql=total),
        Source("bad_events", exact=True, query=bad, promql=promql.bad(slo, FIVE, f"({total})")),
        Source("burn_rates", not ruled, burn, f"{BURN}5m{selector(slo)}" if ruled else ""),
        Source("budget_left", exact=True, query=f"1 - bad / {every} / {allowed}, of the ledger's hours over {over}"),
        Source("exhausted_in", exact=False, query=lasts),
    ]


def _counted(slo: Slo) -> tuple[str, str]:
    """Return what all events and what bad events are."""
    of = slo.indicator
    if not isinstance(of, Server):
        events, bad = "increments of its counters", "those of the bad ones, or what is left of the good ones"
    else:
        where = (("service", of.service), ("route", of.route), ("method", of.method))
        events = "requests of " + ", ".join(f"{key}={value}" for key, value in where if value)
        failed = "those that failed"
        bad = failed if of.threshold is None else f"those not answered within {tiers.plain_number(of.threshold)} s"
    if slo.slices is None:
        return f"{events}, by the step", bad
    share = f"{(100 * (1 - slo.slices.target)).normalize():f}%"
    return f"slices of {slo.slices.seconds} s with {events}", f"slices with more than {share} of {bad}"
