"""What may be asked of objectives: how each stands, its records, and where each number is from."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiops.engine.budgets import Budgets
from aiops.model import Burn, Server, Slo
from aiops.ports import Clock, NotFound
from aiops.slo import Objectives
from aiops.slo.live.standing import LOOKBACK, CompositeStatus, SloState, SloStatus
from aiops.slo.rules import promql, tiers
from aiops.slo.rules.prometheus import BURN, selector
from aiops.slo.spec import durations
from aiops.store import SqlObjectives

log = logging.getLogger(__name__)

SHOWN: Final = 50
FIVE: Final = 300
KEPT: Final = 400 * 86_400.0
WORST: Final = tuple(SloState)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number is from. `exact`: counted by the engine, or worked out of such counts; else as Prometheus' rules
    recorded it, or an estimate. `promql` is the same in PromQL, where there is such a thing."""

    number: str
    exact: bool
    query: str
    promql: str = ""


@dataclass(slots=True)
class SloBook:
    """Objectives and how they stand after the last cycle. Methods may raise StoreError; those with a name NotFound."""

    budgets: Budgets | None
    store: SqlObjectives
    clock: Clock
    lock: threading.RLock

    @property
    def objectives(self) -> Objectives:
        return self.budgets.objectives if self.budgets else Objectives()

    @property
    def left_out(self) -> dict[str, str]:
        """Objectives that are not counted, and why."""
        if self.budgets is None:
            return {}
        meter = self.budgets.watch.meter
        unbound = dict.fromkeys(sorted(meter.unbound), "no bucket of its requests ends at its threshold")
        return {**meter.left_out, **unbound}

    def all(self) -> tuple[SloStatus, ...]:
        """All that are counted, the worst first."""
        found = self.budgets.standings if self.budgets else ()
        return tuple(sorted(found, key=lambda one: (WORST.index(one.state), one.budget.left, one.slo.name)))

    def at(self) -> float:
        """The time that all is said of."""
        found = self.budgets.standings if self.budgets else ()
        return found[0].at if found else self.clock.now()

    def journeys(self) -> tuple[CompositeStatus, ...]:
        return self.budgets.journeys if self.budgets else ()

    def one(self, name: str) -> tuple[Slo, list[SloStatus]]:
        """An objective and its groups, the worst first; none where it is left out."""
        slo = next((one for one in self.objectives.slos if one.name == name), None)
        if slo is None:
            raise NotFound(f"there is no objective {name!r}")
        return slo, [one for one in self.all() if one.slo.name == name]

    def burns(self, name: str) -> list[Burn]:
        """Its records, newest first."""
        return self.store.burns(name, SHOWN)

    def purge(self) -> None:
        """Forget hours that no period reaches any more, and records that are long over."""
        if self.budgets is not None:
            hours = self.budgets.watch.hours
            self.store.purge(hours.newest - hours.size, self.clock.now() - KEPT)

    def keep(self) -> None:
        """Keep what the next start needs, at the end."""
        if self.budgets is None:
            return
        with self.lock:
            try:
                self.budgets.keep(self.clock.now(), at_once=True)
            except OSError as error:
                log.warning("counts of objectives could not be saved: %s", error)


def sources(slo: Slo, found: Sequence[SloStatus]) -> list[Source]:
    """The query behind each number."""
    allowed, over = f"{slo.allowed.normalize():f}", slo.period.text
    events, bad = _counted(slo)
    total = promql.total(slo, FIVE)
    each = ", ".join(durations.prometheus(window) for window in tiers.WINDOWS)
    ruled = any(one.ruled for one in found)
    burn = "recorded by Prometheus" if ruled else f"bad / all / {allowed}, of what was counted over {each}"
    every = "all slices of the period" if slo.slices else "all"
    lasts = f"budget left x {over} / (burn over {durations.prometheus(LOOKBACK)} - burn of what ages out)"
    return [
        Source("events", exact=True, query=events, promql=total),
        Source("bad_events", exact=True, query=bad, promql=promql.bad(slo, FIVE, f"({total})")),
        Source("burn_rates", not ruled, burn, f"{BURN}5m{selector(slo)}" if ruled else ""),
        Source("budget_left", exact=True, query=f"1 - bad / {every} / {allowed}, of the ledger's hours over {over}"),
        Source("exhausted_in", exact=False, query=lasts),
    ]


def _counted(slo: Slo) -> tuple[str, str]:
    """What all and what bad events are."""
    of = slo.indicator
    if not isinstance(of, Server):
        events, bad = "increments of its counters", "those of the bad ones, or what is left of the good ones"
    else:
        where = (("service", of.service), ("route", of.route), ("method", of.method))
        events = "requests of " + ", ".join(f"{key}={value}" for key, value in where if value)
        failed = "those that failed"
        bad = failed if of.threshold is None else f"those not answered within {tiers.plain(of.threshold)} s"
    if slo.slices is None:
        return f"{events}, by the step", bad
    share = f"{(100 * (1 - slo.slices.target)).normalize():f}%"
    return f"slices of {slo.slices.seconds} s with {events}", f"slices with more than {share} of {bad}"
