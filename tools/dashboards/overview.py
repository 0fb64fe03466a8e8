"""Where to look first."""

from typing import Final

from aiops.model import names
from tools.dashboards import incident_table, requests
from tools.dashboards.links import label, objective, service, to, traces
from tools.dashboards.number import number
from tools.dashboards.panels import (
    ANY_IS_BAD,
    BAD,
    ERRORS,
    FAIR,
    GOOD,
    LEFT,
    POOR,
    UP,
    Dashboard,
    Kind,
    Link,
    Metrics,
    Panel,
    Row,
    When,
)
from tools.dashboards.variables import NAMESPACE, SERVICES, WINDOW

OF: Final = 'service_namespace=~"$namespace", service_name=~"$service"'
SERVED: Final = requests.rate(OF)
FAILED: Final = requests.rate(f'{OF}, http_response_status_code=~"5.."')
ALERTMANAGER: Final = "Alertmanager"
SERVICE: Final = (service(label("service_name")), traces(label("service_name")))
BURNS: Final = f'alertname=~"{"|".join(names.BURN_ALERTS.values())}", alertstate="firing"'


def _more(uid: str) -> tuple[Link, ...]:
    return (Link("More", to(uid)),)


NOW: Final = Row(
    "Now",
    (
        number(
            "Open incidents",
            "Incidents that nobody has ended, and that have not ended by themselves.",
            f"count(max by (incident) ({names.INCIDENT_INFO}{{{incident_table.OPEN}}})) or vector(0)",
            steps=ANY_IS_BAD,
            links=_more(names.DASHBOARD_INCIDENTS),
        ),
        number(
            "Objectives that burn",
            "Objectives whose budget burns so fast that somebody is told.",
            f"count(max by (slo, slo_group) (ALERTS{{{BURNS}}})) or vector(0)",
            steps=ANY_IS_BAD,
            links=_more(names.DASHBOARD_SLO),
        ),
        number(
            "Budgets spent",
            "Objectives of whose error budget nothing is left.",
            f"count(min by (slo, slo_group) ({names.SLO_BUDGET_LEFT}) <= 0) or vector(0)",
            steps=ANY_IS_BAD,
            links=_more(names.DASHBOARD_SLO),
        ),
        number(
            "Failing requests",
            "Share of requests answered with 5xx, over the window.",
            f"(sum({FAILED}) or vector(0)) / sum({SERVED})",
            steps=ERRORS,
            links=_more(names.DASHBOARD_SERVICE),
            unit="percentunit",
        ),
        number(
            "Series in trouble",
            "What the detector finds not as expected at this moment, an incident or not yet.",
            "sum(max by (family) (aiops_findings))",
            steps=ANY_IS_BAD,
            links=_more(names.DASHBOARD_ANOMALIES),
        ),
        number(
            "Platform alerts",
            "Alerts about what watches: Collector, stores, engine.",
            'count(ALERTS{team="platform", alertstate="firing"}) or vector(0)',
            steps=ANY_IS_BAD,
            links=_more(names.DASHBOARD_PLATFORM),
        ),
    ),
)
OBJECTIVES: Final = Row(
    "Objectives",
    (
        Panel(
            title="Budget left",
            about="Share of each objective's error budget that is left; below zero the promise is broken.",
            kind=Kind.STAT,
            queries=(Metrics(f"min by (slo, slo_group) ({names.SLO_BUDGET_LEFT})", "{{slo}} {{slo_group}}"),),
            unit="percentunit",
            least=None,
            height=6,
            decimals=1,
            steps=LEFT,
            shows="value_and_name",
            links=(objective(label("slo")),),
        ),
        Panel(
            title="Burn rate of the last hour",
            about="How many times as fast as allowed each budget burns: at 1 it is just spent at the period's end.",
            kind=Kind.BARS,
            queries=(
                Metrics(f'max by (slo, slo_group) ({names.SLO_BURN_RATE}{{window="1h"}})', "{{slo}} {{slo_group}}"),
            ),
            height=6,
            decimals=1,
            steps=((None, GOOD), (1, FAIR), (6, POOR), (14.4, BAD)),
            links=(objective(label("slo")),),
        ),
    ),
)
SIGNALS: Final = Row(
    "Golden signals, by service",
    (
        Panel(
            title="Traffic",
            about="Requests a second that each service answers.",
            kind=Kind.LINES,
            queries=(Metrics(f"sum by (service_name) ({SERVED})", "{{service_name}}"),),
            unit="reqps",
            width=6,
            links=SERVICE,
        ),
        Panel(
            title="Errors",
            about="Share of requests answered with 5xx.",
            kind=Kind.LINES,
            queries=(
                Metrics(
                    f"(sum by (service_name) ({FAILED}) or 0 * sum by (service_name) ({SERVED}))"
                    f" / sum by (service_name) ({SERVED})",
                    "{{service_name}}",
                ),
            ),
            unit="percentunit",
            width=6,
            steps=ERRORS,
            links=SERVICE,
        ),
        Panel(
            title="Latency, 95th percentile",
            about="Time in which 95 of 100 requests are answered; a point is the trace of one request.",
            kind=Kind.LINES,
            queries=(
                Metrics(
                    requests.quantile(0.95, OF, "service_name"),
                    "{{service_name}}",
                    exemplars=True,
                ),
            ),
            unit="s",
            width=6,
            links=SERVICE,
        ),
        Panel(
            title="Saturation",
            about="Requests that are being answered at a moment: they pile up where a pool is full.",
            kind=Kind.LINES,
            queries=(Metrics(f"sum by (service_name) (http_server_active_requests{{{OF}}})", "{{service_name}}"),),
            width=6,
            links=SERVICE,
        ),
    ),
)
WATCHING: Final = Row(
    "What watches",
    (
        Panel(
            title="Components",
            about="Whether each part of the platform answers Prometheus: 1 yes, 0 no.",
            kind=Kind.STAT,
            queries=(Metrics("min by (job) (up)", "{{job}}"),),
            width=8,
            steps=UP,
            most=1,
            words={"0": ("down", BAD), "1": ("up", GOOD)},
            shows="value_and_name",
            links=(Link("Platform", to(names.DASHBOARD_PLATFORM)),),
        ),
        Panel(
            title="Engine: what it reads",
            about="Whether each source answered the engine's last cycle.",
            kind=Kind.STAT,
            queries=(Metrics("min by (source) (aiops_source_up)", "{{source}}"),),
            width=4,
            steps=UP,
            most=1,
            words={"0": ("fails", BAD), "1": ("answers", GOOD)},
            shows="value_and_name",
            links=(Link("Platform", to(names.DASHBOARD_PLATFORM)),),
        ),
        Panel(
            title="Alerts",
            about="What Alertmanager holds now: incidents of the engine, Prometheus' alerts, Grafana's. "
            + str(When.TROUBLE),
            kind=Kind.ALERTS,
            shows=ALERTMANAGER,
        ),
    ),
)

OVERVIEW: Final = Dashboard(
    names.DASHBOARD_OVERVIEW,
    "Overview",
    "What is wrong now, whom does it hit, and where does one look next?",
    (NOW, Row("Incidents", (incident_table.still_open(),)), OBJECTIVES, SIGNALS, WATCHING),
    (NAMESPACE, SERVICES, WINDOW),
)
