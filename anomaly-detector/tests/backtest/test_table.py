"""A table replayed: what is judged of each series, and how well labels are found."""

import numpy as np

from aiops.backtest import MetricKind, TableReplay, TableSeries, ValuesReplay
from aiops.backtest.kinds import per_second
from aiops.model import labels

STEP = 300.0
START = 1_700_000_000.0 - 1_700_000_000.0 % 86_400
POINTS = 400


def series(name: str, values: np.ndarray, labelled: tuple[int, ...] | None = None) -> TableSeries:
    times = [START + STEP * at for at in range(len(values))]
    flags = [] if labelled is None else [at in labelled for at in range(len(values))]
    return TableSeries(labels(host=name), times, values.tolist(), flags)


def noise(seed: int, *spikes: int) -> np.ndarray:
    values = 100 + 5 * np.random.default_rng(seed).standard_normal(POINTS)
    values[list(spikes)] = 300
    return values


def test_each_series_is_judged_as_what_it_is() -> None:
    total = np.cumsum(np.random.default_rng(1).integers(20, 40, POINTS))
    share = np.random.default_rng(2).random(POINTS)
    wanted = [series("gauge", noise(1, 200)), series("counter", total), series("ratio", share)]
    table = TableReplay(wanted)
    assert sum(table.replay()) == len(table) == 3 * POINTS
    gauge, counter, ratio = table.results
    assert [str(one.kind.kind) for one in table.results if one.kind] == ["gauge", "counter", "ratio"]
    plain = ValuesReplay([wanted[0], TableSeries((), wanted[1].times, per_second(wanted[1].times, wanted[1].values))])
    for _ in plain.replay():
        pass
    assert repr([one.alarms for one in (gauge, counter)]) == repr([one.alarms for one in plain.results])
    assert repr(counter.trace.columns) == repr(plain.results[1].trace.columns)
    assert (counter.points, ratio.scores) == (POINTS, None)


def test_all_are_what_is_given() -> None:
    table = TableReplay([series("a", noise(1))], MetricKind.COUNTER)
    for _ in table.replay():
        pass
    assert table.results[0].kind is not None
    assert (table.results[0].kind.kind, table.results[0].kind.by) == ("counter", "option")


def test_labels_are_compared_with_alarms_by_series() -> None:
    wanted = [
        series("found", noise(1, 200, 201), (200, 201)),
        series("missed", noise(2, 300), tuple(range(100, 110))),
        series("healthy", noise(3), ()),
        series("unknown", noise(4, 200)),
    ]
    wanted[2].labelled[:] = [False] * POINTS
    table = TableReplay(wanted)
    for _ in table.replay():
        pass
    found, missed, healthy, unknown = (one.scores for one in table.results)
    assert found is not None
    assert missed is not None
    assert healthy is not None
    assert (found.events, found.found, found.false, found.delay) == (1, 1, 0, 0)
    assert (missed.events, missed.found, missed.false) == (1, 0, 1)
    assert (healthy.events, healthy.found, healthy.false) == (0, 0, 0)
    assert unknown is None
    assert (found + missed).f1 == 0.5
    assert (found + missed).days == 2 * (POINTS - 1) * STEP / 86_400
