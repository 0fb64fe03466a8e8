"""NAB's rules: against sums that NAB published, against its rules row by row, and against whole result files."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from bench import nab
from bench.detection_table import Nab, published
from bench.series import Flags, NoData, Series

WEIGHTS = {"standard": (1.0, 1.0, 0.11), "reward_low_FP_rate": (1.0, 1.0, 0.22), "reward_low_FN_rate": (1.0, 2.0, 0.11)}
PROFILES = {name: nab.Weights(*weights) for name, weights in WEIGHTS.items()}

# Rows, windows, detections of earthgeckoSkyline, and what its S(t) columns in NAB's results come to (MIT licence).
PUBLISHED = {
    "ec2_cpu_utilization_24ae8d": (
        4032,
        ((3447, 3647), (3677, 3877)),
        [439, 729, 1018, 1309, 1597, 1883, 2172, 2461, 2748, 3032, 3321, 3547, 3898],
        (-1.266679, -2.394908, -2.266679),
    ),
    "grok_asg_anomaly": (
        4621,
        ((1177, 1331), (1492, 1646), (3676, 3830)),
        [224, 875, 1028, 1200, 1569, 2132, 3600, 3753, 3897, 4041],
        (2.072092, 1.434763, 2.072092),
    ),
    "speed_7578": (
        1127,
        ((303, 331), (740, 768), (909, 937), (945, 973)),
        [113, 317, 625, 748, 918, 1123],
        (1.563421, 1.343421, 0.563421),
    ),
    "Twitter_volume_CVS": (
        15853,
        ((1462, 2193), (7775, 8171), (13349, 13745)),
        [1364, 1640, 1995, 3672, 5382, 6087, 7166, 7961, 8587, 10354, 11776, 13526],
        (1.864518, 0.985672, 1.864518),
    ),
}


def made(rows: int, spans: tuple[tuple[int, int], ...], name: str = "a/b.csv") -> nab.Sheet:
    return nab.sheet(Series(name, np.arange(rows) * 300.0, np.zeros(rows), spans))


def at(rows: int, places: list[int]) -> Flags:
    return np.isin(np.arange(rows), places)


@pytest.mark.parametrize("file", PUBLISHED)
def test_a_file_scores_what_nab_published(file: str) -> None:
    rows, spans, detections, expected = PUBLISHED[file]
    sheet = made(rows, spans)
    got = [nab.raw(sheet, at(rows, detections), weights) for weights in PROFILES.values()]
    assert got == pytest.approx(expected, abs=2e-6)


def row_by_row(rows: int, spans: tuple[tuple[int, int], ...], detected: Flags, weights: nab.Weights) -> float:
    """The rules as they are told, for one file."""

    def place(p: float) -> float:
        return -1.0 if p > 3 else 2 / (1 + np.exp(5 * p)) - 1

    learning, total = min(int(0.15 * rows), 750), 0.0
    best: dict[int, float] = {}
    for row in range(learning, rows):
        inside = [number for number, (first, last) in enumerate(spans) if first <= row <= last]
        if inside:
            first, last = spans[inside[0]]
            worth = place(-(last - row + 1) / (last - first + 1)) / place(-1) * weights.tp if detected[row] else -np.inf
            best[inside[0]] = max(best.get(inside[0], -weights.fn), worth)
        elif detected[row]:
            before = [(first, last) for first, last in spans if last < row]
            far = (row - before[-1][1]) / (before[-1][1] - before[-1][0]) if before else np.inf
            total += place(far) * weights.fp
    return total + sum(best.values())


@pytest.mark.parametrize("seed", range(6))
def test_scores_and_optima_are_those_of_the_rules_row_by_row(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = list(PROFILES.values())[seed % 3]
    layout: list[tuple[int, tuple[tuple[int, int], ...]]] = [
        (200, ((20, 45), (90, 99))),
        (90, ()),
        (130, ((5, 12), (60, 80))),
    ]
    sheets = [made(rows, spans, f"a/{number}.csv") for number, (rows, spans) in enumerate(layout)]
    scores = {one.series.name: np.round(rng.random(len(one.worth)) ** 4, 2) for one in sheets}

    def total(threshold: float) -> float:
        parts = zip(sheets, layout, strict=True)
        return sum(row_by_row(*shape, scores[one.series.name] >= threshold, weights) for one, shape in parts)

    levels = np.unique(np.concatenate(list(scores.values())))
    for level in levels[::7]:
        got = sum(nab.raw(one, scores[one.series.name] >= level, weights) for one in sheets)
        assert got == pytest.approx(total(level))
    best, threshold = nab.optimised(sheets, scores, weights)
    tops = [nab.normalised(total(level), sheets, weights) for level in levels]
    assert best == pytest.approx(max(0.0, *tops))
    if best > 0:
        assert nab.normalised(total(threshold), sheets, weights) == pytest.approx(best)


def test_nothing_detected_is_0_and_the_first_row_of_every_window_100() -> None:
    sheets = [made(1000, ((300, 350), (700, 800)))]
    name = sheets[0].series.name
    for weights in PROFILES.values():
        assert nab.score(sheets, {name: at(1000, [])}, weights) == 0
        assert nab.score(sheets, {name: at(1000, [300, 700])}, weights) == pytest.approx(100)
        assert nab.optimised(sheets, {name: at(1000, [300, 700]).astype(float)}, weights) == pytest.approx((100, 1.0))


def test_one_is_told_again_after_four_hours_and_not_before() -> None:
    times = np.arange(200) * 300.0
    assert np.flatnonzero(nab.notified(times, np.ones(200, dtype=bool))).tolist() == [0, 48, 96, 144, 192]
    assert np.flatnonzero(nab.notified(times, at(200, [5, 50, 53, 150]))).tolist() == [5, 53, 150]


def test_losses_say_what_was_missed_and_what_was_false() -> None:
    sheets = [made(1000, ((300, 350), (700, 800)), "a/bad.csv"), made(1000, (), "a/good.csv")]
    found = {"a/bad.csv": at(1000, [10, 200, 300]), "a/good.csv": at(1000, [])}
    bad, good = nab.losses(sheets, found, PROFILES["standard"])
    assert (bad.file, bad.missed, bad.windows, bad.false) == ("a/bad.csv", 1, 2, 1)
    assert bad.lost == pytest.approx(2 + 0.11)
    assert (good.file, good.lost) == ("a/good.csv", 0)


def test_the_set_is_read_from_its_folder(tmp_path: Path) -> None:
    root = tmp_path / "nab"
    (root / "data" / "one").mkdir(parents=True)
    (root / "labels").mkdir()
    rows = "\n".join(f"2014-04-01 00:{minute:02}:00,{minute}.5" for minute in range(40))
    (root / "data" / "one" / "x.csv").write_text(f"timestamp,value\n{rows}\n")
    window = ["2014-04-01 00:20:00.000000", "2014-04-01 00:25:00.000000"]
    labels = root / "labels" / "combined_windows.json"
    labels.write_text(json.dumps({"one/x.csv": [window]}))
    (one,) = nab.load(tmp_path)
    assert (one.name, one.spans, one.values[3]) == ("one/x.csv", ((20, 25),), 3.5)
    assert one.times[1] - one.times[0] == 60
    labels.write_text(json.dumps({"one/x.csv": [["2014-04-01 00:20:30.000000", window[1]]]}))
    with pytest.raises(NoData, match="no row has the time"):
        nab.load(tmp_path)
    labels.write_text("{}")
    with pytest.raises(NoData, match="no entry"):
        nab.load(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoData, match="nab is missing: it should hold the Numenta Anomaly Benchmark"):
        nab.load(tmp_path)


@pytest.mark.skipif("AIOPS_TEST_DETECTION_DATA" not in os.environ, reason="AIOPS_TEST_DETECTION_DATA names no folder")
def test_whole_result_files_score_what_nab_published(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(os.environ["AIOPS_TEST_DETECTION_DATA"])
    data = Nab([nab.sheet(one) for one in nab.load(folder)], nab.profiles(folder))
    assert len(data.sheets) == 58
    assert published(folder, data, print)
    assert capsys.readouterr().out.count("published 58.20") == 1
