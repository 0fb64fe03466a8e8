"""How many points came from each service, by their own time."""

from typing import Final

import numpy as np

from aiops.model import Selector, names
from aiops.model.errors import SourceError
from aiops.model.promql import quoted
from aiops.sources.common.caps import Roll
from aiops.sources.common.grid import NANO, Grid
from aiops.sources.common.rows import fits, labelled
from aiops.sources.prometheus import meaning
from aiops.sources.prometheus.catalogue import Numbers
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.sums import Rows

# A service heard within this time that sends nothing while others do counts as zero.
REMEMBER_SECONDS: Final = 600.0


def arrivals(api: PrometheusClient, selector: Selector, grid: Grid, roll: Roll) -> Rows:
    """Count the exports of metrics by service and step; NaN before a service was heard and where nobody was. Every
    export of a process brings one point of `target_info`. Raises SourceError."""
    if selector.by != (names.SERVICE,):
        raise SourceError(f"telemetry is counted by service, not by {selector.by}")
    others = f'{meaning.INFO}{{job!="",job!={quoted(names.SELF)}}}'
    raw = api.samples(others, grid.start_ns - int(REMEMBER_SECONDS * NANO), grid.end_ns)
    services = Numbers()
    services_of = [(roll.service(meaning.service(one)),) for one in raw.series]
    row = np.array([services.of(one) for one in services_of], np.int64).reshape(len(services_of))
    row, column = row[raw.row], grid.columns(raw.time_ns)
    counts = grid.sums(row, column, np.ones(len(row)), len(services))
    last = np.zeros((len(services), grid.steps + 1), np.int64)
    np.maximum.at(last, (row, column + 1), raw.time_ns)
    anyone = np.broadcast_to((~np.isnan(counts)).any(axis=0), counts.shape)
    counts[grid.quiet(last, anyone, REMEMBER_SECONDS)] = 0.0
    labels = [labelled(names.TELEMETRY, {names.SERVICE: service}) for (service,) in services]
    chosen = [at for at, of in enumerate(labels) if not np.isnan(counts[at]).all() and fits(of, selector.where)]
    return [labels[at] for at in chosen], counts[chosen]
