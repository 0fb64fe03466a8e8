"""How much faster than time the model in virtual time lives, at both fidelities.

    python -m bench.speed

Promised are 20,000 times for metrics and 200 times for every span of the shop at 8 requests/s. Ends with 1 where one is
missed.
"""

import sys
import time
from collections.abc import Iterable

from bench.ingest import say
from shop.virtual.generated import generated
from shop.virtual.graph import shop
from shop.virtual.history import increments
from shop.virtual.load import DAY, Load
from shop.virtual.stream import Model, Slice

START = 1_763_337_600.0  # a Monday
LOAD = Load(8.0, daily=0.5, weekend=0.6, noise=0.05)
STEP = 15.0


def main() -> None:
    model = Model(shop(), LOAD)
    metrics = _speed("metrics of the shop, 28 days", 28 * DAY, increments(model, START, START + 28 * DAY, STEP))
    spans = _speed("every span of the shop, 2 hours", 7200.0, model.slices(START, START + 7200.0, STEP))
    for services in (50, 200):
        graph = Model(generated(1, services), LOAD)
        _speed(f"every span of {services} services, 10 minutes", 600.0, graph.slices(START, START + 600.0, STEP))
    sys.exit(0 if metrics >= 20_000 and spans >= 200 else 1)


def _speed(what: str, seconds: float, slices: Iterable[Slice]) -> float:
    started, rows = time.perf_counter(), 0
    for one in slices:
        rows += one.points.num_rows + one.spans.num_rows
    took = time.perf_counter() - started
    say(what, f"{seconds / took:,.0f} times as fast as time, {rows / took:,.0f} rows/s")
    return seconds / took


if __name__ == "__main__":
    main()
