"""A model's telemetry as tables, slice by slice: every span, and the metrics that the same requests make."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

import numpy as np
import pyarrow as pa

from shop.profile import NEW_VERSION, VERSION
from shop.virtual import rows, sums
from shop.virtual.graph import Graph
from shop.virtual.load import Load, arrivals
from shop.virtual.pace import PROFILED, Pace
from shop.virtual.requests import Requests
from shop.virtual.rows import END, Row
from shop.virtual.trouble import Timed, Trouble


@dataclass(frozen=True, slots=True)
class Slice:
    """What arrives in the stretch of time that ends at `end` (Unix seconds)."""

    end: float
    resources: pa.Table
    series: pa.Table
    points: pa.Table
    spans: pa.Table


@dataclass(frozen=True, slots=True)
class Model:
    """A graph under load with faults. The same seed gives the same telemetry.

    reporting: services that export metrics of the requests they serve; None is all of them. The others send spans only.
    pace: how long everything takes where nothing is wrong.
    """

    graph: Graph
    load: Load
    faults: Sequence[Timed] = ()
    seed: int = 0
    reporting: frozenset[str] | None = field(default=None)
    pace: Pace = PROFILED

    def reports(self, service: str) -> bool:
        return self.reporting is None or service in self.reporting

    def processes(self, at: float, trouble: Trouble) -> dict[str, list[Row]]:
        """Resource rows of the processes that live at a time, by service."""
        effects, gone = trouble.at(at), trouble.gone(at)
        second = {key.partition(" ")[0] for key, one in effects.items() if one.version is not None or one.deployed}
        replaced = {key.partition(" ")[0] for key, one in effects.items() if one.deployed}
        found: dict[str, list[Row]] = {}
        for service in self.graph.services():
            if service in gone:
                continue
            found[service] = [] if service in replaced else [rows.resource(service, VERSION, f"{service}-0")]
            if service in second:
                found[service].append(rows.resource(service, NEW_VERSION, f"{service}-1"))
        return found

    def slices(self, start: float, end: float, seconds: float) -> Iterator[Slice]:
        """Live from `start` to `end`; spans come in the slice they end in, metrics are exported at each slice's end."""
        rng = random.Random(f"requests {self.seed}")
        times_of = np.random.default_rng([self.seed, 1])
        trouble = Trouble(self.graph, self.faults)
        requests = Requests(self.graph, trouble, rng, self.pace)
        keys, shares = [one.path for one in self.graph.entries], [one.share for one in self.graph.entries]
        counters = sums.Counters()
        pending: list[tuple[int, int, Row]] = []
        count = round((end - start) / seconds)
        for number in range(count):
            since, until = start + number * seconds, start + (number + 1) * seconds
            trouble.at(since)
            now = replace(self.load, rate=self.load.rate * trouble.load)
            for at in arrivals(now, since, until, times_of).tolist():
                requests.draw(rng.choices(keys, shares)[0], at)
            for row in requests.rows:
                heappush(pending, (row[END], row[2], row))
            requests.rows.clear()
            ended = []
            limit = round(until * 1e9)
            while pending and pending[0][0] <= limit:
                ended.append(heappop(pending)[2])
            yield self._slice(since, until, ended, counters, trouble)

    def _slice(self, since: float, until: float, ended: list[Row], counters: sums.Counters, trouble: Trouble) -> Slice:
        living = self.processes(since, trouble)
        mine = {row[0] for service, found in living.items() if self.reports(service) for row in found}
        counters.live(since, mine)
        counters.add(row for row in ended if row[rows.RESOURCE] in mine)
        series, points = counters.export(until)
        resources = rows.table(rows.RESOURCES, [row for found in living.values() for row in found])
        return Slice(until, resources, series, points, rows.table(rows.SPANS, ended))
