"""Every question asks for metrics, labels and values that there are, and a mistake in any of them is found."""

import re
from collections import Counter

import pytest
import yaml

from aiops.bootstrap.objectives import load_objectives
from tools.dashboards import catalogue, traceql
from tools.dashboards.filling import filled
from tools.dashboards.mutants import mutants
from tools.dashboards.questions import RULES, Question, of_alerts, of_dashboards, of_datasources

from .reading import ROOT

EVERY = [*of_dashboards(), *of_alerts(), *of_datasources()]
PROMQL = [one for one in EVERY if not one.spans]
TRACEQL = [one for one in EVERY if one.spans]
KNOWN, ATTRIBUTES = catalogue.written(), catalogue.attributes()


@pytest.mark.parametrize("one", PROMQL, ids=lambda one: one.where)
def test_it_asks_for_what_there_is(one: Question) -> None:
    assert catalogue.faults(filled(one.text), KNOWN, one.legend) == []


def test_every_mistake_in_promql_is_found() -> None:
    found: Counter[str] = Counter()
    for one in PROMQL:
        made = list(mutants(filled(one.text), one.legend))
        assert made or one.text == "vector(1)", one.where
        for mutant in made:
            assert catalogue.faults(mutant.text, KNOWN, mutant.legend), (one.where, mutant)
            found[mutant.kind] += 1
    assert min(found[kind] for kind in ("metric", "label", "value")) > 100


@pytest.mark.parametrize("one", TRACEQL, ids=lambda one: one.where)
def test_it_asks_for_what_spans_have(one: Question) -> None:
    assert traceql.faults(filled(one.text), ATTRIBUTES) == []


@pytest.mark.parametrize("one", TRACEQL, ids=lambda one: one.where)
def test_every_mistake_in_traceql_is_found(one: Question) -> None:
    text = filled(one.text)
    for found in re.finditer(r'(?<!")\b[a-z][\w.]+\b(?!")', text):
        mutant = f"{text[: found.start()]}{found[0]}x{text[found.end() :]}"
        assert traceql.faults(mutant, ATTRIBUTES), mutant


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{ span.http.rout = `a` }", "is no TraceQL"),
        ('{ span.http.rout = "a" }', "there is no attribute http.rout of a span"),
        ('{ link.http.route = "a" }', "link.http.route is neither an intrinsic nor an attribute of event, resource"),
        ('{ span.http.route == "a" }', "= is no value"),
        ("{ status = failed }", "failed is no status"),
        ("{ kind = servr }", "servr is no kind"),
        ("{ duration > 5 }", "5 is no duration"),
        ("{ name = checkout }", "checkout is no text"),
        ("{ status = error", "} is wanted, not the end"),
        ("{} | rates()", "there is no function rates"),
        ("{} | rate() by (nam)", "nam is neither"),
        ("{} | quantile_over_time(duration, x)", "a quantile is a number"),
        ("{} rate()", "| is wanted, not rate"),
        ("{} | rate() with (exemplars=maybe)", "a hint is true or false"),
    ],
)
def test_what_is_wrong_with_traceql_is_said(query: str, said: str) -> None:
    [fault] = traceql.faults(query, ATTRIBUTES)
    assert fault.startswith(f"{query}: ")
    assert said in fault


@pytest.mark.parametrize(
    ("expr", "legend", "said"),
    [
        ("sum by (job", "", "sum by (job: "),
        ("upp", "", "there is no metric upp"),
        ("up{jobb='a'}", "", "up has no label jobb"),
        ("up{job='tempoo'}", "", "up has no job tempoo, only aiops, "),
        ("up{job=~'tempo|x.*'}", "", "up has no job x.*"),
        ("aiops_findings{family='errors'}", "", "values of aiops_findings's label family are not in the catalogue"),
        ("sum by (jobb) (up)", "", "up has no label jobb"),
        ("sum without (jobb) (up)", "", "up has no label jobb"),
        ("max(up)", "{{job}}", "the legend '{{job}}' names job, which the result of max(up) has not"),
        ("sum by (job) (up) / on (instance) up", "", "sum by (job) (up) has no label instance"),
        ("up and on (source) aiops_source_up", "", "up has no label source"),
        ("up * on (job) group_left (family) aiops_source_up", "", "aiops_source_up has no label family"),
        ("histogram_quantile(0.9, sum by (job) (aiops_cycle_duration_seconds_bucket))", "", "has no label le"),
    ],
)
def test_what_is_wrong_with_promql_is_said(expr: str, legend: str, said: str) -> None:
    [fault, *_] = catalogue.faults(expr, KNOWN, legend)
    assert said in fault


@pytest.mark.parametrize(
    ("expr", "legend"),
    [
        ("up * on (job) group_left (source) aiops_source_up", "{{instance}} {{source}}"),
        ("topk(3, up)", "{{job}}"),
        ("sum by (job) (up) or vector(0)", "{{job}}"),
        ("time() - max by (instance) (aiops_cycle_timestamp_seconds)", "{{instance}}"),
        ("max_over_time((up > 0)[1h:1m])", "{{job}}"),
    ],
)
def test_labels_go_through(expr: str, legend: str) -> None:
    assert catalogue.faults(expr, KNOWN, legend) == []


def test_the_catalogue_has_nothing_that_nobody_asks_for() -> None:
    asked = {metric for one in PROMQL for metric in catalogue.metrics_of(filled(one.text))}
    native = {metric for metric in asked if f"{metric}_bucket" in KNOWN}
    assert asked - native == set(KNOWN)


def test_the_catalogue_knows_every_alert_and_objective() -> None:
    rules = [
        rule
        for file in RULES.glob("*.yml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    assert KNOWN["ALERTS"]["alertname"] == {rule["alert"] for rule in rules if "alert" in rule}
    assert KNOWN["ALERTS"]["slo"] == {
        one.name for one in load_objectives([ROOT / "demo-app/shop/objectives.yaml"]).slos
    }


def test_a_recorded_catalogue_knows_every_value() -> None:
    series = [{"__name__": "a", "b": "1"}, {"__name__": "a", "b": "2", "c": "3"}]
    assert catalogue.recorded(series) == {"a": {"b": {"1", "2"}, "c": {"3"}}}
