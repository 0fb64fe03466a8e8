"""Requests of one service over time: rate, errors and durations (RED) of each route and of all, with what is usual."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.model import Family, Labels, Selector, SeriesBlock, Verdict, Window, labels, names, value_of
from aiops.model.arrays import Floats

SHARES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
ROUTE: Final = (names.SERVICE, names.ROUTE, names.METHOD)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteHistory:
    """The requests of one route, `(steps,)` each: how many, how many failed, and the sum of their seconds; NaN where
    absent. `series` are its labels."""

    series: Labels
    requests: Floats
    errors: Floats
    seconds: Floats

    @property
    def route(self) -> str:
        """The route, "" where its requests have none."""
        return value_of(self.series, names.ROUTE)

    @property
    def method(self) -> str:
        """The method, "" where its requests have none."""
        return value_of(self.series, names.METHOD)

    @property
    def count(self) -> float:
        """The number of its requests."""
        return float(np.nansum(self.requests))

    @property
    def error_ratios(self) -> Floats:
        """The share of failed requests of each step."""
        return _ratio(self.errors, self.requests)

    @property
    def means(self) -> Floats:
        """The mean seconds of a request of each step."""
        return _ratio(self.seconds, self.requests)

    @property
    def error_ratio(self) -> float | None:
        """The share of failed requests of all; None without requests."""
        return float(np.nansum(self.errors)) / self.count if self.count else None

    @property
    def mean(self) -> float | None:
        """The mean seconds of a request; None without requests, or where durations are not known."""
        timed = self.count if not np.isnan(self.seconds).all() else 0.0
        return float(np.nansum(self.seconds)) / timed if timed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualBand:
    """What is expected of all routes together in each step, with its bounds, `(steps,)` each; NaN where no route was
    judged. A route counts by its requests: where each is within its own bounds, their mean is within these."""

    expected: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHistory:
    """A service on a grid of steps: `ends` of the steps (Unix seconds), its routes, those with most requests first, all
    of them summed, the quantiles of durations by name (p50, …; none where no histogram is kept), and what is usual by
    family."""

    window: Window
    step: float
    ends: Floats
    routes: tuple[RouteHistory, ...]
    whole: RouteHistory
    quantiles: Mapping[str, Floats]
    usual: Mapping[Family, UsualBand]


def service_selectors(service: str, buckets: bool) -> tuple[Selector, ...]:
    """Return what must be asked for the history of a service."""
    signals = (names.REQUESTS, names.ERRORS, names.DURATION, *((names.BUCKET,) if buckets else ()))
    return tuple(Selector(one, ROUTE, labels(service=service)) for one in signals)


def service_history(window: Window, block: SeriesBlock, verdicts: Sequence[Verdict]) -> ServiceHistory:
    """Put the rows of a block of `service_selectors` and the verdicts on its routes together; each row is read once."""
    found: dict[Labels, dict[str, Floats]] = defaultdict(dict)
    buckets: dict[float, list[Floats]] = defaultdict(list)
    for series, values in zip(block.labels, block.values, strict=True):
        of = dict(series)
        if of[names.NAME] == names.BUCKET:
            buckets[float(of[names.LE])].append(values)
        else:
            found[labels(**{name: of.get(name, "") for name in ROUTE})][of[names.NAME]] = values
    absent = np.full(len(block.ends), np.nan)
    routes = [
        RouteHistory(
            series=series,
            requests=signals[names.REQUESTS],
            errors=signals.get(names.ERRORS, absent),
            seconds=signals.get(names.DURATION, absent),
        )
        for series, signals in found.items()
        if names.REQUESTS in signals
    ]
    routes.sort(key=lambda one: (-one.count, one.series))
    return ServiceHistory(
        window=window,
        step=block.step,
        ends=block.ends,
        routes=tuple(routes),
        whole=RouteHistory(
            series=(),
            requests=_summed([one.requests for one in routes], absent),
            errors=_summed([one.errors for one in routes], absent),
            seconds=_summed([one.seconds for one in routes], absent),
        ),
        quantiles=_quantiles(buckets, len(routes)),
        usual=_usual(routes, verdicts, block),
    )


def _ratio(above: Floats, below: Floats) -> Floats:
    some = below > 0
    return np.where(some, above / np.where(some, below, 1.0), np.nan)


def _summed(rows: Sequence[Floats], absent: Floats) -> Floats:
    """Sum rows; NaN only where all are."""
    if not rows:
        return absent
    table = np.array(rows)
    total: Floats = np.where(np.isnan(table).all(axis=0), np.nan, np.nansum(table, axis=0))
    return total


def _quantiles(buckets: Mapping[float, Sequence[Floats]], routes: int) -> dict[str, Floats]:
    """Return quantiles of all routes from their cumulative buckets, linear inside a bucket; the last finite bound where
    one lies beyond. Only bounds that all routes have are exact."""
    bounds = sorted(bound for bound, rows in buckets.items() if len(rows) >= len(buckets.get(np.inf, ())))
    if len(bounds) < 2 or bounds[-1] != np.inf or not routes:
        return {}
    below = np.array([np.nansum(np.array(buckets[bound]), axis=0) for bound in bounds])
    total, edges = below[-1], np.array([0.0, *bounds[:-1]])
    out = {}
    for name, share in SHARES.items():
        place = np.minimum((below < share * total).sum(axis=0), len(bounds) - 1)
        column = np.arange(below.shape[1])
        under = np.where(place > 0, below[np.maximum(place - 1, 0), column], 0.0)
        inside = (share * total - under) / np.maximum(below[place, column] - under, 1e-9)
        last = place == len(bounds) - 1
        start, end = edges[place], edges[np.minimum(place + 1, len(edges) - 1)]
        out[name] = np.where(total > 0, np.where(last, edges[-1], start + inside * (end - start)), np.nan)
    return out


def _usual(routes: Sequence[RouteHistory], verdicts: Sequence[Verdict], block: SeriesBlock) -> dict[Family, UsualBand]:
    place = {one.series: one for one in routes}
    steps = len(block.ends)
    sums: dict[Family, Floats] = {}
    for one in verdicts:
        route = place.get(one.series)
        if route is None or not steps:
            continue
        # A verdict belongs to the step of the grid in which its own step ends.
        at = int(np.searchsorted(block.ends, one.at - 1e-6))
        weight = float(route.requests[at]) if at < steps else 0.0
        if not weight > 0 or one.expected != one.expected:
            continue
        table = sums.setdefault(one.family, np.zeros((4, steps)))
        table[:, at] += np.array([1.0, one.expected, one.lower, one.upper]) * weight
    out = {}
    for family, (weight, *rows) in ((family, list(table)) for family, table in sums.items()):
        expected, lower, upper = (_ratio(row, weight) for row in rows)
        out[family] = UsualBand(expected=expected, lower=lower, upper=upper)
    return out
