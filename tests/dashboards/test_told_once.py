"""No condition is told of twice: not by two systems, not by two alerts of one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import promql_parser as promql
import pytest
import yaml
from promql_parser import Matcher, MatchOp

from aiops.model import names

from .reading import ROOT

ALERTMANAGER = yaml.safe_load(re.sub(r"\$\{\w+\}", "x", (ROOT / "alertmanager/alertmanager.yml").read_text()))
EXPLAINED = {
    frozenset({"CollectorQueueFilling", "CollectorNotSending"}): "half full and emptied, or not emptied however full",
}
"""Alerts that look at the same series and mean different things."""
Selector = tuple[str, tuple[Matcher, ...]]
Bound = tuple[str, list[float]]


@dataclass(frozen=True)
class Alert:
    """An alert of `system`, with what it looks at; `bound` is Grafana's, which stands beside the expression."""

    system: str
    name: str
    slo: str
    selectors: tuple[Selector, ...]
    bound: Bound | None = None


def subjects(tree: Any) -> Iterator[Selector]:
    """What an expression compares: not what is only asked for beside it, behind `and` and `unless`."""
    match tree:
        case promql.VectorSelector():
            yield str(tree.name), tuple(tree.matchers.matchers)
        case promql.MatrixSelector():
            yield from subjects(tree.vector_selector)
        case promql.BinaryExpr():
            yield from subjects(tree.lhs)
            if str(tree.op) not in ("and", "unless"):
                yield from subjects(tree.rhs)
        case promql.Call():
            for argument in tree.args:
                yield from subjects(argument)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from subjects(tree.expr)


