"""Events and alerts: what is found, what is false, and how series with odd times are read."""

import math
from pathlib import Path

import numpy as np
import pytest

from bench import clouds
from bench.series import Flags, NoData, Series

ROWS = 100


def labelled(*spans: tuple[int, int], name: str = "a/x.csv") -> Series:
    return Series(name, np.arange(ROWS) * 3600.0, np.zeros(ROWS), spans)


def at(*places: int) -> Flags:
    return np.isin(np.arange(ROWS), places)


def tally(one: Series, detected: Flags, rules: clouds.Rules | None = None) -> clouds.Tally:
    return clouds.count([one], {one.name: detected}, rules or clouds.Rules())


@pytest.mark.parametrize(
    ("detected", "found", "in_time", "false"),
    [
        ((40,), 1, 1, 0),
        ((47,), 1, 1, 0),
        ((50,), 1, 0, 0),
        ((39,), 0, 0, 1),
        ((38, 39, 40, 41), 0, 0, 0),  # was already there when it began
        ((51,), 0, 0, 1),
        ((40, 41, 60, 80), 1, 1, 2),
        ((40, 49), 1, 1, 0),  # a second alert about the same
        ((60, 67, 74), 0, 0, 1),  # one alert
        ((60, 68, 76), 0, 0, 3),
        ((), 0, 0, 0),
    ],
)
def test_an_event_is_found_by_an_alert_that_begins_in_it(
    detected: tuple[int, ...], found: int, in_time: int, false: int
) -> None:
    got = tally(labelled((40, 50)), at(*detected))
    assert (got.events, got.found, got.in_time, got.false) == (1, found, in_time, false)


def test_a_short_event_may_be_found_until_7_points_after_its_beginning() -> None:
    assert tally(labelled((40, 40)), at(47)).found == 1
    late = tally(labelled((40, 40)), at(48))
    assert (late.found, late.false) == (0, 1)
    assert tally(labelled((40, 40)), at(48), clouds.Rules(within=8)).found == 1


def test_labelled_runs_close_to_each_other_are_one_event_unless_they_are_kept_apart() -> None:
    one = labelled((40, 42), (45, 46), (60, 61))
    assert tally(one, at(40, 60)).recall == 1
    apart = tally(one, at(40, 60), clouds.APART)
    assert (apart.events, apart.found, apart.false) == (3, 2, 0)


def test_who_always_alerts_finds_nothing() -> None:
    got = tally(labelled((40, 50), (80, 81)), np.ones(ROWS, dtype=bool))
    assert (got.found, got.f1, got.alerting) == (0, 0, 1)


def test_figures_over_series() -> None:
    sets = [labelled((40, 50), name="a"), labelled((20, 30), (60, 70), name="b"), labelled(name="c")]
    got = clouds.count(sets, {"a": at(42), "b": at(26, 50, 80), "c": at(5)}, clouds.Rules())
    assert (got.precision, got.recall, got.recall_in_time) == (2 / 5, 2 / 3, 2 / 3)
    assert got.f1 == pytest.approx(2 / (1 / got.precision + 1 / got.recall))
    assert got.false_a_day == pytest.approx(3 / (3 * 99 / 24))
    assert got.delay == 4
    assert math.isnan(clouds.Tally().delay)


def test_the_best_threshold_keeps_to_the_bound_of_false_alerts() -> None:
    one = labelled((40, 50))
    scores = {one.name: np.where(at(40), 0.5, np.where(at(70, 90), 0.8, 0.0))}
    day = 99 / 24
    free, level = clouds.within_bound([one], scores, clouds.Rules(), bound=2 / day)
    assert (free.found, free.false, level) == (1, 2, 0.5)
    none, level = clouds.within_bound([one], scores, clouds.Rules(), bound=1 / day)
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
