"""Generated telemetry takes as long as what was measured of a running shop."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from shop.settings import BadSetting
from shop.virtual.graph import shop
from shop.virtual.load import Load
from shop.virtual.pace import BLOCK_SECONDS, PROFILED, Measured
from shop.virtual.stream import Model

START = 1_763_712_000.0
PAYMENT, CATALOG = shop().operations["payment /payment"], shop().operations["catalog /products"]
Pairs = Sequence[tuple[float, float]]


def measured(work: Pairs = (), ways: Pairs = (), answers: Pairs = ()) -> Measured:
    found = {
        "work": {"payment /payment": work},
        "ways": {"payment /payment": ways},
        "dependencies": {"sqlite": answers},
    }
    return Measured(found, seed=1)


def steady(seconds: float) -> Pairs:
    return [(START + at / 2, seconds) for at in range(30)]


def test_everything_takes_what_was_measured() -> None:
    pace = measured(steady(0.3), steady(0.05), steady(0.02))
    slices = list(Model(shop(), Load(8.0), seed=1, pace=pace).slices(START, START + 60, 15.0))
    rows = [row for one in slices for row in one.spans.to_pylist() if not row["failed"]]
    took = {row["span_id"]: (row["end_ns"] - row["start_ns"]) / 1e9 for row in rows}

    def lasted(kind: int, of: str, key: str) -> list[float]:
        return [took[row["span_id"]] for row in rows if row["kind"] == kind and row[key] == of]

    # Work of payment, and its card processor, which was not measured: 5 ms.
    assert median(lasted(2, "/payment", "route")) == pytest.approx(0.305, rel=0.05)
    assert set(lasted(3, "SELECT products", "name")) == {0.02}
    served = {row["parent_id"]: row["span_id"] for row in rows if row["kind"] == 2 and row["route"] == "/payment"}
    ways = [took[call] - took[served[call]] for call in took if call in served and served[call] in took]
    assert len(ways) > 100
    assert np.ptp([way for way in ways if way < 0.1]) < 1e-6


def test_what_was_not_measured_is_as_the_profile_says() -> None:
    pace = measured(steady(0.3)[:5])  # too few
    for operation in (PAYMENT, CATALOG):
        assert pace.work(operation, START, random.Random(7)) == PROFILED.work(operation, START, random.Random(7))
    assert pace.way(PAYMENT, START, random.Random(7)) == PROFILED.way(PAYMENT, START, random.Random(7))


def test_a_slow_moment_is_slow_for_all_that_happens_in_it() -> None:
    """The machine stood still for half of the time; whole blocks of what is generated are as slow."""
    wave = [(START + at / 10, 0.1 if at < 150 else 0.4) for at in range(300)]
    pace, rng = measured(wave, wave), random.Random(1)
    blocks = [START + BLOCK_SECONDS * number for number in range(200)]
    means = [np.mean([pace.work(PAYMENT, block + at / 10, rng) for at in range(30)]) for block in blocks]
    apart = [mean for mean in means if 0.15 < mean < 0.35]
    assert len(apart) < 0.3 * len(means), "few blocks lie across the change"
    assert 0.35 < np.mean([mean > 0.25 for mean in means]) < 0.65
    ways = [np.mean([pace.way(PAYMENT, block + at / 10, rng) for at in range(30)]) for block in blocks]
    assert np.corrcoef(means, ways)[0, 1] > 0.95


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"work": 1, "ways": {}, "dependencies": {}}', "no file"])
def test_a_file_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "measured.json"
    if text != "no file":
        file.write_text(text, encoding="utf-8")
    with pytest.raises(BadSetting, match=r"--measured: .*measured\.json is no file of measured durations"):
        Measured.read(file, 1)


def test_the_command_reads_it(tmp_path: Path) -> None:
    from shop.cli import main
    from shop.virtual import arrow

    file, out = tmp_path / "measured.json", tmp_path / "out"
    found = {"work": {"payment /payment": steady(0.3)}, "ways": {}, "dependencies": {}}
    file.write_text(json.dumps(found), encoding="utf-8")
    assert (
        main(["virtual", "--history", "1m", "--step", "15", "--spans", "--measured", str(file), "--out", str(out)]) == 0
    )
    with out.open("rb") as stream:
        rows = [row for one in arrow.unpack(stream) for row in one.spans.to_pylist()]
    took = [(row["end_ns"] - row["start_ns"]) / 1e9 for row in rows if row["kind"] == 2 and row["route"] == "/payment"]
    assert min(took) >= 0.3
