"""One service: what it does, what is expected of it, whom it needs."""

from typing import Final

from aiops.model import names
from tools.dashboards import requests
from tools.dashboards.links import anomalies, field, service, to, traces
from tools.dashboards.number import number
from tools.dashboards.panels import (
    BAD,
    ERRORS,
    FAIR,
    GOOD,
    PLAIN,
    POOR,
    Dashboard,
    Kind,
    Link,
    Look,
    Metrics,
    Panel,
    Row,
    When,
    Words,
)
from tools.dashboards.variables import NAMESPACE, ONE_SERVICE, ROUTE, WINDOW

OF: Final = 'service_namespace=~"$namespace", service_name=~"$service"'
ROUTED: Final = f'{OF}, http_route=~"$route"'
SERVED: Final = requests.rate(ROUTED)
FAILED: Final = requests.rate(f'{ROUTED}, http_response_status_code=~"5.."')
HERE: Final = (traces("${service}"), anomalies("${service}"), Link("Objectives", to(names.DASHBOARD_SLO)))
LIVES: Final[Words] = {
    "0": ("normal", GOOD),
    "1": ("suspect", FAIR),
    "2": ("in trouble", BAD),
    "3": ("recovering", PLAIN),
}


def _expected(title: str, about: str, family: str, unit: str) -> Panel:
    """Observed, expected and what is in between allowed, of each route."""
    of = f'family="{family}", service=~"$service", route=~"$route"'
    trouble = f"(max by (route) (aiops_verdict_life{{{of}}}) == 2)"
    return Panel(
        title=f"{title} of $route",
        about=about,
        kind=Kind.LINES,
        queries=(
            Metrics(f"max by (route) (aiops_verdict_observed{{{of}}})", "observed"),
            Metrics(f"max by (route) (aiops_verdict_expected{{{of}}})", "expected"),
            Metrics(f"min by (route) (aiops_verdict_lower{{{of}}})", "lower"),
            Metrics(f"max by (route) (aiops_verdict_upper{{{of}}})", "upper"),
            Metrics(
                f"max by (route) (aiops_verdict_observed{{{of}}}) and on (route) {trouble}",
                "in trouble",
                when=When.TROUBLE,
            ),
        ),
        unit=unit,
        each="route",
        width=24,
        links=HERE,
        looks=(
            Look("observed", color=PLAIN),
            Look("expected", color=GOOD, dashed=True),
            Look("lower", color=GOOD),
            Look("upper", color=GOOD, band_to="lower"),
            Look("in trouble", color=BAD, points=True),
        ),
    )


def _calls(title: str, about: str, of: str, other: str) -> Panel:
    """A table of calls: how many, how many fail, how long they take."""
    by = f"by ({other}, connection_type)"
    return Panel(
        title=title,
        about=about,
        kind=Kind.TABLE,
        queries=(
            Metrics(f"max {by} (aiops_edge_requests_per_second{{{of}}})", when=When.SOME, instant=True),
            Metrics(f"max {by} (aiops_edge_error_ratio{{{of}}})", when=When.SOME, instant=True),
            Metrics(f"max {by} (aiops_edge_latency_seconds{{{of}}})", when=When.SOME, instant=True),
        ),
        links=(service(field(other)), traces(field(other))),
        looks=(
            Look("Value #A", title="calls a second", unit="reqps"),
            Look("Value #B", title="failing", unit="percentunit", steps=ERRORS),
            Look("Value #C", title="mean duration", unit="s"),
        ),
    )


