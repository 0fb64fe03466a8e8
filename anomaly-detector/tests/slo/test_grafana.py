"""Objectives as Grafana's rules: each is about one thing, keeps its uid, goes when it is no longer made, and fires when
it must."""

import re
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from aiops.model import names
from aiops.slo import Links, groups, provisioning
from aiops.slo.rules import lock
from tools.native.build import ensure

from .documents import CHECKOUT, changed, one

ROLLING = "- duration: 30d\n      isRolling: true"
CALENDAR = '- duration: 1M\n      calendar: {startTime: "2026-01-01 00:00:00", timeZone: UTC}'
MONTHLY = changed(CHECKOUT, (ROLLING, CALENDAR))
GROUPED = changed(CHECKOUT, ("method: POST", "groupBy: [http.request.method]"))
SPARSE = changed(CHECKOUT, ("  displayName: Checkout works", '  annotations: {aiops/min-bad-events: "5"}'))
OF_ONE = [names.SLO_BUDGET_LOW, names.SLO_BUDGET_SPENT, names.SLO_BUDGET_RUNS_OUT]
OF_GRAFANA = [names.DATASOURCE_FAILING, names.DATASOURCE_FAILING, names.NOTIFICATIONS_FAILING]

# What Grafana reads of a rule in a file (apiVersion 1); what it does not know it leaves out without a word.
FIELDS = {
    *("uid", "title", "condition", "data", "dashboardUid", "panelId", "noDataState", "execErrState", "for"),
    *("keepFiringFor", "annotations", "labels", "notification_settings"),
}
QUERY_FIELDS = {"refId", "queryType", "relativeTimeRange", "datasourceUid", "model"}

Rule = dict[str, Any]


def made(*texts: str, links: Links | None = None) -> list[Rule]:
    document, _ = provisioning([one(text) for text in texts], links or Links(), {})
    return [rule for group in document["groups"] for rule in group["rules"]]


def kind(rule: Rule) -> str:
    return str(rule["title"].split()[0])


def promql(rule: Rule) -> str:
    """What a rule asks Prometheus, with its bound, as a condition in PromQL."""
    query, threshold = rule["data"][0]["model"], rule["data"][-1]["model"]
    assert threshold["expression"] == query["refId"]
    [condition] = threshold["conditions"]
    comparison, bounds = condition["evaluator"]["type"], condition["evaluator"]["params"]
    # As Grafana's threshold expressions compare; both ends of a range are outside.
    operators = {"lt": ["<"], "lte": ["<="], "gt": [">"], "within_range": [">", "<"]}[comparison]
    return f"({query['expr']}) " + " ".join(f"{sign} {bound}" for sign, bound in zip(operators, bounds, strict=True))


def of_prometheus(rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule["data"][0]["datasourceUid"] == names.DATASOURCE_PROMETHEUS]


@pytest.mark.parametrize("text", [CHECKOUT, MONTHLY, GROUPED, SPARSE])
def test_every_expression_is_promql(text: str) -> None:
    for rule in of_prometheus(made(text)):
        promql_parser.parse(rule["data"][0]["model"]["expr"])
        promql_parser.parse(promql(rule))


def test_each_objective_has_its_rules_and_grafana_its_own() -> None:
    document, _ = provisioning([one(MONTHLY), one(changed(CHECKOUT, ("checkout-availability", "a")))], Links(), {})
    assert {group["folder"] for group in document["groups"]} == {"AIOps alerts"}
    assert {group["name"]: [kind(rule) for rule in group["rules"]] for group in document["groups"]} == {
        "slo-a": OF_ONE,
        "slo-checkout-availability": [*OF_ONE[:2], names.SLO_BUDGET_WILL_NOT_LAST],
        "grafana": OF_GRAFANA,
    }
    assert "deleteRules" not in document


