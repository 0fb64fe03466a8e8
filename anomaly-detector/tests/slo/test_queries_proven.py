"""Rules of objectives over PromQL of somebody's own, over series as they are: evaluated by the real promtool."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops.slo import Links, groups
from tools.native.build import ensure

from .documents import CHECKOUT, changed, one
from .test_openslo import GAUGE, OCCURRENCES, RATIO_METRIC, RAW, SLICES

pytestmark = pytest.mark.stack

OF = '{slo="checkout-availability"}'


def queries(total: str, bad: str, kind: str = "bad", by: str = "") -> str:
    """The objective over two queries."""
    more = f", groupBy: [{by}]" if by else ""
    written = "".join(
        f"        {key}: {{metricSource: {{type: prometheus, spec: {{query: '{query}'{more}}}}}}}\n"
        for key, query in (("total", total), (kind, bad))
    )
    return changed(CHECKOUT, (RAW, written))


def evaluated(folder: Path, text: str, series: dict[str, str], asked: dict[str, dict[str, Any]], minutes: int) -> None:
    """Have promtool evaluate the rules over series of one sample a minute; `asked` are samples of expressions."""
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups([one(text)], Links())}))
    questions = [
        {
            "expr": expr,
            "eval_time": f"{minutes}m",
            "exp_samples": [{"labels": key, "value": value} for key, value in found.items()],
        }
        for expr, found in asked.items()
    ]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": questions,
    }
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "fuzzy_compare": True, "tests": [test]}
    (folder / "tests.yml").write_text(yaml.safe_dump(document))
    done = subprocess.run(
        [ensure()["promtool"], "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def rounded(expression: str, to: float = 0.01) -> str:
    return f"sum(round({expression}, {to}))"


def firing(alert: str) -> str:
    return f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)'


def test_queries_that_are_not_summed_are_summed(tmp_path: Path) -> None:
    """One request of 10,000 fails against 99.9 %: a tenth of what is allowed, and not each series with code 500."""
    text = queries("rate(asked_total[{{.window}}])", 'rate(asked_total{code="500"}[{{.window}}])')
    series = {
        'asked_total{code="200", pod="a"}': "0+9999x400",
        'asked_total{code="200", pod="b"}': "0+9999x400",
        'asked_total{code="500", pod="a"}': "0+2x400",
    }
    asked = {rounded(f"slo:burn_rate:ratio_rate{window}{OF}"): {"{}": 0.1} for window in ("5m", "1h", "6h")}
    evaluated(tmp_path, text, series, {**asked, firing("SloBurnsFast"): {"{}": 0}}, 390)


def test_quiet_nights_are_time_like_the_rest(tmp_path: Path) -> None:
    """1 % of what is exported fails by day against 99.5 %, and nothing is exported for 16 hours each night."""
    text = queries(
        "sum(rate(exported_total[{{.window}}])) > 0", 'sum(rate(exported_total{outcome="failed"}[{{.window}}]))'
    )
    text = changed(text, ("0.9990", "0.995"))

    def days(each: int) -> str:
        out, count = [], 0
        for _ in range(4):
            out += [f"{count}+{each}x479", f"{count + 479 * each}+0x959"]
            count += 479 * each
        return " ".join(out)

    series = {'exported_total{outcome="fine"}': days(594), 'exported_total{outcome="failed"}': days(6)}
    # At the end of the fourth night.
    asked = {
        rounded(f"slo:burn_rate:ratio_rate3d{OF}"): {"{}": 2},
        firing("SloWithoutData"): {"{}": 0},
        f"count(slo:events:rate5m{OF})": {"{}": 1},
    }
    evaluated(tmp_path, text, series, asked, 4 * 1440 - 2)


@pytest.mark.parametrize("scraped", ["1.0", "1"])
def test_a_bound_is_found_however_it_is_written(tmp_path: Path, scraped: str) -> None:
    """Half take longer than a second, against 99 %."""
    text = queries(
        "sum(rate(took_count[{{.window}}]))",
        'sum(rate(took_count[{{.window}}])) - sum(rate(took_bucket{le="1"}[{{.window}}]))',
    )
    series = {
        f'took_bucket{{le="{scraped}"}}': "0+50x60",
        'took_bucket{le="+Inf"}': "0+100x60",
        "took_count": "0+100x60",
    }
    text = changed(text, ("0.9990", "0.99"))
    asked = {rounded(f"slo:burn_rate:ratio_rate5m{OF}"): {"{}": 50}, firing("SloBurnsFast"): {"{}": 1}}
    evaluated(tmp_path, text, series, asked, 60)


def test_a_term_without_series_is_nothing(tmp_path: Path) -> None:
    """Nothing ever timed out, but there are errors. Where nothing good was ever counted, all is bad."""
    bad = "sum(rate(errors_total[{{.window}}])) + sum(rate(timeouts_total[{{.window}}]))"
    series = {"asked_total": "0+100x60", "errors_total": "0+5x60"}
    asked = {rounded(f"slo:burn_rate:ratio_rate5m{OF}"): {"{}": 50}}
    evaluated(tmp_path, queries("sum(rate(asked_total[{{.window}}]))", bad), series, asked, 60)
    both = "sum(rate(asked_total[{{.window}}])) + sum(rate(pushed_total[{{.window}}]))"
    evaluated(tmp_path, queries(both, bad), series, asked, 60)
    none = queries("sum(rate(asked_total[{{.window}}]))", "sum(rate(fine_total[{{.window}}]))", "good")
    evaluated(tmp_path, none, series, {rounded(f"slo:burn_rate:ratio_rate5m{OF}"): {"{}": 1000}}, 60)


def test_increases_and_samples_are_events_a_second(tmp_path: Path) -> None:
    """6 of 60 events a minute are bad; what is recorded is a second, whatever was written."""
    text = queries("sum(increase(asked_total[{{.window}}]))", "sum(rate(errors_total[{{.window}}]))")
    series = {"asked_total": "0+60x60", "errors_total": "0+6x60", "alive": "1x60"}
    asked = {
        rounded(f"slo:events:rate1h{OF}"): {"{}": 1},
        rounded(f"slo:burn_rate:ratio_rate5m{OF}"): {"{}": 100},
    }
    evaluated(tmp_path, text, series, asked, 60)
    seen = queries("sum(count_over_time(alive[{{.window}}]))", "sum(sum_over_time(alive[{{.window}}]))", "good")
    asked = {f"sum(round(slo:events:rate5m{OF} * 60, 0.1))": {"{}": 1}, f"sum(slo:bad_events:rate5m{OF})": {"{}": 0}}
    evaluated(tmp_path, seen, series, asked, 60)


def test_groups_are_summed_each_for_itself(tmp_path: Path) -> None:
    text = queries("rate(asked_total[{{.window}}])", 'rate(asked_total{code="500"}[{{.window}}])', by="region")
    series = {
        'asked_total{region="eu", code="200", pod="a"}': "0+90x60",
        'asked_total{region="eu", code="500", pod="b"}': "0+10x60",
        'asked_total{region="us", code="200", pod="a"}': "0+100x60",
    }
    asked = {
        f"sum by (region) (round(slo:burn_rate:ratio_rate5m{OF}, 0.01))": {'{region="eu"}': 100, '{region="us"}': 0}
    }
    evaluated(tmp_path, text, series, asked, 60)


def test_a_probe_may_be_an_expression(tmp_path: Path) -> None:
    probe = "      thresholdMetric:\n        metricSource: {type: probe, spec: {query: 'max by (job) (alive)'}}\n"
    series = {'alive{job="a", pod="x"}': "0x60", 'alive{job="a", pod="y"}': "1x30 0x29"}
    asked = {rounded(f"slo:burn_rate:ratio_rate5m{OF}"): {"{}": 1000}}
    evaluated(tmp_path, changed(CHECKOUT, (RATIO_METRIC, probe)), series, asked, 60)


def test_a_level_is_counted_series_by_series(tmp_path: Path) -> None:
    of = SLICES.replace("targetPercent: 99.5", "targetPercent: 99.5\n      op: lte\n      value: 100")
    text = changed(
        CHECKOUT,
        (RATIO_METRIC, GAUGE.replace("otel.metric", "prometheus").replace("metric: queue.depth", "query: depth")),
        (OCCURRENCES, of),
    )
    series = {'depth{queue="a"}': "200x60", 'depth{queue="b"}': "1x60"}
    evaluated(tmp_path, text, series, {f"sum(slo:bad_slice:bool{OF})": {"{}": 1}}, 60)


def test_an_objective_whose_labels_changed_goes_on(tmp_path: Path) -> None:
    """For a day the objective was of another service, as its recorded series say, and 2 % were bad; since it is of this
    one nothing is."""
    bad = 'sum(rate(asked_total{code="500"}[{{.window}}]))'
    text = queries("sum(rate(asked_total[{{.window}}]))", bad)
    old = '{slo="checkout-availability", service_name="front"}'
    series = {
        f"slo:events:rate5m{old}": "10x1440 stale",
        f"slo:bad_events:rate5m{old}": "0.2x1440 stale",
        'asked_total{code="200"}': "_x1440 0+600x1440",
    }
    asked = {
        rounded(f"slo:burn_rate:ratio_rate3d{OF}", 0.1): {"{}": 6.7},  # a third of three days, 20 times as allowed
        rounded(f"slo:events:rate3d{OF}", 0.1): {"{}": 10},
        f"count by (service_name) (slo:burn_rate:ratio_rate3d{OF})": {'{service_name="gateway"}': 1},
    }
    evaluated(tmp_path, text, series, asked, 2880)


def test_an_objective_that_is_no_longer_split_is_not_the_sum_of_its_parts(tmp_path: Path) -> None:
    text = queries("sum(rate(asked_total[{{.window}}]))", 'sum(rate(asked_total{code="500"}[{{.window}}]))')
    split = 'slo="checkout-availability", service_name="gateway", slo_by="region"'
    series = {f'slo:events:rate5m{{{split}, region="{one}"}}': "5x1440 stale" for one in ("eu", "us")}
    series |= {'asked_total{code="200"}': "_x1440 0+594x600", 'asked_total{code="500"}': "_x1440 0+6x600"}
    evaluated(tmp_path, text, series, {rounded(f"slo:events:rate1d{OF}", 0.1): {"{}": 10}}, 2040)
