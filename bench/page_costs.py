"""What pages cost in CPU with many services: milliseconds, and the ratio to a page without content.

    python -m bench.page_costs                                # 125 services with 4 routes each: 500 routes
    python -m bench.page_costs --services 500

Telemetry is made up and in memory, so that what is measured is the engine's own part: reading health after a cycle
(`after a cycle`: the first request), and each further request until the next one. The budget of the first page is 50 ms
with 500 routes.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from flask.testing import FlaskClient

from aiops.api import create_app
from aiops.config import Settings
from aiops.model import Edge, Labels, Selector, SeriesBlock, Window, labels, names
from aiops.service.use_cases import UseCases
from aiops.testing import GivenClock, NoTelemetry, Sources, assemble, empty_store
from aiops.web import add_pages

NOW = 1_763_712_000.0
ROUTES = 4  # of a service
LEARN = 12  # steps
REQUESTS = 9
PAGES = ("/", "/services", "/map", "/slos", "/aiops/services", "/aiops/metrics", "/aiops/topology")
MINIMAL = "/static/aiops.svg"
STEP = 15.0


class Fleet(NoTelemetry):
    """Services that serve and call at a steady rate."""

    def __init__(self, services: int, clock: GivenClock) -> None:
        rng = random.Random(1)
        self.clock = clock
        self.served = [
            labels(service=f"service-{one}", route=f"/route-{number}", method="GET")
            for one in range(services)
            for number in range(ROUTES)
        ]
        pairs = {(rng.randrange(max(0, one - 20), one), one) for one in range(1, services) for _ in range(3)}
        self.calls = sorted((f"service-{caller}", f"service-{callee}") for caller, callee in pairs)
        self._blocks: dict[tuple[tuple[Selector, ...], float, float], SeriesBlock] = {}

    def window(self, selectors: Sequence[Selector], window: Window, step: float) -> SeriesBlock:
        """Answer a block. Making it is no part of what is measured, so that it is remembered by its form."""
        key = (tuple(selectors), window.seconds, step)
        ends = np.arange(window.start + step, window.end + step / 2, step)
        if key not in self._blocks:
            rows = [row for selector in selectors for row in self._rows(selector, step)]
            values = np.array([np.full(len(ends), value) for _, value in rows]).reshape(len(rows), len(ends))
            self._blocks[key] = SeriesBlock(tuple(series for series, _ in rows), ends, step, values)
        known = self._blocks[key]
        return SeriesBlock(known.labels, ends, step, known.values)

    def complete_until(self) -> float:
        """The clock's time."""
        return self.clock.now()

    def newest(self) -> float:
        """The clock's time."""
        return self.clock.now()

    def edges(self, _window: Window) -> list[Edge]:
        """All calls."""
        return [Edge(caller=caller, callee=callee, rate=4.0, latency=0.03) for caller, callee in self.calls]

    def _rows(self, selector: Selector, step: float) -> list[tuple[Labels, float]]:
        scopes = (
            [labels(caller=caller, callee=callee) for caller, callee in self.calls]
            if names.CALLER in selector.by
            else self.served
        )
        count = 4.0 * step
        if selector.name == names.TELEMETRY:
            services = dict.fromkeys(dict(one)[names.SERVICE] for one in self.served)
            return [(labels(name=selector.name, service=one), count) for one in services]
        if names.STATUS_CODE in selector.by:
            return [(labels(name=selector.name, http_status="200", **dict(one)), count) for one in self.served]
        if selector.name == names.BUCKET:
            bounds = [str(one) for one in (*names.DURATION_BOUNDS, float("inf"))]
            return [
                (labels(name=selector.name, le=bound, **dict(one)), count * (float(bound) > 0.03))
                for one in scopes
                for bound in bounds
            ]
        factor = {names.REQUESTS: 1.0, names.ERRORS: 0.01, names.DURATION: 0.03}.get(selector.name)
        return [] if factor is None else [(labels(name=selector.name, **dict(one)), count * factor) for one in scopes]


def cost(client: FlaskClient, path: str, clock: GivenClock, cycle: bool) -> float:
    """CPU milliseconds of one request: right after a cycle, or another one; the median of some."""
    found = []
    for _ in range(REQUESTS):
        if cycle:
            clock.time += STEP
            client.application.config["cycle"]()
        start = time.process_time()
        answer = client.get(path)
        found.append(1000 * (time.process_time() - start))
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status}")
    return median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--services", type=int, default=125, help=f"each has {ROUTES} routes (default 125)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as folder:
        clock = GivenClock(NOW)
        fleet = Fleet(arguments.services, clock)
        store = empty_store(Path(folder))
        engine = assemble(Path(folder), Sources(fleet, fleet, fleet, fleet), clock, store)
        for _ in range(LEARN):
            clock.time += STEP
            engine.cycle()
        use_cases = UseCases(engine, store, NOW)
        settings = Settings()
        app = create_app(use_cases, settings)
        add_pages(app, use_cases, settings)
        app.config["cycle"] = engine.cycle
        client = app.test_client()
        print(f"{arguments.services} services, {len(fleet.served)} routes, {len(fleet.calls)} calls")
        minimal = cost(client, MINIMAL, clock, cycle=False)
        print(f"{'page':18}{'after a cycle':>15}{'further':>12}{'ratio to a minimal page':>26}{'kB':>8}")
        print(f"{MINIMAL:18}{'':15}{minimal:9.1f} ms{1:26.0f}")
        for path in PAGES:
            first, further = cost(client, path, clock, cycle=True), cost(client, path, clock, cycle=False)
            size = len(client.get(path).data) / 1000
            print(f"{path:18}{first:12.1f} ms{further:9.1f} ms{further / minimal:26.0f}{size:8.0f}")
        store.close()


if __name__ == "__main__":
    main()