def test_a_rule_has_what_grafana_reads_and_no_more() -> None:
    for rule in made(GROUPED, links=Links(engine="http://engine", dashboards=True)):
        assert FIELDS - {"dashboardUid", "panelId", "keepFiringFor"} <= rule.keys() <= FIELDS
        assert all(query.keys() <= QUERY_FIELDS for query in rule["data"])
        assert all(isinstance(text, str) for text in (*rule["labels"].values(), *rule["annotations"].values()))


def test_burn_is_left_to_prometheus() -> None:
    asked = " ".join(promql(rule) for rule in of_prometheus(made(CHECKOUT, links=Links())))
    assert "burn_rate" not in asked
    assert {kind(rule) for rule in made(CHECKOUT)}.isdisjoint({*names.BURN_ALERTS.values(), names.SLO_NO_DATA})


def test_labels_and_texts() -> None:
    links = Links(engine="http://engine", runbooks="https://runbooks", labels={"price": "$5"})
    low, spent, runs_out, *own = made(SPARSE, links=links)
    assert low["labels"] == {
        "price": "$$5",
        "slo": "checkout-availability",
        "service_name": "gateway",
        "severity": "warning",
    }
    assert low["annotations"]["runbook_url"] == "https://runbooks/SloBudgetLow.md"
    assert low["annotations"]["slo_url"] == "http://engine/slos/checkout-availability"
    assert "for" in runs_out
    assert "aiops_slo_bad_events" in promql(spent)
    assert [rule["labels"]["severity"] for rule in own] == ["critical", "warning", "critical"]
    split = made(GROUPED)[0]
    assert (
        "Checkout works {{ .Labels.slo_group }}: {{ .Values.A.Value | humanizePercentage }}"
        in (split["annotations"]["summary"])
    )


def test_datasources_have_the_uids_that_they_have_there() -> None:
    for rule in made(CHECKOUT, links=Links(prometheus="mine", tempo="spans")):
        asked = rule["data"][0]
        assert asked["datasourceUid"] == asked["model"]["datasource"]["uid"]
        assert asked["datasourceUid"] == ("spans" if rule["title"] == "GrafanaDatasourceFailing Tempo" else "mine")
    titles = [rule["title"] for rule in made(CHECKOUT, links=Links(tempo=""))]
    assert (len(titles), "GrafanaDatasourceFailing Tempo" in titles) == (5, False)
    assert [rule["title"] for rule in made(CHECKOUT, links=Links(prometheus=""))] == ["GrafanaDatasourceFailing Tempo"]


def test_words_of_people_are_no_templates() -> None:
    text = changed(
        CHECKOUT,
        ("  displayName: Checkout works", "  displayName: '{{ .A }} works'\n  labels: {team: '{{ .B }}'}"),
        ("service: gateway", "service: '{{ .C }}'\n  description: '{{ .D }}'"),
    )
    rule = made(text, links=Links(labels={"of": "{{ .E }}"}))[0]
    said = {**rule["labels"], **rule["annotations"]}
    left = {key: re.sub(r'\{\{ "\{\{" \}\}', "", value) for key, value in said.items()}
    assert [key for key, value in left.items() if "{{" in value] == ["summary"]
    assert re.findall(r"\{\{.*?\}\}", left["summary"]) == ["{{ .Values.A.Value | humanizePercentage }}"]
    assert said["team"] == '{{ "{{" }} .B }}'


def test_nothing_of_ours_is_expanded_by_grafana_but_the_address() -> None:
    document, _ = provisioning([one(GROUPED), one(changed(MONTHLY, ("checkout-availability", "m")))], Links(), {})
    assert re.findall(r"\$\w*", yaml.safe_dump(document["groups"])) == []
    assert re.findall(r"\$.*", yaml.safe_dump(document["contactPoints"])) == ["${ALERTMANAGER_URL}"]


