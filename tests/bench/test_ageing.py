"""The detector of any metric finds as much when it is old: half a year of the series of bench/ageing.py, a point every
15 minutes."""

import json
from pathlib import Path

import numpy as np
import pytest

from aiops.detect.univariate import Tuning, tails
from bench import ageing, ageing_page
from bench.ageing_judge import elsewhere, together
from bench.ageing_page import BOUND, false_a_day, recall
from bench.ageing_series import DAY, FEWEST, KINDS, LENGTHS, MONTH, SIZES, AgedSeries, Incident, lived
from bench.series import Flags, NoData

ROOT = Path(__file__).parents[2]
MONTHS, STEP = 6, 900.0


@pytest.fixture(scope="module")
def half_a_year() -> ageing.Table:
    return ageing.table(seeds=3, months=MONTHS, step=STEP)


def kept(made: ageing.Table, above: Flags) -> float:
    """Recall of the last two months over that of the first two."""
    months = ageing.summed(ageing.count(made.series, above, MONTHS))["months"]
    first, last = (
        sum(one["found"] for one in two) / sum(one["events"] for one in two) for two in (months[:2], months[-2:])
    )
    return last / first


def test_it_finds_as_much_in_the_end_as_in_the_beginning(half_a_year: ageing.Table) -> None:
    above = together(half_a_year.times, half_a_year.values, STEP)
    cells = ageing.count(half_a_year.series, above, MONTHS).values()
    assert kept(half_a_year, above) >= 0.95
    assert sum(one.found for one in cells) >= 0.7 * sum(one.events for one in cells)
    assert sum(one.false for one in cells) <= BOUND * sum(one.days for one in cells)


