"""Every question that dashboards and alerts ask, with where it is asked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from aiops.model import names
from tools.dashboards.annotations import EVERYWHERE
from tools.dashboards.everything import DASHBOARDS, ROOT
from tools.dashboards.panels import Asks, Metrics, Spans, When

ALERTS: Final = ROOT / "grafana" / "provisioning" / "alerting" / "slo.yaml"
SOURCES: Final = ROOT / "grafana" / "provisioning" / "datasources" / "aiops.yaml"
RULES: Final = ROOT / "prometheus" / "rules"
_VALUES: Final = re.compile(r"label_values\((?:(.*), )?(\w+)\)")


@dataclass(frozen=True, slots=True)
class Question:
    """PromQL, or TraceQL if `spans`. `when` it has an answer."""

    where: str
    text: str
    legend: str = ""
    when: When = When.ALWAYS
    spans: bool = False
    exemplars: bool = False


def of_dashboards() -> Iterator[Question]:
    """Those of panels, variables and marks; a variable's as the series that it takes values of, by its label."""
    for one in DASHBOARDS:
        for row in one.rows:
            for panel in row.panels:
                for query in panel.queries:
                    yield from _asked(f"{one.title}: {panel.title}", query)
        for variable in one.variables:
            if found := _VALUES.fullmatch(variable.query):
                yield Question(f"{one.title}: ${variable.name}", f"group by ({found[2]}) ({found[1]})")
    for mark in EVERYWHERE:
        for legend in (mark.title, mark.text):
            yield Question(f"mark {mark.name}", mark.expr, legend, mark.when)


def _asked(where: str, query: Metrics | Spans) -> Iterator[Question]:
    if isinstance(query, Metrics):
        yield Question(where, query.expr, query.legend, query.when, exemplars=query.exemplars)
    elif query.asks != Asks.SERVICE_MAP:
        yield Question(where, query.query, query.legend, query.when, spans=True)


def of_datasources() -> Iterator[Question]:
    """Those by which Grafana goes from a span to the metrics of its service."""
    for source in yaml.safe_load(SOURCES.read_text(encoding="utf-8"))["datasources"]:
        for asked in source["jsonData"].get("tracesToMetrics", {}).get("queries", ()):
            # What Grafana makes of the span's own attributes.
            text = asked["query"].replace("$$__tags", 'service_name=~"$service", http_route=~"$route"')
            yield Question(f"span to {asked['name']}", text)


def of_alerts() -> Iterator[Question]:
    """Those of Grafana's rules and of Prometheus', which have an answer when something is wrong."""
    for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            for asked in rule["data"]:
                yield from _ruled(rule["title"], asked)
    for file in sorted(RULES.glob("*.yml")):
        yield from _recorded(file)


def _ruled(title: str, asked: dict[str, Any]) -> Iterator[Question]:
    model = asked["model"]
    if asked["datasourceUid"] == names.DATASOURCE_PROMETHEUS:
        yield Question(f"Grafana's alert {title}", model["expr"], when=When.RARE)
    elif asked["datasourceUid"] == names.DATASOURCE_TEMPO:
        yield Question(f"Grafana's alert {title}", model["query"], when=When.TEMPO, spans=True)


def _recorded(file: Path) -> Iterator[Question]:
    for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            name = rule.get("alert") or rule["record"]
            yield Question(f"Prometheus' rule {name}", rule["expr"], when=When.RARE)
