"""The rules as Prometheus evaluates them: they fire as they must, and are not biased or poisoned as others are."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from aiops.cli.main import main
from aiops.slo import Links, groups
from aiops.slo.rules.simulation import Phase, burn, simulate_counters
from tools.native.build import ensure

from .documents import CHECKOUT, changed, one

SLO = one(CHECKOUT)
HALF = 12 * 60
BIASED = (Phase(HALF, 9900, 198), Phase(HALF, 100))
"""Half a day busy with 2 % of errors, half a day nearly idle without: 1.98 % of all, 1 % of the time."""


@pytest.fixture(scope="module")
def promtool() -> str:
    return str(ensure()["promtool"])


def evaluated(promtool: str, folder: Path, rules: list[dict[str, Any]], test: dict[str, Any]) -> str:
    """What promtool says of rules under a test; empty when all is as expected."""
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": rules}))
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    (folder / "tests.yml").write_text(yaml.safe_dump(document, width=4096))
    command = [promtool, "test", "rules", "tests.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def counters(good: str, bad: str) -> list[dict[str, str]]:
    of = 'http_server_request_duration_seconds_count{service_name="gateway", http_route="/checkout", '
    of += 'http_request_method="POST", http_response_status_code='
    return [{"series": f'{of}"200"}}', "values": good}, {"series": f'{of}"503"}}', "values": bad}]


def asked(expression: str, at: int, value: float | None) -> dict[str, Any]:
    samples = [] if value is None else [{"labels": "{}", "value": value}]
    return {"expr": expression, "eval_time": f"{at}m", "exp_samples": samples}


NAIVE = {
    "name": "as others do it",
    "rules": [
        {"record": "naive:ratio", "expr": "slo:bad_events:rate5m / slo:events:rate5m"},
        {"record": "naive:day", "expr": "avg_over_time(naive:ratio[1d])"},
    ],
}


def test_an_idle_half_day_does_not_halve_the_errors() -> None:
    share = burn(SLO, simulate_counters(BIASED), 86_400)[-1] * 0.001
    assert f"{share:.3%}" == "1.980%"


@pytest.mark.stack
def test_an_idle_half_day_does_not_halve_the_errors_in_prometheus(promtool: str, tmp_path: Path) -> None:
    end = 2 * HALF
    test = {
        "interval": "1m",
        "input_series": counters(
            f"0+9702x{HALF} {9702 * HALF + 100}+100x{HALF - 1}", f"0+198x{HALF} {198 * HALF}+0x{HALF - 1}"
        ),
        "promql_expr_test": [
            asked("round(sum(slo:burn_rate:ratio_rate1d) * 0.1, 0.001)", end, 1.98),
            asked("round(sum(naive:day) * 100, 0.01)", end, 1.0),
        ],
    }
    assert evaluated(promtool, tmp_path, [*groups([SLO], Links()), NAIVE], test) == ""


@pytest.mark.stack
def test_ten_idle_minutes_do_not_poison_the_budget(promtool: str, tmp_path: Path) -> None:
    test = {
        "interval": "1m",
        "input_series": counters("0+100x60 6000+0x10 6000+100x60", "0+1x60 60+0x10 60+1x60"),
        "promql_expr_test": [
            asked("count(slo:burn_rate:ratio_rate1d == slo:burn_rate:ratio_rate1d)", 130, 1),
            asked("count(naive:day == naive:day)", 130, None),
        ],
    }
    assert evaluated(promtool, tmp_path, [*groups([SLO], Links()), NAIVE], test) == ""


@pytest.mark.stack
@pytest.mark.parametrize(
    ("what", "old", "new"),
    [
        ("errors have no zero before the first", "\nor on () 0 * max(slo:events", "\nunless on () max(slo:events"),
        ("the wrong factor", "> 14.4", "> 144"),
        ("the window is a label", "ratio_rate5m{", 'ratio_rate5m{window="5m", '),
    ],
)
def test_rules_that_are_wrong_do_not_pass(promtool: str, tmp_path: Path, what: str, old: str, new: str) -> None:
    path = tmp_path / "slo.yaml"
    path.write_text(CHECKOUT)
    made = CliRunner().invoke(main, ["slo", "test", str(path), "--write", str(tmp_path)])
    assert made.exit_code == 0, made.output
    rules = (tmp_path / "checkout-availability.yml").read_text()
    assert old.strip() in rules, what
    broken = "\n".join(line for line in rules.splitlines() if old.strip() not in line) if old[0] == "\n" else ""
    (tmp_path / "checkout-availability.yml").write_text(broken or rules.replace(old, new))
    command = [promtool, "test", "rules", "checkout-availability-tests.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, what
    assert "FAILED" in done.stdout + done.stderr


@pytest.mark.stack
def test_every_kind_of_objective_is_proven(promtool: str, tmp_path: Path) -> None:
    from .test_openslo import OCCURRENCES, RATIO, RAW, SLICES

    texts = [
        changed(CHECKOUT, ("checkout-availability", "grouped"), ("method: POST", "groupBy: [http.request.method]")),
        changed(CHECKOUT, ("checkout-availability", "rpc"), ("otel.http.server", "otel.rpc.server")),
        changed(CHECKOUT, ("checkout-availability", "ratio"), (RAW, RATIO)),
        changed(CHECKOUT, ("checkout-availability", "sliced"), (OCCURRENCES, SLICES.replace("1m", "5m"))),
        changed(
            CHECKOUT,
            ("checkout-availability", "missed"),
            ("  displayName: Checkout works\n", "  annotations: {aiops/missing-data: bad}\n"),
            (OCCURRENCES, SLICES.replace("1m", "5m")),
        ),
        changed(CHECKOUT, ("checkout-availability", "good"), (RAW, RATIO.replace("bad:", "good:"))),
    ]
    (tmp_path / "all.yaml").write_text("---\n".join(texts))
    done = CliRunner().invoke(main, ["slo", "test", str(tmp_path / "all.yaml"), "--promtool", promtool])
    assert done.exit_code == 0, done.output
    assert done.output.count("10 scenarios as they must be") == 6