def test_a_detector_that_remembers_everything_goes_blind(
    half_a_year: ageing.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Boundaries hang on the five largest values ever, and every alarm is among them."""
    monkeypatch.setattr(tails, "OF_ROOT", 0.0)
    tuning = Tuning(half_life_days=1e9, alarms=-1e9, excess=1e9)
    assert kept(half_a_year, together(half_a_year.times, half_a_year.values, STEP, tuning)) < 0.9


def aged(points: int, *spans: tuple[int, int]) -> AgedSeries:
    incidents = tuple(Incident(first, last, 10.0) for first, last in spans)
    return AgedSeries("flat", 0, np.arange(points) * STEP, np.zeros(points), incidents)


@pytest.mark.parametrize(
    ("rows", "found", "false"),
    [
        ([], 0, 0),
        ([100], 1, 0),
        ([103], 1, 0),
        ([107], 1, 0),
        ([108], 0, 0),  # too late, but about it
        ([99], 0, 0),  # before it
        ([98], 0, 1),
        ([115], 0, 0),
        ([116], 0, 1),
        ([90, 97, 104], 0, 1),  # one alarm, that began before
        ([90, 98, 106], 1, 2),  # three
        ([90, 91, 92, 150, 157, 300], 0, 3),
    ],
)
def test_alarms_are_counted_by_their_begin(rows: list[int], found: int, false: int) -> None:
    above = np.zeros((400, 1), dtype=np.bool_)
    above[rows] = True
    cell = ageing.count([aged(400, (100, 103))], above, 2)["flat", 0]
    assert (cell.events, cell.found, cell.false, cell.days) == (1, found, false, 28.0)


def test_incidents_and_alarms_belong_to_the_month_of_their_begin() -> None:
    month = int(MONTH / STEP)
    above = np.zeros((2 * month, 1), dtype=np.bool_)
    above[[month - 1, month, month + 200, 2 * month - 1]] = True
    cells = ageing.count([aged(2 * month, (month - 1, month + 5))], above, 2)
    assert [(one.events, one.found, one.false) for key, one in cells.items() if key[0] == "flat"] == [
        (1, 1, 0),
        (0, 0, 2),
    ]


def counted(*months: tuple[int, int]) -> dict[str, list[dict[str, float]]]:
    return {"months": [{"events": 100, "found": found, "false": false, "days": 1000.0} for found, false in months]}


@pytest.mark.parametrize(
    ("months", "wrong"),
    [
        (counted((80, 70), (50, 0), (76, 70)), 0),
        (counted((80, 70), (80, 0), (75, 0)), 1),
        (counted((80, 0), (80, 71), (80, 0)), 1),
        (counted((80, 71), (80, 71), (0, 71)), 4),
        (counted((0, 0), (0, 0), (0, 0)), 1),
    ],
)
def test_bounds_that_are_missed_are_said(months: dict[str, list[dict[str, float]]], wrong: int) -> None:
    assert len(ageing.missed(months)) == wrong


@pytest.mark.parametrize("kind", KINDS)
def test_series_are_what_they_are_said_to_be(kind: str) -> None:
    short, long = (lived(kind, 1, months, STEP) for months in (2, 3))
    points = len(short.values)
    assert points == 2 * MONTH / STEP
    assert np.array_equal(short.values, long.values[:points])
    assert short.incidents == long.incidents[: len(short.incidents)]
    assert [int(one.first * STEP // (7 * DAY)) for one in short.incidents] == list(range(1, 8))
    assert all(SIZES[0] <= abs(one.size) <= SIZES[1] for one in long.incidents)
    assert np.isfinite(long.values).all()
    assert long.values.min() >= 0
    assert not np.array_equal(short.values, lived(kind, 2, 2, STEP).values)


@pytest.mark.parametrize("step", [60.0, 300.0, 900.0])
def test_incidents_are_as_long_at_every_step(step: float) -> None:
    lengths = {(one.last - one.first + 1) * step for one in lived("cpu", 1, 12, step).incidents}
    assert lengths == {max(each, FEWEST * step) for each in LENGTHS}


def test_another_release_judges_the_same_series(tmp_path: Path) -> None:
    series = [lived(kind, 1, 1, STEP) for kind in ("rare", "traffic")]
    times, values = series[0].times[:1200], np.column_stack([one.values[:1200] for one in series])
    above = together(times, values, STEP)
    assert above.any()
    assert np.array_equal(elsewhere(ROOT, times, values, STEP), above)
    with pytest.raises(NoData, match="no checkout"):
        elsewhere(tmp_path, times, values, STEP)


def test_page_and_plot_are_those_of_the_committed_result() -> None:
    results = json.loads(ageing_page.SCORES.read_text(encoding="utf-8"))
    text = ageing_page.PAGE.read_text(encoding="utf-8")
    assert ageing_page.page(text, results) == text
    assert ageing_page.PLOT.read_text(encoding="utf-8") == ageing_page.plot(results)
    assert ageing.missed(results["releases"][ageing_page.NOW]) == []


def test_a_result_of_one_release_is_shown_alone() -> None:
    results = json.loads(ageing_page.SCORES.read_text(encoding="utf-8"))
    alone = {**results, "releases": {ageing_page.NOW: results["releases"][ageing_page.NOW]}}
    assert ageing_page.BEFORE not in ageing_page.tables(alone) + ageing_page.plot(alone)
    assert sum(false_a_day(one) <= BOUND for one in alone["releases"][ageing_page.NOW]["months"]) == 12
    assert all(0.5 < recall(one) < 1 for one in alone["releases"][ageing_page.NOW]["months"])


def test_a_run_prints_and_writes_its_result_and_fails_where_a_bound_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: tmp_path / name for name in ("a.json", "a.svg")}
    options = ["--months", "2", "--seeds", "1", "--step", "900", "--json", str(files["a.json"]), "--plot"]
    monkeypatch.setattr("sys.argv", ["bench.ageing", *options, str(files["a.svg"])])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(ageing, "is_fast", lambda: False)
    monkeypatch.setattr(ageing, "together", lambda _times, values, _step: np.zeros(values.shape, dtype=np.bool_))
    with pytest.raises(SystemExit) as ended:
        ageing.main()
    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "10 series of 10 kinds, 2 months of 28 days, a point every 900 s, 70 incidents" in said
    assert "MISSED: recall of the last month is 0.000" in said
    assert json.loads(files["a.json"].read_text())["releases"][ageing_page.NOW]["months"][0]["events"] == 30
    assert files["a.svg"].read_text().startswith("<svg")
