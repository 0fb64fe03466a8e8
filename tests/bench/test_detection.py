"""The command, on two small sets."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    times = np.datetime64("2024-03-01T00:00:00") + np.arange(600) * np.timedelta64(300, "s")
    texts = [str(one).replace("T", " ") for one in times]
    values = 50 + np.random.default_rng(1).normal(0, 1, 600)
    values[400:410] = 500
    nab, clouds = tmp_path / "nab", tmp_path / "ms-cloud-monitoring" / "data"
    for one in (nab / "data" / "kind", nab / "labels", nab / "config", clouds):
        one.mkdir(parents=True)
    rows = [f"{text},{value:.3f}" for text, value in zip(texts, values, strict=True)]
    (nab / "data" / "kind" / "x.csv").write_text("\n".join(["timestamp,value", *rows]))
    (nab / "labels" / "combined_windows.json").write_text(json.dumps({"kind/x.csv": [[texts[390], texts[430]]]}))
    costs = {"tpWeight": 1.0, "fnWeight": 1.0, "fpWeight": 0.11}
    names = ("standard", "reward_low_FP_rate", "reward_low_FN_rate")
    (nab / "config" / "profiles.json").write_text(json.dumps({name: {"CostMatrix": costs} for name in names}))
    labels = [f"{row},{int(400 <= number < 410)}" for number, row in enumerate(rows)]
    (clouds / "y.csv").write_text("\n".join(["TimeStamp,Value,Label", *labels]))
    return tmp_path


def bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.detection", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_it_prints_a_table_and_writes_json(folder: Path) -> None:
    result = folder / "result.json"
    done = bench(folder, "--detector", "zscore-online", "--detector", "random", "--json", result)
    assert done.returncode == 0, done.stderr
    assert "NAB: 1 series, 1 windows" in done.stdout
    assert "NAB's rules are not checked" in done.stdout
    assert "1 labelled runs, 1 events" in done.stdout
    found = json.loads(result.read_text())
    assert set(found["nab"]) == set(found["clouds"]) == {"zscore-online", "random"}
    ours = found["clouds"]["zscore-online"]["fixed"]
    assert (ours["events"], ours["found"], ours["delay"]) == (1, 1, 0)
    assert found["nab"]["zscore-online"]["notified_fixed"]["standard"] > 50
    assert found["nab"]["random"]["losses"][0]["file"] == "kind/x.csv"


def test_one_set_can_be_left_out(folder: Path) -> None:
    done = bench(folder, "--only", "clouds", "--detector", "random")
    assert done.returncode == 0, done.stderr
    assert "NAB" not in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--only", "clouds"]])
def test_a_folder_without_the_sets_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    done = bench(tmp_path, *arguments)
    assert done.returncode == 2
    assert "is missing: it should hold" in done.stderr
