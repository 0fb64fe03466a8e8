"""What the detector thinks of each series."""

from typing import Final

from aiops.model import names
from tools.dashboards.links import label, service, traces
from tools.dashboards.number import number
from tools.dashboards.panels import (
    ANY_IS_BAD,
    BAD,
    FAIR,
    GOOD,
    PLAIN,
    POOR,
    Dashboard,
    Kind,
    Look,
    Metrics,
    Panel,
    Row,
    When,
)
from tools.dashboards.service import LIVES
from tools.dashboards.variables import JUDGED, JUDGED_ROUTE

OF: Final = 'service=~"$service", route=~"$route"'
EACH: Final = "service, method, route, caller, callee, family"
NAMED: Final = "{{service}} {{method}} {{route}} {{caller}} {{callee}} {{family}}"
HERE: Final = (service(label("service")), traces(label("service")))


def _observed(title: str, about: str, family: str, unit: str) -> Panel:
    of = f'family="{family}", {OF}'
    by = "service, method, route, caller, callee"
    named = "{{service}} {{method}} {{route}} {{caller}} {{callee}}"
    return Panel(
        title=title,
        about=about,
        kind=Kind.LINES,
        queries=tuple(
            Metrics(f"max by ({by}) (aiops_verdict_{number}{{{of}}})", f"{named} {number}")
            for number in ("observed", "expected")
        ),
        unit=unit,
        links=HERE,
        looks=(Look(".* expected", dashed=True),),
    )


COVERAGE: Final = Row(
    "What is judged",
    (
        number(
            "Series",
            "Series that the engine judged in the last minutes.",
            f"count(aiops_verdict_score{{{OF}}})",
            decimals=0,
        ),
        number(
            "In trouble",
            "Series that are not as expected, for long enough to be an incident.",
            f"count(aiops_verdict_life{{{OF}}} == 2) or vector(0)",
            steps=ANY_IS_BAD,
            decimals=0,
        ),
        number(
            "Coverage",
            "Share of the routes that report requests which are judged.",
            'count(group by (service, route, method) (aiops_verdict_score{family="errors", route!=""}))'
            " / count(group by (service_name, http_route, http_request_method)"
            ' (service_route:http_server_requests:rate5m{http_route!=""}))',
            "percentunit",
            steps=((None, BAD), (0.9, GOOD)),
        ),
        number(
            "Confidence",
            "How sure the detector is of what it says, on average: little for young series.",
            f"avg(aiops_verdict_confidence{{{OF}}})",
            "percentunit",
            steps=((None, FAIR), (0.5, GOOD)),
        ),
        number(
            "Behind",
            "How long ago the last step that was judged ended.",
            "time() - max(aiops_watermark_timestamp_seconds)",
            "s",
            steps=((None, GOOD), (60, POOR), (180, BAD)),
        ),
        number(
            "Left out",
            "Series and verdicts that were too many, in the last hour.",
            "sum(increase(aiops_series_dropped_total[1h]))",
            steps=ANY_IS_BAD,
            decimals=0,
        ),
    ),
)
SCORES: Final = Row(
    "Scores and states",
    (
        Panel(
            title="Score",
            about="How far each series is from what is expected; 1 is the boundary.",
            kind=Kind.LINES,
            queries=(Metrics(f"max by ({EACH}) (aiops_verdict_score{{{OF}}})", NAMED),),
            height=10,
            steps=((None, GOOD), (1, BAD)),
            links=HERE,
        ),
        Panel(
            title="State",
            about="Series that are suspect, in trouble or recovering, and when.",
            kind=Kind.STATES,
            queries=(Metrics(f"max by ({EACH}) (aiops_verdict_life{{{OF}}} > 0)", NAMED, when=When.TROUBLE),),
            height=10,
            steps=((None, GOOD), (1, FAIR), (2, BAD), (3, PLAIN)),
            words=LIVES,
            links=HERE,
        ),
    ),
)
OBSERVED: Final = Row(
    "Observed and expected",
    (
        _observed("Latency", "Mean time of a step, and dashed what is expected.", "latency", "s"),
        _observed("Errors", "Share of requests that fail, and dashed what is expected.", "errors", "percentunit"),
    ),
)
HOW: Final = Row(
    "How it is judged",
    (
        Panel(
            title="Series by tier",
            about="Which model judges: none while a series is too young, fixed rules, a level that was learned, or one "
            "that knows the time of the day, or of the week, as well.",
            kind=Kind.LINES,
            queries=tuple(
                Metrics(f"count(aiops_verdict_tier{{{OF}}} == {tier}) or vector(0)", name)
                for tier, name in enumerate(("too young", "fixed rules", "learned level", "day known", "week known"))
            ),
            width=8,
            decimals=0,
        ),
        Panel(
            title="Series in trouble by family",
            about="What the detector finds at a moment, by kind of symptom.",
            kind=Kind.LINES,
            queries=(Metrics("max by (family) (aiops_findings)", "{{family}}"),),
            width=8,
            decimals=0,
        ),
        Panel(
            title="Telemetry that came late",
            about="Spans and points of the last hour that came behind what was judged already; they are kept, not "
            "scored. The engine knows only of those that are sent to itself.",
            kind=Kind.LINES,
            queries=(Metrics("max(delta(aiops_late_items[1h]))", "items"),),
            width=8,
            decimals=0,
        ),
    ),
)

ANOMALIES: Final = Dashboard(
    names.DASHBOARD_ANOMALIES,
    "Anomalies",
    "What does the detector find unusual, by how much, and what does it not look at?",
    (COVERAGE, SCORES, OBSERVED, HOW),
    (JUDGED, JUDGED_ROUTE),
)
