"""A table replayed: each series is judged as the kind of metric that it is, and its alarms are compared with labels."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from aiops.backtest.alarms import Replayed
from aiops.backtest.kinds import MetricKind, Recognised, as_judged
from aiops.backtest.rows import TableSeries
from aiops.backtest.scoring import Tally, runs_of, tally
from aiops.backtest.shapes import as_moving
from aiops.backtest.values import GivenGains, ValuesReplay
from aiops.detect import LocalCalendar
from aiops.model import Labels


class TableReplay:
    """A replay of series from a table. kind: what all of them are, None: what each is recognised as. place and gains:
    see `ValuesReplay`. moving: the series of which is judged how they move, too; see `shapes`."""

    def __init__(
        self,
        series: Sequence[TableSeries],
        kind: MetricKind | None = None,
        place: LocalCalendar | None = None,
        gains: Mapping[Labels, GivenGains] | None = None,
        moving: Collection[Labels] = (),
    ) -> None:
        judged = [as_judged(one, kind) for one in series]
        self._kinds: list[Recognised | None] = [found for _, found in judged]
        moves = [as_moving(one) for one, _ in judged if one.labels in moving]
        self._series = [*series, *moves]
        self._kinds += [None] * len(moves)
        self._values = ValuesReplay([*(one for one, _ in judged), *moves], place, gains)

    def __len__(self) -> int:
        """Return how many points there are to replay, over all series."""
        return len(self._values)

    def replay(self) -> Iterator[int]:
        """Replay everything, and yield now and then how many more points are done."""
        yield from self._values.replay()

    @property
    def results(self) -> tuple[Replayed, ...]:
        """The outcome of every series in the order of the table, once everything is replayed; then how some move."""
        every = zip(self._series, self._kinds, self._values.results, strict=True)
        return tuple(_outcome(one, kind, found) for one, kind, found in every)


def _outcome(one: TableSeries, kind: Recognised | None, found: Replayed) -> Replayed:
    """Return the outcome with what is known of the series beside its values."""
    spans = label_spans(one, found.step)
    return replace(found, points=one.points, kind=kind, scores=scores(one, found), labelled=spans)


def label_spans(one: TableSeries, step: float) -> tuple[tuple[float, float], ...]:
    """Return from when to when the points of a series are labelled, run by run; the last point of a run lasts a step of
    so many seconds."""
    runs = runs_of(np.array(one.labelled, dtype=np.bool_), 1).tolist()
    return tuple((one.times[first], one.times[last] + step) for first, last in runs)


def scores(one: TableSeries, found: Replayed) -> Tally | None:
    """Return how well the labelled anomalies of a series were found, None if it has no labels. A detection is a point
    whose score is 1 or more."""
    if not one.labelled:
        return None
    detected = np.isin(np.array(one.times), np.array(found.above))
    return tally(np.array(one.labelled, dtype=np.bool_), detected, (one.times[-1] - one.times[0]) / 86_400)
