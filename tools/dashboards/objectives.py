"""Objectives and their error budgets."""

from typing import Final

from aiops.model import names
from tools.dashboards.links import engine_objective, field, label, service, traces
from tools.dashboards.panels import (
    BAD,
    FAIR,
    GOOD,
    LEFT,
    POOR,
    Dashboard,
    Kind,
    Look,
    Metrics,
    Panel,
    Row,
    When,
)
from tools.dashboards.variables import ENGINE, OBJECTIVE

OF: Final = '{slo=~"$slo"}'
EACH: Final = "slo, slo_group"
NAMED: Final = "{{slo}} {{slo_group}}"
TOLD: Final = "|".join((*names.BURN_ALERTS.values(), names.SLO_NO_DATA))
HERE: Final = (
    engine_objective(label("slo")),
    service(label("service_name")),
    traces(label("service_name")),
)
ROW: Final = (
    engine_objective(field("slo")),
    service(field("service_name")),
    traces(field("service_name")),
)
WITH_SERVICE: Final = f"{EACH}, service_name"

PROJECTED: Final = Metrics(f"min by ({WITH_SERVICE}) ({names.SLO_PROJECTED_LEFT}{OF})", f"{NAMED} at the period's end")

BUDGET: Final = Row(
    "Budget",
    (
        Panel(
            id=names.PANEL_BUDGET,
            title="Budget left",
            about="Share of the error budget that is left, and dashed what would be left at the end of a calendar "
            "period. Where the day ahead is drawn, it goes on as in the last hour.",
            kind=Kind.LINES,
            queries=(
                Metrics(f"min by ({WITH_SERVICE}) ({names.SLO_BUDGET_LEFT}{OF})", NAMED),
                PROJECTED,
                Metrics(
                    f"min by ({WITH_SERVICE}) (predict_linear({names.SLO_BUDGET_LEFT}{OF}[1h], 86400))",
                    f"{NAMED} in a day",
                ),
            ),
            unit="percentunit",
            least=None,
            most=1,
            width=16,
            steps=LEFT,
            links=HERE,
            looks=(Look(".* (?:in a day|at the period's end)", dashed=True),),
        ),
        Panel(
            id=names.PANEL_EXHAUSTION,
            title="Budget is gone in",
            about="Time until the budget is spent if it burns as in the last hour, of those that run out; of calendar "
            "periods, what will be left at the end.",
            kind=Kind.STAT,
            queries=(
                Metrics(f"min by ({WITH_SERVICE}) ({names.SLO_EXHAUSTED_IN}{OF})", NAMED, when=When.TROUBLE),
                PROJECTED,
            ),
            looks=(Look(".* at the period's end", unit="percentunit", steps=LEFT),),
            unit="s",
            width=8,
            steps=((None, BAD), (86_400, POOR), (3 * 86_400, GOOD)),
            shows="value_and_name",
            links=HERE,
        ),
        Panel(
            title="Objectives",
            about="Each objective, or group of it: what is left, how much was bad, in how much of the period data were "
            "there.",
            kind=Kind.TABLE,
            queries=tuple(
                Metrics(f"{of} by ({WITH_SERVICE}) ({metric}{OF})", instant=True)
                for of, metric in (
                    ("min", names.SLO_BUDGET_LEFT),
                    ("max", names.SLO_EVENTS),
                    ("max", names.SLO_BAD_EVENTS),
                    ("max", names.SLO_COVERAGE),
                )
            ),
            width=16,
            links=ROW,
            looks=(
                Look("Value #A", title="budget left", unit="percentunit", steps=LEFT),
                Look("Value #B", title="events"),
                Look("Value #C", title="bad ones"),
                Look("Value #D", title="coverage", unit="percentunit"),
            ),
        ),
        Panel(
            title="Worst groups",
            about="The ten objectives, or groups of them, with least left.",
            kind=Kind.BARS,
            queries=(
                Metrics(f"bottomk(10, min by ({WITH_SERVICE}) ({names.SLO_BUDGET_LEFT}{OF}))", NAMED, instant=True),
            ),
            unit="percentunit",
            width=8,
            least=None,
            most=1,
            decimals=1,
            steps=LEFT,
            links=HERE,
        ),
    ),
)
BURN: Final = Row(
    "Burn",
    (
        Panel(
            id=names.PANEL_BURN,
            title="Burn rates by window",
            about="How many times as fast as allowed the budget burns, over each window. Lines are the tiers of a "
            "period of 30 days: 14.4 over 1 h and 5 min, or 6 over 6 h and 30 min page; 3 over a day and 2 h, or 1 "
            "over three days and 6 h make a ticket.",
            kind=Kind.LINES,
            queries=(
                Metrics(f"max by ({WITH_SERVICE}, window) ({names.SLO_BURN_RATE}{OF})", f"{NAMED} over {{{{window}}}}"),
            ),
            width=16,
            steps=((None, GOOD), (1, FAIR), (3, POOR), (6, BAD), (14.4, BAD)),
            links=HERE,
        ),
        Panel(
            title="What the rules see",
            about="The burn rates over an hour and five minutes that Prometheus' alerts compare.",
            kind=Kind.LINES,
            queries=tuple(
                Metrics(f"max by (slo, service_name) (slo:burn_rate:ratio_rate{over}{OF})", f"{{{{slo}}}} over {over}")
                for over in ("1h", "5m")
            ),
            width=8,
            steps=((None, GOOD), (14.4, BAD)),
            links=HERE,
        ),
        Panel(
            title="Bad events a second",
            about="What spends the budget, as the rules count it over five minutes.",
            kind=Kind.LINES,
            queries=(Metrics(f"max by (slo, service_name) (slo:bad_events:rate5m{OF})", "{{slo}}"),),
            width=12,
            links=HERE,
        ),
        Panel(
            title="Alerts",
            about="When each burn alert was pending and fired.",
            kind=Kind.STATES,
            queries=(
                Metrics(
                    f'max by (alertname, slo, slo_group) (ALERTS{{slo=~"$slo", alertname=~"{TOLD}", '
                    'alertstate="firing"} * 2 or ALERTS'
                    f'{{slo=~"$slo", alertname=~"{TOLD}", alertstate="pending"}})',
                    "{{alertname}} {{slo}} {{slo_group}}",
                    when=When.RARE,
                ),
            ),
            words={"1": ("pending", FAIR), "2": ("fires", BAD)},
            steps=((None, FAIR), (2, BAD)),
        ),
    ),
)

OBJECTIVES: Final = Dashboard(
    names.DASHBOARD_SLO,
    "SLO & error budget",
    "Which promise is broken or will be, how fast, and what spends its budget?",
    (BUDGET, BURN),
    (OBJECTIVE, ENGINE),
    since="now-6h",
    refresh="30s",
)