def test_what_is_absent_tells_nobody_but_a_source_that_does_not_answer_does() -> None:
    *budgets, prometheus, tempo, taken = made(CHECKOUT)
    for rule in (*budgets, taken):
        assert (rule["noDataState"], rule["execErrState"]) == ("OK", "KeepLast")
    assert (prometheus["noDataState"], prometheus["execErrState"]) == ("Alerting", "Alerting")
    assert (tempo["noDataState"], tempo["execErrState"]) == ("OK", "Alerting")
    assert tempo["data"][0]["datasourceUid"] == names.DATASOURCE_TEMPO
    assert [query["refId"] for query in tempo["data"]] == ["A", "B", "C"]
    assert all(rule["condition"] == "C" for rule in made(CHECKOUT))


@pytest.mark.parametrize(("period", "bound"), [("30d", 3 * 86_400), ("90d", 3 * 86_400), ("7d", 60_480)])
def test_soon_is_three_days_or_a_tenth_of_the_period(period: str, bound: int) -> None:
    rules = {kind(rule): rule for rule in made(changed(CHECKOUT, ("30d", period)))}
    assert promql(rules[names.SLO_BUDGET_RUNS_OUT]).endswith(f" < {bound}")


def test_dashboards_are_linked_where_there_are_any() -> None:
    assert not any("dashboardUid" in rule or "__panelId__" in rule["annotations"] for rule in made(CHECKOUT))
    *budgets, _, _, _ = made(CHECKOUT, links=Links(dashboards=True))
    for rule, panel in zip(budgets, (names.PANEL_BUDGET, names.PANEL_BUDGET, names.PANEL_EXHAUSTION), strict=True):
        assert (rule["dashboardUid"], rule["panelId"]) == (names.DASHBOARD_SLO, panel)
        assert rule["annotations"]["__dashboardUid__"] == names.DASHBOARD_SLO
        assert rule["annotations"]["__panelId__"] == str(panel)


def test_uids_are_unique_and_stay_the_same_whatever_else_changes() -> None:
    many = [changed(CHECKOUT, ("checkout-availability", f"slo-{at}")) for at in range(50)]
    uids = [rule["uid"] for rule in made(*many)]
    assert len({*uids}) == len(uids) == 153
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", uid) for uid in uids)
    other = changed(CHECKOUT, ("0.9990", "0.95"), ("Checkout works", "Paying"), ("30d", "7d"), ("gateway", "edge"))
    assert [rule["uid"] for rule in made(other)] == [rule["uid"] for rule in made(CHECKOUT)]
    # Written down: another one would leave the old rule in everybody's Grafana.
    assert made(CHECKOUT)[0]["uid"] == "aiops-a364fd20ee2b7cd356b96a43"


def test_rules_of_a_renamed_objective_are_deleted_and_never_forgotten() -> None:
    _, first = provisioning([one(CHECKOUT)], Links(), {})
    renamed = one(changed(CHECKOUT, ("checkout-availability", "orders")))
    document, second = provisioning([renamed], Links(), first)
    gone = {uid for uid, title in first.items() if title.endswith("checkout-availability")}
    assert {one["uid"] for one in document["deleteRules"]} == gone
    assert first.items() <= second.items()
    assert provisioning([renamed], Links(), second) == (document, second)
    # Named as before, it is there again and nothing of it is deleted.
    document, third = provisioning([one(CHECKOUT)], Links(), second)
    assert gone.isdisjoint(one["uid"] for one in document["deleteRules"])
    assert third == second


def test_a_lock_is_read_as_it_was_written_in_one_order() -> None:
    known = {"b": "Second ä", "a": "First"}
    assert lock.write_lock(known) == '{\n  "a": "First",\n  "b": "Second ä"\n}\n'
    assert lock.read_lock(lock.write_lock(known)) == known


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no JSON"),
        ('{\n<<<<<<< ours\n  "a": "b"\n}', r"is no JSON .*line 2"),
        ("[]", "must be an object"),
        ('{"a b": "title"}', "'a b': 'title', but must name a uid"),
        ('{"a": 1}', "'a': 1, but must name a uid"),
    ],
)
def test_a_damaged_lock_says_where_and_what_to_do(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=rf"{said}.*take the last good one from version control"):
        lock.read_lock(text)


