"""Where alerts of objectives lead to."""

import json
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from aiops.model import Protocol, Server, Slo, names
from aiops.slo.rules.tiers import plain

BACK: Final = "now-1h"


@dataclass(frozen=True, slots=True)
class Links:
    """The engine's pages, runbooks and Grafana, by their addresses; empty where there is none. Labels are put on each
    alert. `dashboards` says that Grafana has those of `names`: a link to one that is not there leads nowhere.
    `prometheus` and `tempo` are the uids of its datasources, empty where it has none."""

    engine: str = ""
    runbooks: str = "docs/runbooks"
    labels: dict[str, str] = field(default_factory=dict)
    dashboards: bool = False
    grafana: str = ""
    prometheus: str = names.DATASOURCE_PROMETHEUS
    tempo: str = names.DATASOURCE_TEMPO

    def of(self, slo: Slo) -> dict[str, str]:
        """The annotations that link to an objective, to the traces of its bad requests, and to incidents."""
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
    """The bad requests of an objective in TraceQL; empty where it is not about requests."""
    of = slo.indicator
    if not isinstance(of, Server):
        return ""
    if of.protocol == Protocol.HTTP:
        named = ((names.HTTP_ROUTE, of.route), (names.HTTP_METHOD[0], of.method))
    else:
        named = ((names.RPC_SERVICE, of.route), (names.RPC_METHOD, of.method))
    conditions = [f"resource.{names.SERVICE_NAME} = {json.dumps(of.service)}", "kind = server"]
    conditions += [f"span.{key} = {json.dumps(value)}" for key, value in named if value]
    conditions.append("status = error" if of.threshold is None else f"duration > {plain(of.threshold * 1000)}ms")
    return f"{{ {' && '.join(conditions)} }}"


def literal(text: str) -> str:
    """A text as it is, where templates are expanded."""
    return text.replace("{{", '{{ "{{" }}')


def _explored(grafana: str, source: str, query: str) -> str:
    """A search in Grafana's Explore, by the format of its addresses (schema version 1)."""
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
