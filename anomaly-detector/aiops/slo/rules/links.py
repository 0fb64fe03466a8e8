"""Links in alerts of objectives."""

import json
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from aiops.model import Protocol, Server, Slo, names
from aiops.slo.rules.tiers import plain_number

BACK: Final = "now-1h"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses of the engine's pages, runbooks and Grafana; empty where there is none. `labels` are added to each
    alert. `dashboards`: Grafana has the dashboards of `names`, so that they can be linked to. `prometheus` and `tempo`
    are the uids of Grafana's datasources, empty where it has none."""

    engine: str = ""
    runbooks: str = "docs/runbooks"
    labels: dict[str, str] = field(default_factory=dict)
    dashboards: bool = False
    grafana: str = ""
    prometheus: str = names.DATASOURCE_PROMETHEUS
    tempo: str = names.DATASOURCE_TEMPO

    def of(self, slo: Slo) -> dict[str, str]:
        """Return the annotations that link to an objective, to the traces of its bad requests, and to incidents."""
        out = {}
        if self.engine:
            out["slo_url"] = f"{self.engine}/slos/{quote(slo.name)}"
            out["incidents_url"] = f"{self.engine}/incidents"
        if self.grafana and self.dashboards:
            out["dashboard_url"] = f"{self.grafana}/d/{names.DASHBOARD_SLO}?var-slo={quote(slo.name)}"
        if self.grafana and self.tempo and (query := bad_requests(slo)):
            out["traces_url"] = _explored(self.grafana, self.tempo, query)
        return out


def bad_requests(slo: Slo) -> str:
    """Return TraceQL for the bad requests of an objective; "" where it does not count requests."""
    of = slo.indicator
    if not isinstance(of, Server):
        return ""
    if of.protocol == Protocol.HTTP:
        named = ((names.HTTP_ROUTE, of.route), (names.HTTP_METHOD[0], of.method))
    else:
        named = ((names.RPC_SERVICE, of.route), (names.RPC_METHOD, of.method))
    conditions = [f"resource.{names.SERVICE_NAME} = {json.dumps(of.service)}", "kind = server"]
    conditions += [f"span.{key} = {json.dumps(value)}" for key, value in named if value]
    conditions.append("status = error" if of.threshold is None else f"duration > {plain_number(of.threshold * 1000)}ms")
    return f"{{ {' && '.join(conditions)} }}"


def literal(text: str) -> str:
    """Escape a text for places where templates are expanded."""
    return text.replace("{{", '{{ "{{" }}')


def _explored(grafana: str, source: str, query: str) -> str:
    """Return the address of a search in Grafana's Explore (schema version 1)."""
    asked = {
        "refId": "A",
        "datasource": {"type": "tempo", "uid": source},
        "queryType": "traceql",
        "query": query,
        "tableType": "traces",
    }
    pane = {"datasource": source, "queries": [asked], "range": {"from": BACK, "to": "now"}}
    panes = quote(json.dumps({"traces": pane}, separators=(",", ":")), safe="")
    return f"{grafana}/explore?schemaVersion=1&orgId=1&panes={panes}"
