"""The set of cloud monitoring: figures over its series, the best threshold, and how series with odd times are read."""

import math
from pathlib import Path

import numpy as np
import pytest

from aiops.backtest.scoring import RULES
from bench import clouds
from bench.series import Flags, NoData, Series

ROWS = 100


def labelled(*spans: tuple[int, int], name: str = "a/x.csv") -> Series:
    return Series(name, np.arange(ROWS) * 3600.0, np.zeros(ROWS), spans)


def at(*places: int) -> Flags:
    return np.isin(np.arange(ROWS), places)


def test_figures_over_series() -> None:
    sets = [labelled((40, 50), name="a"), labelled((20, 30), (60, 70), name="b"), labelled(name="c")]
    got = clouds.count(sets, {"a": at(42), "b": at(26, 50, 80), "c": at(5)}, RULES)
    assert (got.precision, got.recall, got.recall_in_time) == (2 / 5, 2 / 3, 2 / 3)
    assert got.f1 == pytest.approx(2 / (1 / got.precision + 1 / got.recall))
    assert got.false_a_day == pytest.approx(3 / (3 * 99 / 24))
    assert got.delay == 4


def test_the_best_threshold_keeps_to_the_bound_of_false_alerts() -> None:
    one = labelled((40, 50))
    scores = {one.name: np.where(at(40), 0.5, np.where(at(70, 90), 0.8, 0.0))}
    day = 99 / 24
    free, level = clouds.within_bound([one], scores, RULES, bound=2 / day)
    assert (free.found, free.false, level) == (1, 2, 0.5)
    none, level = clouds.within_bound([one], scores, RULES, bound=1 / day)
    assert (none.f1, level) == (0, math.inf)


def test_rows_of_one_time_are_one_point_and_times_are_put_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "ms-cloud-monitoring" / "data" / "kind"
    folder.mkdir(parents=True)
    (folder / "x.csv").write_text(
        '"TimeStamp","Value","Label"\n"2018-04-25T02:00:00Z","7","1"\n2018-04-25 00:00:00,5,0\n'
        "2018-04-25T01:00:00Z,,0\n2018-04-25 02:00:00,8,0\n2018-04-25 05:00:00,9,1\n"
    )
    (one,) = clouds.load(tmp_path)
    assert one.name == "kind/x.csv"
    assert np.diff(one.times).tolist() == [3600, 3600, 3 * 3600]
    assert one.values.tolist() == pytest.approx([5, math.nan, 7, 9], nan_ok=True)
    assert one.spans == ((2, 3),)


def test_a_missing_folder_or_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoData, match="it should hold the Microsoft cloud monitoring data set"):
        clouds.load(tmp_path)
    folder = tmp_path / "ms-cloud-monitoring" / "data"
    folder.mkdir(parents=True)
    (folder / "x.csv").write_text("time,value\n1,2\n")
    with pytest.raises(NoData, match="has the columns time, value, not TimeStamp, Value, Label"):
        clouds.load(tmp_path)
