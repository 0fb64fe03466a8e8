"""Routes that live for months, for bench/ageing_live.py: requests, how long they take, how many fail.

A route has 5 to 300 requests a minute, twice as many by day as by night. Its durations are log-normal; all requests of
a minute share a small factor. Kinds of routes:

- `even`: durations differ by 40 %.
- `wide`: durations differ threefold, and one of fifty requests fails.
- `uneven`: once in a day and a half a minute is two to four times as slow, and nobody minds.
- `bad start`: as `even`, but in its first ten minutes durations jump about, a fifth of the requests fail, and some
  minutes have twenty times the requests.

Each route has an incident a week, of 15 to 45 minutes: slower by half up to sixteen times; failing, 3 % to all of the
requests; or requests that stay away, six of ten up to all. Every month has the same incidents, at other times. In the
first two days of a week there is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np

from aiops.model import Family, Labels, SeriesBlock, labels
from bench.series import Floats

names: Any = import_module("aiops.model.names" if find_spec("aiops.model.names") else "aiops.names")
"""An earlier release has them elsewhere."""
STEP: Final = 60.0
DAY: Final = 86_400.0
MONTH: Final = 28
"""Days."""
MONDAY: Final = 1_771_804_800.0
KINDS: Final = ("even", "wide", "uneven", "bad start")
RATES: Final = (5.0, 20.0, 60.0, 300.0)
FAMILIES: Final = (Family.LATENCY, Family.ERRORS, Family.TRAFFIC)
GOLDEN: Final = 0.618_034
BAD_MINUTES: Final = 10
MOST_UNEVEN: Final = 1 / 2160.0
"""Slow minutes that nobody minds, a minute."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a route from one minute to another, both counted from its beginning and lived through. size:
    times as slow, the share that fails, or the share that stays away."""

    route: int
    week: int
    family: Family
    first: int
    last: int
    size: float


@dataclass(frozen=True, slots=True)
class Route:
    """kind; rate: requests a minute; median: seconds; sigma: of the logarithm of durations; fails: share."""

    kind: str
    rate: float
    median: float
    sigma: float
    fails: float
    scope: Labels


def fleet(seeds: int) -> list[Route]:
    """Every kind with every rate, so many times."""
    out = []
    for seed in range(seeds):
        for kind in KINDS:
            for rate in RATES:
                wide = kind == "wide"
                name = f"{kind.replace(' ', '-')}-{rate:g}-{seed}"
                scope = labels(service=name, route="/", method="GET")
                out.append(Route(kind, rate, 0.06, 1.1 if wide else 0.4, 0.02 if wide else 0.001, scope))
    return out


def troubles(routes: int, weeks: int, minutes: int) -> list[Trouble]:
    """The incidents of all routes. minutes: that are lived through in a day, 60 or more. Two incidents of a family are
    at least two weeks apart in a route, so that none is a habit."""
    out = []
    rng = np.random.default_rng(7)
    for route in range(routes):
        for week in range(weeks):
            turn = week % 4
            place = (0.5 + GOLDEN * (route + 31 * turn)) % 1.0
            family = FAMILIES[(route + (1 if turn == 3 else turn)) % 3]
            length = int(15 + 30 * ((place * 7) % 1.0))
            first = (week * 7 + int(rng.integers(2, 7))) * minutes + int(rng.integers(5, minutes - length - 3))
            size = {
                Family.LATENCY: 1.5 * (16 / 1.5) ** place,
                Family.ERRORS: 0.03 ** (1 - place),
                Family.TRAFFIC: 0.6 + 0.4 * place,
            }[family]
            out.append(Trouble(route, week, family, first, first + length, float(size)))
    return out


def lived(routes: list[Route], faults: list[Trouble], days: int, minutes: int, seed: int) -> Iterator[SeriesBlock]:
    """The days one after another, a block each; of each day so many minutes from 08:00 UTC on."""
    rng = np.random.default_rng(seed)
    bounds = np.array(names.DURATION_BOUNDS)
    rate, median, sigma, fails = (
        np.array([getattr(one, name) for one in routes])[:, None] for name in ("rate", "median", "sigma", "fails")
    )
    uneven = np.array([one.kind == "uneven" for one in routes])[:, None]
    bad = np.array([one.kind == "bad start" for one in routes])[:, None]
    rows = _rows(routes)
    shape = (len(routes), minutes)
    for day in range(days):
        start = day * minutes
        at = MONDAY + day * DAY + 8 * 3600 + STEP * np.arange(1, minutes + 1)
        load = rate * (1 + np.sin(2 * np.pi * ((at % DAY) / DAY - 0.375)) / 3)[None, :]
        shared = np.exp(0.05 * rng.standard_normal(shape))
        slow = np.where(uneven & (rng.random(shape) < MOST_UNEVEN), rng.uniform(2, 4, shape), 1.0)
        noise, rush = np.exp(2.5 * rng.standard_normal(shape)), np.where(rng.random(shape) < 0.3, 20.0, 1.0)
        early = bad & (start + np.arange(minutes) < BAD_MINUTES)[None, :]
        slow, load = np.where(early, noise, slow * shared), np.where(early, load * rush, load)
        share = np.where(early, 0.2, fails * np.ones(shape))
        for one in faults:
            within = slice(max(one.first - start, 0), max(one.last - start, 0))
            if one.family == Family.LATENCY:
                slow[one.route, within] *= one.size
            elif one.family == Family.ERRORS:
                share[one.route, within] = np.maximum(share[one.route, within], one.size)
            else:
                load[one.route, within] *= 1 - one.size
        count = rng.poisson(load)
        place = np.repeat(np.arange(count.size), count.ravel())
        apart = np.repeat(sigma.ravel(), count.sum(axis=1)) * rng.standard_normal(len(place))
        took = (median * slow).ravel()[place] * np.exp(apart)
        slot = np.searchsorted(bounds, took)
        held = np.bincount(place * (len(bounds) + 1) + slot, minlength=count.size * (len(bounds) + 1))
        buckets = np.cumsum(held.reshape(*shape, len(bounds) + 1), axis=2)[:, :, :-1]
        spent = np.bincount(place, took, minlength=count.size).reshape(shape)
        failed = rng.binomial(count, share)
        values = np.concatenate([np.stack([count, failed, spent], axis=1), np.swapaxes(buckets, 1, 2)], axis=1)
        yield SeriesBlock(rows, at.astype(np.float64), STEP, values.reshape(-1, minutes).astype(np.float64))


def minute_of(block: SeriesBlock, minutes: int) -> Floats:
    """The minutes of a block, counted as those of incidents are."""
    day = np.floor((block.ends - STEP - MONDAY) / DAY)
    passed: Floats = day * minutes + (block.ends - MONDAY - day * DAY - 8 * 3600) / STEP - 1
    return passed


def _rows(routes: list[Route]) -> tuple[Labels, ...]:
    out: list[Labels] = []
    for one in routes:
        pairs = dict(one.scope)
        out += [labels(name=name, **pairs) for name in (names.REQUESTS, names.ERRORS, names.DURATION)]
        out += [labels(name=names.BUCKET, le=str(bound), **pairs) for bound in names.DURATION_BOUNDS]
    return tuple(out)