def gauges(left: float | None = 0.9, bad: int = 100, **others: float) -> list[tuple[str, str]]:
    """What the engine exposes of an objective for two hours, as series of promtool."""
    of = 'slo="checkout-availability", service_name="gateway", job="aiops", instance="a"'
    values = {"budget_left_ratio": left, "bad_events": bad, **others}
    return [(f"aiops_slo_{name}{{{of}}}", f"{value}x120") for name, value in values.items() if value is not None]


SECOND = [('aiops_slo_budget_left_ratio{slo="checkout-availability", service_name="gateway", instance="b"}', "0.1x120")]
BURNS = [("burns", "1x120")]
STATES: list[tuple[str, str, list[tuple[str, str]], list[str]]] = [
    ("all is well", CHECKOUT, gauges(), []),
    ("nothing is exposed", CHECKOUT, [], []),
    ("little is left", CHECKOUT, gauges(0.2), [names.SLO_BUDGET_LOW]),
    ("a quarter is left", CHECKOUT, gauges(0.25), []),
    ("one of two engines sees little left", CHECKOUT, gauges() + SECOND, [names.SLO_BUDGET_LOW]),
    ("nothing is left", CHECKOUT, gauges(0), [names.SLO_BUDGET_SPENT]),
    ("less than nothing", CHECKOUT, gauges(-3.5, exhausted_in_seconds=0), [names.SLO_BUDGET_SPENT]),
    ("little traffic", SPARSE, gauges(-3.5, bad=4), []),
    ("as many bad events as are asked for", SPARSE, gauges(-3.5, bad=5), [names.SLO_BUDGET_SPENT]),
    ("it runs out", CHECKOUT, gauges(0.5, exhausted_in_seconds=172_800), [names.SLO_BUDGET_RUNS_OUT]),
    ("it runs out late", CHECKOUT, gauges(0.5, exhausted_in_seconds=400_000), []),
    ("a burn alert tells", CHECKOUT, gauges(0.5, exhausted_in_seconds=172_800) + BURNS, []),
    ("it will not last", MONTHLY, gauges(0.5, projected_left_ratio=-0.1), [names.SLO_BUDGET_WILL_NOT_LAST]),
    ("it will just last", MONTHLY, gauges(0.5, projected_left_ratio=0), []),
    ("it is spent already", MONTHLY, gauges(-0.1, projected_left_ratio=-2), [names.SLO_BUDGET_SPENT]),
    ("it will not last, and burns", MONTHLY, gauges(0.5, projected_left_ratio=-1) + BURNS, []),
]
LOST = 'grafana_alerting_notifications_failed_total{job="grafana", instance="g"}'
GRAFANA_UP = ('up{job="grafana", instance="g"}', "1x120")


@pytest.fixture(scope="module")
def promtool() -> str:
    return str(ensure()["promtool"])


def proven(promtool: str, folder: Path, text: str, series: list[tuple[str, str]], fires: list[str], at: int) -> str:
    """What promtool says of the rules as alerts of its own; empty when those that fire are exactly these."""
    rules = [
        {"alert": rule["title"], "expr": promql(rule), "for": rule["for"], "labels": rule["labels"]}
        for rule in of_prometheus(made(text))
    ]
    # A burn alert as Prometheus has it, but for what makes it fire.
    [burn] = [rule for rule in groups([one(text)], Links())[0]["rules"] if rule.get("alert") == "SloBurnsFast"]
    burn = {**burn, "expr": "burns > 0", "annotations": {}}
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": [burn, *rules]}]}))
    expected = [
        {
            "eval_time": f"{at}m",
            "alertname": rule["alert"],
            "exp_alerts": [{"exp_labels": rule["labels"]}] if str(rule["alert"]).split()[0] in fires else [],
        }
        for rule in rules
    ]
    inputs = [{"series": name, "values": values} for name, values in series]
    return ran(promtool, folder, {"interval": "1m", "input_series": inputs, "alert_rule_test": expected})


