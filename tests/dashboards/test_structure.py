"""What Grafana would not say: panels that overlap, links that lead nowhere, datasources that are named."""

import json
import re
from collections import Counter
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models import units

from aiops.model import names
from tools.dashboards.panels import Kind

from .reading import DASHBOARDS, EVERY, NAMES, ROOT, Json, data_links, dollars, expressions, panels, parts, variables

# What Grafana itself brings; anything else would be a plugin to install.
OWN_PANELS = {str(kind) for kind in Kind}
UNITS = {value for name, value in vars(units).items() if not name.startswith("_")}
OF_GRAFANA = {"__all", "__range", "__rate_interval", "__url_time_range", "__field", "__data", "__value"}
EACH = pytest.mark.parametrize("of", DASHBOARDS.values(), ids=DASHBOARDS)
EACH_PANEL = pytest.mark.parametrize(("of", "panel"), EVERY, ids=NAMES)


def test_all_seven_are_there_under_the_names_that_others_link_to() -> None:
    assert set(DASHBOARDS) == {value for name, value in vars(names).items() if name.startswith("DASHBOARD_")}
    assert len(DASHBOARDS) == 7


@EACH
def test_the_grid_has_neither_overlap_nor_gap(of: Json) -> None:
    cells: Counter[tuple[int, int]] = Counter()
    for panel in of["panels"]:
        at = panel["gridPos"]
        cells.update((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"]))
    height = max(y for _, y in cells) + 1
    assert set(cells) == {(x, y) for x in range(24) for y in range(height)}
    assert set(cells.values()) == {1}


@EACH
def test_ids_are_unique(of: Json) -> None:
    ids = [panel["id"] for panel in of["panels"]]
    assert len({*ids}) == len(ids)


@EACH
def test_no_datasource_is_named_and_every_variable_is_there(of: Json) -> None:
    found: list[Any] = []

    def look(at: Any) -> None:
        for value in at.values() if isinstance(at, dict) else at if isinstance(at, list) else ():
            look(value)
        if isinstance(at, dict) and isinstance(at.get("datasource"), dict):
            found.append(at["datasource"])
        if isinstance(at, str):
            assert dollars(at) <= {*variables(of), *OF_GRAFANA}, at

    look(of)
    assert found
    assert {(one["type"], one["uid"]) for one in found} <= {("prometheus", "${prometheus}"), ("tempo", "${tempo}")}


@EACH
def test_variables_have_sane_defaults(of: Json) -> None:
    chosen = variables(of)
    assert (chosen["prometheus"]["type"], chosen["tempo"]["type"]) == ("datasource", "datasource")
    for name, one in chosen.items():
        if one.get("includeAll"):
            assert (one["allValue"], one["current"]["value"]) == (".*", "$__all"), name
        if one["type"] == "custom":
            assert one["current"]["value"] == one["options"][0]["value"] == one["query"].split(",")[0]
        if one["type"] != "datasource":
            assert one["label"]
            assert one["description"]


@EACH_PANEL
def test_a_panel_says_what_it_shows_in_what_unit_and_by_which_names(of: Json, panel: Json) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["type"] in OWN_PANELS
    if panel["type"] in (Kind.ALERTS, Kind.TRACE, Kind.GRAPH):
        return
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] in UNITS
    assert defaults["thresholds"]["steps"][0]["value"] is None
    assert panel["targets"]
    for target in panel["targets"]:
        if "expr" in target and panel["type"] != Kind.TABLE:
            assert target["legendFormat"], target["expr"]
            # A series of each kind has a name of its own: every label that it is told by is in its legend, or there is
            # one series only.
            grouped = re.match(r"(?:\(?(?:sum|max|min|count|group)) by \(([^)]*)\)", target["expr"])
            if grouped:
                shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
                hidden = {one.strip() for one in grouped[1].split(",")} - shown
                assert hidden <= {"service_name", "route"}, (target["expr"], target["legendFormat"])


@EACH
def test_rates_are_taken_over_at_least_four_export_intervals(of: Json) -> None:
    """A minute is the longest interval that OpenTelemetry has by itself."""
    seconds = {"m": 60, "h": 3600, "d": 86_400}
    for expr in expressions(of):
        for window in re.findall(r"\[([^\]]+)\]", expr):
            if window in ("$window", "$__range"):
                continue
            assert int(window[:-1]) * seconds[window[-1]] >= 240, expr
    for one in variables(of).values():
        if one["name"] == "window":
            assert all(int(each[:-1]) * seconds[each[-1]] >= 240 for each in one["query"].split(","))


def told_by(panel: Json) -> set[str]:
    """Labels that the series of a panel may have, as its expressions name them."""
    found: set[str] = set()
    for target in panel.get("targets", ()):
        for group in re.findall(r"by \(([^)]*)\)", target.get("expr", "")):
            found |= {one.strip() for one in group.split(",")}
    return found


@EACH_PANEL
def test_its_links_lead_to_dashboards_with_variables_that_they_have(of: Json, panel: Json) -> None:
    for link in data_links(panel):
        assert link["title"]
        fields = set(re.findall(r"__(?:field\.labels|data\.fields)\.(\w+)", link["url"]))
        assert fields <= {*told_by(panel), "traceID"}, link["url"]
        for ref in re.findall(r'__data\.fields\["Value #(\w)"\]', link["url"]):
            assert ref in {target["refId"] for target in panel["targets"]}
        if not link["url"].startswith("/"):
            assert link["url"].startswith(("${engine}/", "${__data.fields.page}")), link["url"]
            continue
        path, query = parts(link["url"])
        target = DASHBOARDS[path.removeprefix("/d/")]
        named = {key.removeprefix("var-") for key, _ in query if key.startswith("var-")}
        assert {"prometheus", "tempo"} <= named <= set(variables(target)), link["url"]
        assert {key for key, _ in query} - {f"var-{name}" for name in named} in (
            {"${__url_time_range}"},
            {"from", "to"},
        )


def leads(uid: str) -> set[str]:
    """The dashboards that one leads to by its panels."""
    urls = [link["url"] for panel in panels(DASHBOARDS[uid]) for link in data_links(panel)]
    return {url.split("?")[0].removeprefix("/d/") for url in urls if url.startswith("/d/")}


def test_from_a_burning_budget_to_the_trace_in_three_steps_and_back() -> None:
    assert names.DASHBOARD_SLO in leads(names.DASHBOARD_OVERVIEW)
    assert {names.DASHBOARD_SERVICE, names.DASHBOARD_TRACING} <= leads(names.DASHBOARD_SLO)
    assert {names.DASHBOARD_TRACING, names.DASHBOARD_ANOMALIES, names.DASHBOARD_SLO} <= leads(names.DASHBOARD_SERVICE)
    assert names.DASHBOARD_SERVICE in leads(names.DASHBOARD_TRACING)
    assert {names.DASHBOARD_SERVICE, names.DASHBOARD_TRACING} <= leads(names.DASHBOARD_INCIDENTS)
    assert {names.DASHBOARD_SERVICE, names.DASHBOARD_TRACING} <= leads(names.DASHBOARD_ANOMALIES)
    for one in DASHBOARDS.values():
        [menu] = one["links"]
        assert (menu["type"], menu["tags"], menu["keepTime"], menu["includeVars"]) == (
            "dashboards",
            ["aiops"],
            True,
            True,
        )
        assert one["tags"] == ["aiops"]


def test_grafana_begins_with_the_overview() -> None:
    given = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    first = given["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert f"./grafana/dashboards:{first.rpartition('/')[0]}:ro" in given["volumes"]
    made = json.loads((ROOT / "grafana/dashboards" / first.rpartition("/")[2]).read_text())
    assert made["uid"] == names.DASHBOARD_OVERVIEW


@EACH
def test_incidents_and_changes_are_marked(of: Json) -> None:
    marks = {one["name"]: one for one in of["annotations"]["list"]}
    assert set(marks) == {"Incidents", "Changes", "New versions"}
    assert all(one["enable"] and one["expr"] == one["target"]["expr"] for one in marks.values())
    assert marks["Changes"]["useValueForTime"]


def test_alert_rules_link_to_panels_that_show_what_they_compare() -> None:
    rules = yaml.safe_load((ROOT / "grafana/provisioning/alerting/slo.yaml").read_text())["groups"]
    linked = [rule for group in rules for rule in group["rules"] if "dashboardUid" in rule]
    assert {rule["title"].split()[0] for rule in linked} == {
        names.SLO_BUDGET_LOW,
        names.SLO_BUDGET_SPENT,
        names.SLO_BUDGET_RUNS_OUT,
        names.SLO_BUDGET_WILL_NOT_LAST,
    }
    for rule in linked:
        [panel] = [one for one in panels(DASHBOARDS[rule["dashboardUid"]]) if one["id"] == rule["panelId"]]
        compared = re.findall(r"aiops_slo_\w+", rule["data"][0]["model"]["expr"])[0]
        assert any(compared in target["expr"] for target in panel["targets"]), rule["title"]
    [burn] = [one for one in panels(DASHBOARDS[names.DASHBOARD_SLO]) if one["id"] == names.PANEL_BURN]
    assert names.SLO_BURN_RATE in burn["targets"][0]["expr"]


def test_alerts_are_shown_by_the_datasource_that_is_provisioned() -> None:
    sources = yaml.safe_load((ROOT / "grafana/provisioning/datasources/aiops.yaml").read_text())["datasources"]
    named = {one["name"] for one in sources if one["type"] == "alertmanager"}
    shown = [panel for _, panel in EVERY if panel["type"] == Kind.ALERTS]
    assert shown
    assert {panel["options"]["alertmanager"] for panel in shown} <= named
