"""Increments of a simulated process against what the process really did."""

import math
from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aiops.model import Window
from aiops.model.arrays import Floats
from aiops.sources.common.grid import NANO, Grid
from aiops.sources.common.increments import Samples, increments, newborn, order
from aiops.sources.common.processes import FIRST


@dataclass(frozen=True)
class Export:
    """What happens before an export and how: seconds since the last one, requests, whether the process restarted,
    whether the export is lost, how often it is sent."""

    after: int
    requests: int
    restart: bool
    lost: bool


EXPORTS = st.lists(
    st.builds(Export, st.integers(1, 400), st.integers(0, 50), st.booleans(), st.booleans()), min_size=1, max_size=30
)


def expected(exports: list[Export]) -> tuple[list[tuple[int, int, int]], list[float]]:
    """Run the process in plain Python: its samples (time, start, value), and what each adds.

    Requests of lost exports belong to the next one that arrives, unless the process restarted in between or the pause
    was longer than five minutes, in which case only a process born within them is known.
    """
    samples, adds = [], []
    now, start, value, heard = 1000, 1000, 0, None
    for export in exports:
        before = now
        now += export.after
        if export.restart:
            start, value = before, 0
        value += export.requests
        if export.lost:
            continue
        samples.append((now, start, value))
        if heard is not None and now - heard[0] <= 300:
            adds.append(float(value - heard[1]) if heard[2] == start else float(value))
        else:
            adds.append(float(value) if start >= now - 300 else math.nan)
        heard = (now, value, start)
    return samples, adds


def taken(samples: list[tuple[int, int, int]], delta: bool = False) -> Samples:
    times, starts, values = (np.array(column, np.int64) for column in zip(*samples, strict=True))
    count = len(samples)
    zeros = np.zeros(count, np.int64)
    return Samples(
        series=zeros.astype(np.uint64),
        group=zeros,
        time_ns=times * NANO,
        start_ns=starts * NANO,
        values=values.astype(np.float64)[:, None],
        delta=np.full(count, delta),
    )


def counted(samples: Samples) -> Floats:
    told = order(samples)
    return increments(samples, told, newborn(samples, told.before == FIRST))


@given(EXPORTS)
def test_increments_are_what_happened(exports: list[Export]) -> None:
    samples, adds = expected(exports)
    if samples:
        of = taken(samples)
        np.testing.assert_array_equal(counted(of)[:, 0], adds)


@given(EXPORTS, st.integers(1, 29))
def test_the_past_does_not_depend_on_the_future(exports: list[Export], cut: int) -> None:
    samples, _ = expected(exports)
    if len(samples) > cut:
        whole, part = taken(samples), taken(samples[:cut])
        np.testing.assert_array_equal(counted(whole)[:cut], counted(part))


@given(EXPORTS)
def test_delta_adds_its_value(exports: list[Export]) -> None:
    samples, _ = expected(exports)
    if samples:
        of = taken(samples, delta=True)
        np.testing.assert_array_equal(counted(of)[:, 0], [value for _, _, value in samples])


@given(st.integers(0, 10**6), st.sampled_from([0.5, 1.0, 3.0, 15.0]), st.integers(1, 40))
def test_every_time_has_one_step(offset: int, step: float, steps: int) -> None:
    start = 1_700_000_000.0
    grid = Grid.over(Window(start, start + steps * step), step)
    time = grid.start_ns + 1 + offset % (grid.end_ns - grid.start_ns)
    [column] = grid.columns(np.array([time])).tolist()
    assert grid.steps == steps
    assert grid.ends_ns[column] - grid.step_ns < time <= grid.ends_ns[column]
    assert grid.columns(np.array([grid.start_ns])).tolist() == [-1]
