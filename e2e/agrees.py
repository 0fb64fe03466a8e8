"""What dashboards show beside what the engine's API says, of the same moment."""

import math
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from aiops.model import names
from tools.dashboards.everything import DASHBOARDS
from tools.dashboards.filling import filled, followed
from tools.dashboards.panels import Kind, Metrics, Panel

from .asking import Asked, rows
from .conftest import Platform

VARIABLES = {"prometheus": "prometheus", "tempo": "tempo", "__url_time_range": "from=now-1h&to=now"}


def panel(uid: str, title: str, kind: Kind | None = None) -> Panel:
    """The panel of that title; `kind` where several have it."""
    [dashboard] = [one for one in DASHBOARDS if one.uid == uid]
    found = [one for row in dashboard.rows for one in row.panels if one.title == title and kind in (None, one.kind)]
    return found[0]


def texts(uid: str, title: str, kind: Kind | None = None) -> list[str]:
    """What a panel asks of Prometheus."""
    return [query.expr for query in panel(uid, title, kind).queries if isinstance(query, Metrics)]


def stamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def open_row(asked: Asked, name: str) -> dict[str, str]:
    """The row of an incident in the table of open ones; empty while it is not there."""
    found = rows(asked, texts(names.DASHBOARD_OVERVIEW, "Open incidents", Kind.TABLE))
    return next((row for row in found if row["incident"] == name), {})


def incident(asked: Asked, platform: Platform, name: str) -> tuple[dict[str, str], dict[str, Any]] | None:
    """The row of an open incident and what the API tells of it, once they agree, with the times that its links need."""
    row, told = open_row(asked, name), platform.get(f"/aiops/incidents/{name}")
    cause = told["root_cause"] or {}
    said = {
        "incident": name,
        "state": told["state"],
        "severity": told["severity"],
        "title": told["title"],
        "service": cause.get("service"),
        "endpoint": cause.get("endpoint"),
        "kind": cause.get("kind"),
        "trace_id": told["trace_correlation"]["trace_id"],
        "page": platform.url + told["links"]["page"],
        "Value #B": repr(1000 * (stamp(told["onset"]) - 600)),
    }
    [(_, count)] = asked.now(filled(texts(names.DASHBOARD_OVERVIEW, "Open incidents", Kind.STAT)[0]))
    shown = [one["id"] for one in platform.active()]
    return (row, told) if said.items() <= row.items() and [name] == shown and count == 1 else None


def budgets(asked: Asked, platform: Platform) -> bool:
    """Whether each objective's budget, events and bad ones are those of the API, but for what came since the scrape."""
    found = {row["slo"]: row for row in rows(asked, texts(names.DASHBOARD_SLO, "Objectives"))}
    said = {one["slo"]: one for one in platform.get("/aiops/slos")["slos"]}
    assert found.keys() <= said.keys()
    return found.keys() == said.keys() and all(
        math.isclose(float(row["Value #A"]), said[slo]["budget_left"], abs_tol=0.003)
        and math.isclose(float(row["Value #B"]), said[slo]["events"], rel_tol=0.1, abs_tol=2)
        and math.isclose(float(row["Value #C"]), said[slo]["bad_events"], rel_tol=0.15, abs_tol=2)
        for slo, row in found.items()
    )


def signals(asked: Asked, platform: Platform) -> bool:
    """Whether traffic and errors of each service over five minutes are those of the API, which counts exactly where
    `rate` extrapolates; and whether its variable offers the same services."""
    [traffic], [errors] = (texts(names.DASHBOARD_OVERVIEW, title) for title in ("Traffic", "Errors"))
    said = {one["service"]: one for one in platform.get("/aiops/services")["services"] if one["routes"]}
    rates = {labels["service_name"]: value for labels, value in asked.now(filled(traffic))}
    shares = {labels["service_name"]: value for labels, value in asked.now(filled(errors))}
    return rates.keys() == shares.keys() == said.keys() and all(
        math.isclose(rates[name], one["requests_per_second"], rel_tol=0.2)
        and math.isclose(shares[name], one["error_rate"], abs_tol=0.05)
        for name, one in said.items()
    )


def calls(asked: Asked, platform: Platform) -> bool:
    """Whether the callers of payment are those of the API, with as many calls."""
    asks = [filled(text, {"service": "payment"}) for text in texts(names.DASHBOARD_SERVICE, "Who calls it")]
    found = {row["caller"]: float(row["Value #A"]) for row in rows(asked, asks)}
    edges = platform.get("/aiops/topology")["edges"]
    said = {one["caller"]: one["requests_per_second"] for one in edges if one["callee"] == "payment"}
    return found.keys() == said.keys() and all(math.isclose(found[one], said[one], rel_tol=0.2) for one in said)


def verdicts(asked: Asked, platform: Platform) -> None:
    """Every number of the last verdicts is the one that the API tells, at its time."""
    series = platform.get("/aiops/series", service="payment", route="/payment")["series"]
    compared = 0
    for one in series:
        point = one["points"][-1]
        for number in ("observed", "expected", "lower", "upper", "score", "confidence"):
            metric = f'aiops_verdict_{number}{{service="payment", route="/payment", family="{one["family"]}"}}'
            values = [value for labels, value in asked.now(metric, stamp(point["at"])) if "caller" not in labels]
            if point[number] is not None:
                [value] = values
                assert math.isclose(value, point[number], abs_tol=6e-5), (number, one["family"])  # as it is rounded
                compared += 1
    assert compared >= 10


def links(asked: Asked, platform: Platform, row: dict[str, str], told: dict[str, Any]) -> None:
    """Follow every link of the incident's row: right service, right time, right trace, and the engine's pages open."""
    found = panel(names.DASHBOARD_INCIDENTS, "Open incidents").links
    leads = {link.title: followed(link.url, row, VARIABLES) for link in found}
    assert requests.get(leads["Engine: this incident"], timeout=10).ok
    assert told["title"] in requests.get(leads["Engine: this incident"], timeout=10).text
    for title, uid in (
        ("Service", names.DASHBOARD_SERVICE),
        ("Traces", names.DASHBOARD_TRACING),
        ("Trace to look at first", names.DASHBOARD_TRACING),
    ):
        address = urlsplit(leads[title])
        query = parse_qs(address.query, strict_parsing=True)
        assert address.path == f"/d/{uid}"
        assert query["var-service"] == [told["root_cause"]["service"]]
        assert (query["var-prometheus"], query["var-tempo"]) == (["prometheus"], ["tempo"])
        start, end = (float(query[name][0]) / 1000 for name in ("from", "to"))
        assert start < stamp(told["onset"]) <= stamp(told["last_seen"]) <= end + 30
    trace = parse_qs(urlsplit(leads["Trace to look at first"]).query)["var-trace"]
    assert trace == [told["trace_correlation"]["trace_id"]]
    assert requests.get(f"{platform.url}/traces/{trace[0]}", timeout=10).ok
    # From its objective to the engine's page of it.
    [(labels, _)] = asked.now(filled('aiops_slo_budget_left_ratio{slo="payment-availability"}'))
    [(about, _)] = asked.now(names.ENGINE_INFO)
    objective = panel(names.DASHBOARD_SLO, "Budget left").links
    pages = {link.title: followed(link.url, labels, {**VARIABLES, "engine": about["url"]}) for link in objective}
    assert requests.get(pages["Engine: this objective"], timeout=10).ok
    for title in ("Service", "Traces"):
        assert parse_qs(urlsplit(pages[title]).query)["var-service"] == ["payment"]
