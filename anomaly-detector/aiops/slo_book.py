"""What may be asked of objectives: how each stands, its records, and where each number is from."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiops.budgets import Budgets
from aiops.model import Burn, Server, Slo
from aiops.ports import Clock, NotFound
from aiops.slo import Objectives, durations, promql, tiers
from aiops.slo.rules import BURN, selector
from aiops.slo.standing import LOOKBACK, JourneyStanding, SloState, Standing
from aiops.store import SqlObjectives

log = logging.getLogger(__name__)

SHOWN: Final = 50
KEPT: Final = 400 * 86_400.0
WORST: Final = tuple(SloState)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number is from: counted exactly by the engine, or what Prometheus' rules recorded; and the query."""

    number: str
    exact: bool
    query: str


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
        """Objectives that are Prometheus' alone, and why."""
        return self.budgets.watch.meter.left_out if self.budgets else {}

    def all(self) -> tuple[Standing, ...]:
        """All that are counted, the worst first."""
        found = self.budgets.standings if self.budgets else ()
        return tuple(sorted(found, key=lambda one: (WORST.index(one.state), one.budget.left, one.slo.name)))

    def journeys(self) -> tuple[JourneyStanding, ...]:
        return self.budgets.journeys if self.budgets else ()

    def one(self, name: str) -> tuple[Slo, list[Standing]]:
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


def sources(slo: Slo, found: Sequence[Standing]) -> list[Source]:
    """The query behind each number."""
    allowed = f"{slo.allowed.normalize():f}"
    counted = _counted(slo)
    ruled = any(one.ruled for one in found)
    each = ", ".join(durations.prometheus(window) for window in tiers.WINDOWS)
    if ruled:
        burn = f"{BURN}5m{selector(slo)} (and over {each}), recorded by Prometheus"
    else:
        burn = f"bad / all / {allowed}, of what the engine counted over {each}"
    left = f"1 - bad / all / {allowed}, of the ledger's hours over {slo.period.text}"
    lasts = f"budget_left x {slo.period.text} / (burn over {durations.prometheus(LOOKBACK)} - burn that ages out)"
    five = f"{promql.total(slo, 300)}"
    return [
        Source("events", exact=True, query=counted),
        Source("bad_events", exact=True, query=f"{counted}; in PromQL, a second: {promql.bad(slo, 300, five)}"),
        Source("burn_rates", exact=not ruled, query=burn),
        Source("budget_left", exact=True, query=left),
        Source("exhausted_in", exact=False, query=lasts),
    ]


def _counted(slo: Slo) -> str:
    of = slo.indicator
    if isinstance(of, Server):
        where = [
            f"service={of.service}",
            *(f"{key}={value}" for key, value in (("route", of.route), ("method", of.method)) if value),
        ]
        bad = f"not answered within {tiers.plain(of.threshold)} s" if of.threshold is not None else "that failed"
        what = f"requests of {', '.join(where)}, and those {bad}"
    else:
        what = "increments"
    return f"{what}, by the step; in PromQL, a second: {promql.total(slo, 300)}"
