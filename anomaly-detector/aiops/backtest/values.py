"""Values without a known meaning, judged point by point as they would have come in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.backtest.alarms import Replayed, Seen
from aiops.backtest.followed import Followed
from aiops.backtest.rows import TableSeries
from aiops.detect import LocalCalendar
from aiops.detect.univariate import Model, Tuning
from aiops.model import Labels, SeriesState

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
        groups: dict[bytes, list[TableSeries]] = {}
        for one in series:
            groups.setdefault(np.array(one.times).tobytes(), []).append(one)
        self._groups = list(groups.values())

    def __len__(self) -> int:
        """Return how many times there are to replay, over all models."""
        return sum(len(group[0].times) for group in self._groups)

    def replay(self) -> Iterator[float]:
        """Replay everything, and yield each time that is done; afterwards `results` is complete, in the order of the
        series."""
        done: dict[int, Replayed] = {}
        for group in self._groups:
            times = group[0].times
            followed = [Followed(times[0], times[-1]) for _ in group]
            yield from self._judge(group, followed)
            apart = steps(times)[-1]
            for one, each in zip(group, followed, strict=True):
                done[id(one)] = each.replayed(one.labels, None, times[-1], apart)
        self.results = tuple(done[id(one)] for one in self._series)

    def _judge(self, group: list[TableSeries], followed: list[Followed]) -> Iterator[float]:
        model = Model(self._tuning)
        model.grow(len(group))
        for row, one in enumerate(group):
            if one.labels in self._gains:
                model.state.season.day.gains[row] = self._gains[one.labels]
        times = group[0].times
        table = np.array([one.values for one in group]).T
        for place, (at, step) in enumerate(zip(times, steps(times), strict=True)):
            local = np.full(len(group), self._place.local(at))
            found = model.judge(at, table[place], step, local)
            columns = (found.score, found.expected, found.lower, found.upper)
            for row, each in enumerate(followed):
                score, expected, lower, upper = (float(column[row]) for column in columns)
                seen, on = (
                    Seen(
                        at=at,
                        score=score,
                        observed=float(table[place, row]),
                        expected=expected,
                        lower=lower,
                        upper=upper,
                    ),
                    bool(found.alarm[row]),
                )
                each.point(seen)
                each.told(at, (each.alarm.onset if each.alarm else at) if on else None, seen)
                each.lives(at, SeriesState.INCIDENT if on else SeriesState.NORMAL)
            yield at


def steps(times: Sequence[float]) -> list[float]:
    """Return the time between points as known at each of them, in seconds: the median of the last intervals. The first
    point has none and gets the value of the second: nothing is judged by then."""
    if len(times) < 2:
        return [1.0] * len(times)
    apart = np.diff(np.array(times))
    young = [float(np.median(apart[: at + 1])) for at in range(min(RECENT - 1, len(apart)))]
    rest: NDArray[np.float64] = np.zeros(0)
    if len(apart) >= RECENT:
        rest = np.median(np.lib.stride_tricks.sliding_window_view(apart, RECENT), axis=1)
    return [young[0], *young, *rest.tolist()]
