"""How long the list of incidents takes with many of them: its pages, in milliseconds of the processor.

    python -m bench.incident_list            # 10,000 incidents
    python -m bench.incident_list 50000

Prints the median of each, how much more it is than with a hundred incidents, and the plan of the grouped list.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

from sqlalchemy import text

from aiops.api import create_app
from aiops.config import Settings
from aiops.model import (
    Cause,
    CauseKind,
    Incident,
    IncidentEvent,
    IncidentFilter,
    IncidentState,
    RootCause,
    Severity,
    TimelineEntry,
    Transition,
    labels,
)
from aiops.service.use_cases import UseCases
from aiops.store import SqlIncidents
from aiops.store.listing import page_query
from aiops.testing import GivenClock, NoTelemetry, Sources, assemble, empty_store
from aiops.web import add_pages

NOW = 1_795_253_700.0
FEW, MANY, TIMES = 100, 10_000, 15
SERVICES, KINDS = 40, list(CauseKind)
PAGES = {
    "page, grouped": "/incidents",
    "page, each one": "/incidents?each=1",
    "page, active": "/incidents?state=active",
    "page, one service": "/incidents?service=service-7",
    "page, kind of cause": "/incidents?kind=timeout&within=30d",
    "page, search": "/incidents?search=service-7+slow",
    "page, search without a hit": "/incidents?search=nothing+like+it",
    "page, half of history back": "/incidents?cursor={half}",
    "first page": "/",
}


class Nothing(NoTelemetry):
    """A source before its first telemetry."""

    def complete_until(self) -> float | None:
        """Return that nothing came."""
        return None

    newest = complete_until


def made(number: int, of: int) -> Incident:
    """One of many incidents: half of them are alike to others, ten are open."""
    at, service = NOW - 300.0 * (of - number), f"service-{number % SERVICES}"
    series = tuple((labels(service=f"service-{one}", route="/", method="GET"), "errors") for one in range(6))
    cause = Cause(service, KINDS[number % len(KINDS)], f"/route-{number % 100}", "GET")
    over = number <= of - 10
    return Incident(
        id=f"INC-{at:.0f}-{number}",
        key=f"{number:016x}",
        state=IncidentState.RESOLVED if over else IncidentState.OPEN,
        severity=list(Severity)[number % 4],
        title=f"Requests to {service} are slow",
        first_detected=at,
        onset=at - 15,
        last_seen=at + 120,
        resolved_at=at + 120 if over else None,
        symptoms=series,
        root_cause=RootCause(cause=cause, description="it is slow by itself", confidence=0.9, interval=(0.8, 0.95)),
        affected_services=(service, *(f"service-{(number + one) % SERVICES}" for one in range(1, 4))),
        affected_endpoints=(f"/route-{number % 100}",),
        timeline=tuple(TimelineEntry(at + one, "anomaly", f"{one}% of requests are slow") for one in range(20)),
        fingerprint=f"{number % max(of // 2, 1):016x}",
    )


def taken(ask: Callable[[], object]) -> float:
    """The median time of a call on the processor, in milliseconds."""
    out = []
    for _ in range(TIMES):
        start = time.process_time()
        ask()
        out.append(1000 * (time.process_time() - start))
    return median(out)


def measured(folder: Path, count: int) -> tuple[dict[str, float], SqlIncidents]:
    """The time of each page with so many incidents."""
    store, nothing = empty_store(folder), Nothing()
    for start in range(1, count + 1, 1000):
        some = [made(number, count) for number in range(start, min(start + 1000, count + 1))]
        store.save_cycle(NOW, NOW, (), [IncidentEvent(Transition.UPDATED, one) for one in some])
    clock = GivenClock(NOW)
    engine = assemble(folder, Sources(nothing, nothing, nothing, nothing), clock, store)
    app = create_app(UseCases(engine, store, NOW), Settings())
    add_pages(app, UseCases(engine, store, NOW), Settings())
    client = app.test_client()
    paths = {name: path.format(half=count // 2) for name, path in PAGES.items()}
    wrong = [path for path in paths.values() if client.get(path).status_code != 200]
    if wrong:
        raise SystemExit(f"not answered: {', '.join(wrong)}")
    return {name: taken(lambda path=path: client.get(path)) for name, path in paths.items()}, store


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    with tempfile.TemporaryDirectory() as folder:
        (few_in, many_in) = (Path(folder) / "few", Path(folder) / "many")
        for one in (few_in, many_in):
            one.mkdir()
        few, small = measured(few_in, FEW)
        many, large = measured(many_in, count)
        print(f"{'':28}{FEW:>10,}{count:>12,} incidents")
        for name, value in many.items():
            print(f"{name:28}{few[name]:>7.1f} ms{value:>9.1f} ms   {value / few[name]:.1f} times")
        query = page_query(replace(IncidentFilter(), latest=True), None, 50)
        with large.database.connect() as connection:
            written = query.compile(large.database, compile_kwargs={"literal_binds": True})
            for row in connection.execute(text(f"EXPLAIN QUERY PLAN {written}")).all():
                print("plan:", row[3])
        small.close()
        large.close()


if __name__ == "__main__":
    main()
