"""Values without a known meaning, judged point by point as they would have come in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.backtest.alarms import Replayed, Seen, Wide
from aiops.backtest.followed import Followed
from aiops.backtest.reach import too_wide
from aiops.backtest.rows import TableSeries
from aiops.detect import LocalCalendar
from aiops.detect.univariate import Model, Tuning
from aiops.model import Labels
from aiops.model.arrays import Floats

GivenGains = tuple[float, float, float, float]
"""The gains α, β, γ and φ of Holt-Winters."""
RECENT: Final = 20
"""The number of intervals between points whose median is the step: only earlier ones, because later ones are not known
yet."""


class ValuesReplay:
    """A replay of series from a table. Series with points at the same times share a model, which judges each as if it
    were alone; every other series has its own model. `place`: whose local days and weeks apply. `gains`: fitted gains
    for the season of the day."""

    def __init__(
        self,
        series: Sequence[TableSeries],
        place: LocalCalendar | None = None,
        gains: Mapping[Labels, GivenGains] | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        self.results: tuple[Replayed, ...] = ()
        self._series = series
        self._place = place or LocalCalendar()
        self._gains = gains or {}
        self._tuning = tuning or Tuning()
        self._wide: dict[int, tuple[Wide, ...]] = {}
        groups: dict[bytes, list[TableSeries]] = {}
        for one in series:
            groups.setdefault(np.array(one.times).tobytes(), []).append(one)
        self._groups = list(groups.values())

    def __len__(self) -> int:
        """Return how many points there are to replay, over all series."""
        return sum(len(one.times) for one in self._series)

    def replay(self) -> Iterator[int]:
        """Replay everything, and yield now and then how many more points are done; afterwards `results` is complete, in
        the order of the series."""
        done: dict[int, Replayed] = {}
        for group in self._groups:
            times = group[0].times
            followed = [Followed(times[0], times[-1]) for _ in group]
            yield from self._judge(group, followed)
            apart = steps(times)[-1]
            for one, each in zip(group, followed, strict=True):
                found = each.replayed(one.labels, None, times[-1], apart)
                done[id(one)] = replace(found, wide=self._wide[id(one)])
        self.results = tuple(done[id(one)] for one in self._series)

    def _judge(self, group: list[TableSeries], followed: list[Followed]) -> Iterator[int]:
        times = np.array(group[0].times)
        apart, local = np.array(steps(group[0].times)), self._place.locals(times)
        table = np.array([one.values for one in group])
        if find_spec("numba"):
            for row, (one, each) in enumerate(zip(group, followed, strict=True)):
                found = self._alone(one.labels, (times, table[row], apart, local))
                each.points(times, np.column_stack([table[row], found[:, :4]]), found[:, 4] > 0, apart)
                self._wide[id(one)] = too_wide(times, table[row], found[:, 1], found[:, 5:], found[:, 4] > 0)
                yield len(times)
            return
        model = Model(self._tuning)
        model.grow(len(group))
        for row, one in enumerate(group):
            if one.labels in self._gains:
                model.state.season.day.gains[row] = self._gains[one.labels]
        said_of = np.empty((len(times), len(group), 4))
        given = zip(times.tolist(), apart.tolist(), local.tolist(), table.T, strict=True)
        for place, (at, step, here, values) in enumerate(given):
            said = model.judge(at, values.copy(), step, here, reach=True)
            said_of[place] = np.stack([said.expected, said.fall, said.rise, said.alarm], axis=1)
            columns = np.stack([said.score, values, said.expected, said.lower, said.upper], axis=1)
            for row, each in enumerate(followed):
                score, observed, expected, lower, upper = columns[row].tolist()
                seen = Seen(at=at, score=score, observed=observed, expected=expected, lower=lower, upper=upper)
                each.point(seen)
                each.told(at, (each.alarm.onset if each.alarm else at) if said.alarm[row] else None, seen, step)
            yield len(group)
        for row, one in enumerate(group):
            expected, fall, rise, alarm = said_of[:, row].T
            self._wide[id(one)] = too_wide(times, table[row], expected, np.column_stack([fall, rise]), alarm > 0)

    def _alone(self, labels: Labels, values: tuple[Floats, Floats, Floats, Floats]) -> Floats:
        """Judge a series by itself, compiled (`aiops[fast]`); see `judge_series`."""
        from aiops.detect.univariate import compiled  # imported here: an engine never needs it

        gains = self._gains.get(labels)
        return compiled.judge_series(values, None if gains is None else np.array(gains), self._tuning)


def steps(times: Sequence[float]) -> list[float]:
    """Return the time between points as known at each of them, in seconds: the median of the last intervals. The first
    point has none and gets the value of the second: nothing is judged by then."""
    if len(times) < 2:
        return [1.0] * len(times)
    apart = np.diff(np.array(times))
    young = [float(np.median(apart[: at + 1])) for at in range(min(RECENT - 1, len(apart)))]
    rest: NDArray[np.float64] = np.zeros(0)
    if len(apart) >= RECENT:
        windows = np.lib.stride_tricks.sliding_window_view(apart, RECENT)
        changes = np.cumsum(np.diff(apart, prepend=apart[0]) != 0)
        rest = windows[:, 0].copy()  # the median, unless a window has different intervals
        mixed = np.flatnonzero(changes[RECENT - 1 :] > changes[: len(rest)])
        rest[mixed] = np.median(windows[mixed], axis=1)
    return [young[0], *young, *rest.tolist()]
