"""A cycle of the engine over a fleet's objectives: metrics of a real Prometheus, a ledger of thirty days."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert

from aiops.api.slos import status_document
from aiops.bootstrap import objectives
from aiops.engine import Pace
from aiops.engine.objectives import Budgets
from aiops.http import Endpoint
from aiops.model import Ledger
from aiops.observability.telemetry import Telemetry
from aiops.slo.live.counter import HOUR, sli_of
from aiops.sources.prometheus.burn_rates import PrometheusBurns
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.metrics import PrometheusMetrics
from aiops.sources.prometheus.verdicts import PrometheusVerdicts
from aiops.store import Rings, SqlIncidents, SqlObjectives, tables
from aiops.testing import GivenClock, NoTelemetry, Sources, assemble, empty_store
from bench import cycle
from bench.slo_fleet import DOCUMENT, TARGET
from tools.native.alone import LonePrometheus
from tools.native.build import ensure

LIMIT: Final = 2.0
DAYS: Final = 30
THRESHOLD: Final = ", threshold: 500ms"


def run(count: int, folder: Path, say: Callable[[str, str], None], told: Callable[[str], None]) -> bool:
    """Print the times; returns whether a cycle stays within the limit."""
    (folder / "live").mkdir()
    source = folder / "live" / "objectives.yaml"
    source.write_text("---\n".join(_document(number) for number in range(count)), encoding="utf-8")
    prometheus = LonePrometheus(ensure()["prometheus"], folder / "live" / "prometheus")
    try:
        return _measured(count, source, prometheus.url, folder / "live", say, told)
    finally:
        prometheus.close()


def _document(number: int) -> str:
    service, route = f"service-{number // cycle.ROUTES}", f"/r{number % cycle.ROUTES}"
    threshold = THRESHOLD if number % 2 else ""
    name = f"objective-{number}"
    return DOCUMENT.format(name=name, service=service, route=route, threshold=threshold, target=TARGET)


def _measured(
    count: int, source: Path, url: str, folder: Path, say: Callable[[str, str], None], told: Callable[[str], None]
) -> bool:
    api, clock = PrometheusClient(Endpoint(name="Prometheus", url=url, timeout_seconds=60)), GivenClock(cycle.START)
    store = empty_store(folder)
    found = objectives.load_objectives([source])
    _fill(store, found.slos)
    metrics, telemetry = PrometheusMetrics(api, clock, 0.0), Telemetry()
    kept = SqlObjectives(store.database)
    budgets, started = _timed(
        lambda: Timed(found, metrics, kept, Rings(folder / "rings.npz"), 60.0, ruled=PrometheusBurns(api))
    )
    sources = Sources(metrics, NoTelemetry(), NoTelemetry(), PrometheusVerdicts(api, cycle.VERDICTS))
    pace = Pace(cycle.STEP, 60.0)
    engine = assemble(folder, sources, clock, store, telemetry=telemetry, pace=pace, budgets=budgets)
    fleet, took, own = cycle.Fleet(count), [], []
    for number in range(cycle.LEARN + cycle.MEASURED):
        for _ in range(round(cycle.STEP / cycle.EXPORT)):
            clock.time += cycle.EXPORT
            for body in fleet.exports(clock.time):
                api.write_otlp(body)
        budgets.spent = 0.0
        done, seconds = _timed(engine.cycle)
        if done.gaps:
            raise RuntimeError(f"cycle {number}: {done.gaps}")
        took.append(seconds)
        own.append(budgets.spent)
        told(f"cycle {number + 1} of {cycle.LEARN + cycle.MEASURED}: {seconds:.2f} s")
    if sum(one.budget.events > 0 for one in budgets.statuses) != count:
        raise RuntimeError("an objective counted nothing")
    whole, mine = (statistics.median(one[cycle.LEARN :]) for one in (took, own))
    _, shown = _timed(lambda: [status_document(one) for one in budgets.statuses])
    _, exposed = _timed(telemetry.exposition)
    store.close()
    told("")
    say(f"a cycle over {count:,} objectives, median of {cycle.MEASURED}", f"{whole:.2f} s, ratio {whole / LIMIT:.2f} "
        f"of at most {LIMIT} s; slowest {max(took[cycle.LEARN :]):.2f} s")  # fmt: skip
    say("  of it objectives: counting, standing, records, rings", f"{mine:.2f} s, slowest {max(own):.2f} s")
    say(f"  once, at the start: a ledger of {DAYS} days is read", f"{started:.2f} s")
    say("  /aiops/slos and /metrics, when asked", f"{shown:.2f} s and {exposed:.2f} s")
    return whole <= LIMIT


def _fill(store: SqlIncidents, slos: Any) -> None:
    """Thirty days of hours for each objective."""
    last = int(cycle.START // HOUR)
    with store.database.begin() as connection:
        for slo in slos:
            same = {"slo": slo.name, "sli": sli_of(slo), "slo_group": "[]", "events": 3600.0, "bad": 1.0}
            same |= {"watched": 3600.0, "covered": 3600.0}
            connection.execute(insert(tables.ledger), [{**same, "hour": last - back} for back in range(DAYS * 24)])


class Timed(Budgets):
    """Adds up what its part of a cycle takes."""

    __slots__ = ("spent",)
    spent: float

    def count(self, *given: Any) -> None:
        self.spent += _timed(lambda: Budgets.count(self, *given))[1]

    def ledger(self, *given: Any) -> Ledger:
        made, seconds = _timed(lambda: Budgets.ledger(self, *given))
        self.spent += seconds
        return made  # type: ignore[no-any-return]

    def keep(self, *given: Any, **more: Any) -> None:
        self.spent += _timed(lambda: Budgets.keep(self, *given, **more))[1]


def _timed(what: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    answer = what()
    return answer, time.perf_counter() - started