def of_prometheus() -> Iterator[Alert]:
    for file in sorted((ROOT / "prometheus/rules").glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    found = tuple(subjects(promql.parse(rule["expr"])))
                    yield Alert("Prometheus", rule["alert"], rule["labels"].get("slo", ""), found)


def of_grafana() -> Iterator[Alert]:
    for group in yaml.safe_load((ROOT / "grafana/provisioning/alerting/slo.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            asked = rule["data"][0]["model"]
            found = tuple(subjects(promql.parse(asked["expr"]))) if "expr" in asked else ()
            [condition] = rule["data"][-1]["model"]["conditions"]
            bound = condition["evaluator"]["type"], condition["evaluator"]["params"]
            yield Alert("Grafana", rule["title"], rule["labels"].get("slo", ""), found, bound)


EVERY = [*of_prometheus(), *of_grafana()]


def meets(one: Matcher, other: Matcher) -> bool:
    """Whether a value may satisfy both; only a plain value can be told to fail the other."""
    plain, test = (one, other) if one.op == MatchOp.Equal else (other, one)
    if plain.op != MatchOp.Equal:
        return True
    regex = test.op in (MatchOp.Re, MatchOp.NotRe)
    hit = bool(re.fullmatch(test.value, plain.value)) if regex else test.value == plain.value
    return hit == (test.op in (MatchOp.Re, MatchOp.Equal))


def same_series(one: Selector, other: Selector) -> bool:
    return one[0] == other[0] and all(meets(a, b) for a in one[1] for b in other[1] if a.name == b.name)


def holds(bound: Bound, value: float) -> bool:
    """As Grafana's thresholds compare; both ends of a range are outside."""
    kind, (first, *rest) = bound
    return {
        "lt": lambda: value < first,
        "lte": lambda: value <= first,
        "gt": lambda: value > first,
        "within_range": lambda: first < value < rest[0],
    }[kind]()


def apart(one: Alert, other: Alert) -> bool:
    """Whether no value of one series can be what both alert on."""
    if one.bound is None or other.bound is None:
        return False
    ends = sorted({*one.bound[1], *other.bound[1]})
    values = [*ends, *((a + b) / 2 for a, b in pairwise(ends)), ends[0] - 1, ends[-1] + 1]
    return not any(holds(one.bound, value) and holds(other.bound, value) for value in values)


def satisfies(labels: Mapping[str, str], matchers: list[str]) -> bool:
    for matcher in matchers:
        found = re.fullmatch(r'(\w+)(=~|!~|!=|=)"(.*)"', matcher)
        assert found, matcher
        value = labels.get(found[1], "")
        hit = bool(re.fullmatch(found[3], value)) if "~" in found[2] else value == found[3]
        if hit != found[2].startswith("="):
            return False
    return True


def held_back(target: Mapping[str, str], source: Mapping[str, str]) -> bool:
    """Whether Alertmanager holds `target` back while `source` fires."""
    return any(
        satisfies(source, rule["source_matchers"])
        and satisfies(target, rule["target_matchers"])
        and all(source.get(label, "") == target.get(label, "") for label in rule.get("equal", ()))
        for rule in ALERTMANAGER["inhibit_rules"]
    )


def silenced(one: Alert, other: Alert) -> bool:
    a, b = ({"alertname": each.name, "slo": each.slo} for each in (one, other))
    return held_back(a, b) or held_back(b, a)


def test_names_are_unique() -> None:
    told = [(one.name, one.slo) for one in EVERY]
    assert len({*told}) == len(told)


def test_no_metric_is_alerted_on_by_two_systems() -> None:
    metrics = {
        system: {metric for one in EVERY if one.system == system for metric, _ in one.selectors}
        for system in ("Prometheus", "Grafana")
    }
    assert all(metrics.values())
    assert metrics["Prometheus"] & metrics["Grafana"] == set()


def test_two_alerts_on_the_same_series_exclude_each_other() -> None:
    overlaps = [
        (one, other)
        for one, other in combinations(EVERY, 2)
        if any(same_series(a, b) for a in one.selectors for b in other.selectors)
    ]
    assert len(overlaps) >= 5
    unexplained = [
        (one.name, other.name)
        for one, other in overlaps
        if not (apart(one, other) or silenced(one, other) or frozenset({one.name, other.name}) in EXPLAINED)
    ]
    assert unexplained == []


@pytest.mark.parametrize("name", names.BURN_ALERTS.values())
def test_a_burn_is_not_told_of_beside_the_incident_that_speaks_for_it(name: str) -> None:
    impact = {"alertname": names.IMPACT_ALERT, "source": names.OWN_SOURCE, "slo": "a", "slo_group": "b"}
    assert held_back({"alertname": name, "slo": "a", "slo_group": "b"}, impact)
    assert not held_back({"alertname": name, "slo": "other", "slo_group": "b"}, impact)


def test_a_page_holds_back_its_ticket() -> None:
    page, ticket = ({"alertname": name, "slo": "a"} for name in names.BURN_ALERTS.values())
    assert held_back(ticket, page)
    assert not held_back(page, ticket)


@pytest.mark.parametrize(
    "other",
    [
        {"alertname": f"{names.DATASOURCE_FAILING} Tempo"},
        {"alertname": "EngineSourceFailing", "source": "traces"},
        {"alertname": "CollectorNotSending", "exporter": "otlp_grpc/tempo"},
    ],
    ids=lambda one: one["alertname"],
)
def test_a_tempo_that_is_down_is_told_of_once(other: dict[str, str]) -> None:
    down = {"alertname": "TargetDown", "severity": "critical"}
    assert held_back(other, {**down, "job": "tempo"})
    assert not held_back(other, {**down, "job": "alertmanager"})
    assert other["alertname"].split()[0] in {one.name.split()[0] for one in EVERY}


def test_what_would_be_told_twice_is_found() -> None:
    """The checks above, on alerts that do overlap."""
    [low] = [one for one in EVERY if one.name == f"{names.SLO_BUDGET_LOW} checkout-availability"]
    assert not apart(low, Alert("Grafana", "a", low.slo, low.selectors, ("lt", [0.1])))
    down = promql.parse('up{job="tempo"} == 0')
    [target] = [one for one in EVERY if one.name == "TargetDown"]
    assert any(same_series(a, b) for a in subjects(down) for b in target.selectors)
    engine = promql.parse('up{job="aiops"} == 0')
    assert not any(same_series(a, b) for a in subjects(engine) for b in target.selectors)