def ran(promtool: str, folder: Path, test: dict[str, Any]) -> str:
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    (folder / "tests.yml").write_text(yaml.safe_dump(document, width=4096))
    command = [promtool, "test", "rules", "tests.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.stack
@pytest.mark.parametrize(("text", "series", "fires"), [state[1:] for state in STATES], ids=[one[0] for one in STATES])
def test_prometheus_answers_what_makes_them_fire(
    promtool: str, tmp_path: Path, text: str, series: list[tuple[str, str]], fires: list[str]
) -> None:
    assert proven(promtool, tmp_path, text, series, fires, 100) == ""


@pytest.mark.stack
@pytest.mark.parametrize(
    ("series", "fires"),
    [
        ([GRAFANA_UP], []),
        ([GRAFANA_UP, (LOST, "_x40 1x80")], [names.NOTIFICATIONS_FAILING]),
        ([GRAFANA_UP, (LOST, "1x30 1+1x90")], [names.NOTIFICATIONS_FAILING]),
        ([GRAFANA_UP, (LOST, "7x120")], []),
        ([("up{}", "1x120"), (LOST, "_x40 7x80")], []),
    ],
    ids=["none", "the first", "more", "long ago", "Prometheus is new"],
)
def test_notifications_that_fail_are_counted_from_the_first(
    promtool: str, tmp_path: Path, series: list[tuple[str, str]], fires: list[str]
) -> None:
    assert proven(promtool, tmp_path, CHECKOUT, series, fires, 45) == ""


@pytest.mark.stack
@pytest.mark.parametrize(
    ("text", "series", "title", "said"),
    [
        (CHECKOUT, gauges(0.2), "SloBudgetLow", "20% of its error budget is left"),
        (CHECKOUT, gauges(-3.5), "SloBudgetSpent", "its error budget is spent (-350% left)"),
        (
            CHECKOUT,
            gauges(exhausted_in_seconds=93_600),
            "SloBudgetRunsOut",
            "its error budget is spent in 1d 2h 0m 0s if it goes on like this",
        ),
        (
            MONTHLY,
            gauges(projected_left_ratio=-0.5),
            "SloBudgetWillNotLast",
            "its error budget will not last to the end of the period (-50% would be left)",
        ),
    ],
)
def test_what_they_say_reads_well(
    promtool: str, tmp_path: Path, text: str, series: list[tuple[str, str]], title: str, said: str
) -> None:
    [rule] = [rule for rule in made(text) if kind(rule) == title]
    # Grafana has Prometheus' functions for templates; a rule there has several values, here it has one.
    summary = rule["annotations"]["summary"].replace(".Values.A.Value", "$value")
    alert = {"alert": title, "expr": promql(rule), "labels": rule["labels"], "annotations": {"summary": summary}}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": [alert]}]}))
    told = {"exp_labels": rule["labels"], "exp_annotations": {"summary": f"Checkout works: {said}"}}
    inputs = [{"series": name, "values": values} for name, values in series]
    expected = [{"eval_time": "10m", "alertname": title, "exp_alerts": [told]}]
    test = {"interval": "1m", "input_series": inputs, "alert_rule_test": expected}
    assert ran(promtool, tmp_path, test) == ""


@pytest.mark.stack
def test_a_rule_that_does_not_fire_is_found(promtool: str, tmp_path: Path) -> None:
    said = proven(promtool, tmp_path, CHECKOUT, gauges(0.2), [names.SLO_BUDGET_SPENT], 100)
    assert "SloBudgetLow checkout-availability" in said
    assert "SloBudgetSpent checkout-availability" in said
