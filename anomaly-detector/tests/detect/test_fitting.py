"""Gains fitted to histories: kept where they help, not where they do not, and said in a table and a file."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from aiops.cli.main import main
from aiops.detect.univariate import Model, fitting, holt_winters
from aiops.detect.univariate.fitting import Gains, bucket_means, fit_gains, losses, use
from aiops.model.arrays import Floats

BEGIN, STEP, DAYS, EACH = 1_763_337_600.0, 300.0, 8, 288
TIMES = BEGIN + STEP * np.arange(DAYS * EACH)
DAY = np.sin(2 * np.pi * np.arange(DAYS * EACH) / EACH)


def wandering(seed: int = 1) -> Floats:
    """A level that wanders, on which the usual gains, made for steady levels, are slow."""
    steps = np.random.default_rng(seed).standard_normal(len(TIMES))
    return np.asarray(200 + 20 * DAY + np.cumsum(2 * steps))


def steady(seed: int = 1) -> Floats:
    return np.asarray(200 + 20 * DAY + 5 * np.random.default_rng(seed).standard_normal(len(TIMES)))


def test_a_fit_is_kept_where_it_forecasts_better() -> None:
    found = fit_gains(TIMES, wandering())
    assert found.kept
    assert found.gains is not None
    assert found.gains.alpha > 0.5
    assert found.loss < 0.6 * found.usual_loss
    fresh = wandering(2)  # another one of the kind
    begin, means = bucket_means(TIMES, fresh)
    usual, fitted = losses(begin, means, 3 * EACH, [Gains(), found.gains])
    assert fitted < 0.6 * usual


def test_a_fit_is_not_kept_where_nothing_is_won() -> None:
    found = fit_gains(TIMES, steady())
    assert found.gains is not None
    assert not found.kept


def test_the_detector_forecasts_better_with_fitted_gains() -> None:
    gains = fit_gains(TIMES, wandering()).gains
    assert gains is not None
    fresh, model = wandering(2), Model()
    model.grow(2)
    use(model.state.season.day, np.array([1]), gains)
    expected = []
    for at, value in zip(TIMES, fresh, strict=True):
        expected.append(
            holt_winters.forecast(model.state.season.day, np.array([0, 1]), np.full(2, (at + 150 - BEGIN) % 86_400))[0]
        )
        model.judge(float(at), np.full(2, value), STEP)
    usual, fitted = np.abs(np.array(expected)[5 * EACH :].T - fresh[5 * EACH :]).mean(axis=1)
    assert fitted < 0.7 * usual


@pytest.mark.parametrize(
    ("times", "values", "why"),
    [
        (TIMES[:EACH], steady()[:EACH], "five days"),
        (TIMES[::3], steady()[::3], "without large gaps"),
        (TIMES, np.full(len(TIMES), 7.0), "constant"),
        (TIMES, np.full(len(TIMES), np.nan), "five days"),
    ],
    ids=["short", "full of holes", "constant", "empty"],
)
def test_what_cannot_be_fitted_says_why(times: Floats, values: Floats, why: str) -> None:
    found = fit_gains(times, values)
    assert not found.kept
    assert why in found.why


def test_holes_and_an_incident_do_not_spoil_a_fit() -> None:
    values = wandering()
    values[np.random.default_rng(1).random(len(values)) < 0.1] = np.nan
    values[-40:-30] += 1e4
    found = fit_gains(TIMES, values)
    assert found.gains is not None
    assert found.kept


def _file(path: Path, series: dict[str, Floats]) -> Path:
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["timestamp", "service", "value"])
        for name, values in series.items():
            for at, value in zip(TIMES, values, strict=True):
                lines.writerow([datetime.fromtimestamp(at, UTC).isoformat(), name, value])
    return path


def test_the_command_prints_a_table_and_writes_a_file(tmp_path: Path) -> None:
    file = _file(tmp_path / "history.csv", {"wanders": wandering(), "stands": np.full(len(TIMES), 7.0)})
    done = CliRunner().invoke(main, ["fit", str(file), "-o", str(tmp_path / "fitted.json"), "--workers", "1"])
    assert done.exit_code == 0, done.output
    head, wanders, stands = done.stdout.splitlines()
    assert head.split()[:2] == ["series", "buckets"]
    assert wanders.startswith("service=wanders")
    assert wanders.endswith("yes")
    assert "no: it is constant" in stands
    first, second = json.loads((tmp_path / "fitted.json").read_text())["fits"]
    assert first["labels"] == {"service": "wanders"}
    assert first["kept"]
    assert set(first["gains"]) == {"alpha", "beta", "gamma", "phi"}
    assert second["gains"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,value\n1,2\n", "no column `timestamp`"),
        ("timestamp,value\n1,2\nyesterday,3\n", "history.csv:3: "),
        ("timestamp,value\n1,many\n", "history.csv:2: value: 'many' is no number"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "history.csv"
    file.write_text(text)
    done = CliRunner().invoke(main, ["fit", str(file)])
    assert done.exit_code in (1, 2)
    assert said in done.output


def test_without_statsmodels_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "find_spec", lambda _name: None)
    done = CliRunner().invoke(main, ["fit", str(_file(tmp_path / "history.csv", {"one": steady()}))])
    assert done.exit_code == 2
    assert "aiops[fit]" in done.output