NOW: Final = Row(
    "$service now",
    (
        number("Requests", "Requests a second, over the window.", f"sum({SERVED})", "reqps", links=HERE),
        number(
            "Failing",
            "Share of requests answered with 5xx.",
            f"(sum({FAILED}) or vector(0)) / sum({SERVED})",
            "percentunit",
            steps=ERRORS,
            links=HERE,
        ),
        number(
            "95th percentile",
            "Time in which 95 of 100 requests are answered.",
            requests.quantile(0.95, ROUTED),
            "s",
            links=HERE,
        ),
        number(
            "Mean",
            "Mean time that an answer takes.",
            f"sum({requests.seconds(ROUTED)}) / sum({SERVED})",
            "s",
            links=HERE,
        ),
        Panel(
            title="Judged",
            about="The worst that the detector says of any of its series.",
            kind=Kind.STAT,
            queries=(Metrics('max(aiops_verdict_life{service=~"$service"} != 3) or vector(0)', "Judged"),),
            width=4,
            height=4,
            steps=((None, GOOD), (1, FAIR), (2, BAD)),
            words=LIVES,
            links=HERE,
        ),
        Panel(
            title="Versions",
            about="service.version of the instances that report.",
            kind=Kind.STAT,
            queries=(Metrics(f"count by (service_version) (target_info{{{OF}}})", "{{service_version}}"),),
            width=4,
            height=4,
            shows="name",
        ),
    ),
)
RED: Final = Row(
    "Requests, errors, duration",
    (
        Panel(
            title="Requests",
            about="Requests a second by route.",
            kind=Kind.LINES,
            queries=(
                Metrics(
                    f"sum by (http_route, http_request_method) ({SERVED})",
                    "{{http_request_method}} {{http_route}}",
                ),
            ),
            unit="reqps",
            width=8,
            links=HERE,
        ),
        Panel(
            title="Answers that are errors",
            about="Requests a second answered with 5xx, by route and status.",
            kind=Kind.LINES,
            queries=(
                Metrics(
                    f"sum by (http_route, http_response_status_code) ({FAILED})",
                    "{{http_response_status_code}} {{http_route}}",
                    when=When.TROUBLE,
                ),
            ),
            unit="reqps",
            width=8,
            links=HERE,
        ),
        Panel(
            title="Duration",
            about="Time in which 50, 95 and 99 of 100 requests are answered. A point is one request: it leads to its "
            "trace.",
            kind=Kind.LINES,
            queries=tuple(
                Metrics(requests.quantile(share, ROUTED), name, exemplars=name == "95th")
                for share, name in ((0.5, "median"), (0.95, "95th"), (0.99, "99th"))
            ),
            unit="s",
            width=8,
            links=HERE,
        ),
    ),
)
EXPECTED: Final = Row(
    "As expected?",
    (
        _expected(
            "Latency",
            "Mean time of a step, what is expected, and the band that is normal; points are in trouble.",
            "latency",
            "s",
        ),
        _expected(
            "Errors",
            "Share of requests that fail, what is expected, and the band that is normal; points are in trouble.",
            "errors",
            "percentunit",
        ),
    ),
)
NEIGHBOURS: Final = Row(
    "Dependencies",
    (
        _calls("Who calls it", "Callers over the last five minutes, as they saw it.", 'callee=~"$service"', "caller"),
        _calls("Whom it calls", "What it calls, over the last five minutes.", 'caller=~"$service"', "callee"),
    ),
)
RUNTIME: Final = Row(
    "Runtime",
    (
        Panel(
            title="Requests in flight",
            about="Requests being answered at a moment, by instance.",
            kind=Kind.LINES,
            queries=(Metrics(f"sum by (instance) (http_server_active_requests{{{OF}}})", "{{instance}}"),),
            width=8,
        ),
        Panel(
            title="Up since",
            about="How long each instance has been running; a fall to zero is a restart.",
            kind=Kind.LINES,
            queries=(Metrics(f"max by (instance) (process_uptime_seconds{{{OF}}})", "{{instance}}", when=When.SOME),),
            unit="s",
            width=8,
        ),
        Panel(
            title="Database operations, 95th percentile",
            about="Time of 95 of 100 operations, by what they do.",
            kind=Kind.LINES,
            queries=(
                Metrics(
                    "histogram_quantile(0.95, sum by (le, db_query_summary) "
                    f"(rate(db_client_operation_duration_seconds_bucket{{{OF}}}[$window])))",
                    "{{db_query_summary}}",
                    when=When.SOME,
                ),
            ),
            unit="s",
            width=8,
            steps=((None, GOOD), (1, POOR)),
        ),
    ),
)

SERVICE: Final = Dashboard(
    names.DASHBOARD_SERVICE,
    "Service",
    "How is this service, is it as expected, and is the trouble its own or that of a service it calls?",
    (NOW, RED, EXPECTED, NEIGHBOURS, RUNTIME),
    (NAMESPACE, ONE_SERVICE, ROUTE, WINDOW),
)
