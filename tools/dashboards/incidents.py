"""Incidents over time, and how well they are dealt with."""

from typing import Final

from aiops.model import names
from tools.dashboards import incident_table
from tools.dashboards.incident_table import SEVERITIES, at
from tools.dashboards.links import label, service
from tools.dashboards.number import number
from tools.dashboards.panels import BAD, FAIR, PLAIN, POOR, Dashboard, Kind, Metrics, Panel, Row, Steps, When

ALL: Final = f"max by (incident) (last_over_time({names.INCIDENT_INFO}[$__range]))"
SEVERITY_STEPS: Final[Steps] = ((None, PLAIN), (2, FAIR), (3, POOR), (4, BAD))


def _mean(later: str, earlier: str) -> str:
    return f"avg({at(later, '$__range')} - {at(earlier, '$__range')})"


def _by_severity() -> str:
    ranks = enumerate(("low", "medium", "high", "critical"), start=1)
    parts = (f'{rank} * {names.INCIDENT_INFO}{{state=~"open|acknowledged", severity="{word}"}}' for rank, word in ranks)
    return f"max by (incident, service) ({' or '.join(parts)})"


NUMBERS: Final = Row(
    "In the time range",
    (
        number(
            "Incidents",
            "Incidents that lasted within the time range.",
            f"count({ALL}) or vector(0)",
            instant=True,
        ),
        number(
            "Time to detect",
            "Mean time from the first bad step to the incident.",
            _mean("detected", "onset"),
            "s",
            when=When.TROUBLE,
            instant=True,
        ),
        number(
            "Time to acknowledge",
            "Mean time until somebody took an incident, of those that somebody took.",
            _mean("acknowledged", "detected"),
            "s",
            when=When.TROUBLE,
            instant=True,
        ),
        number(
            "Time to resolve",
            "Mean time until an incident was over, of those that are.",
            _mean("resolved", "detected"),
            "s",
            when=When.TROUBLE,
            instant=True,
        ),
        number(
            "Alerts an incident",
            "How many alerts of other rules tell of the same incident: what would have paged one by one.",
            f"avg(max by (incident) (last_over_time({names.INCIDENT_ALERTS}[$__range])))",
            when=When.TROUBLE,
            instant=True,
        ),
        number(
            "Alerts received",
            "Alerts of other rules that began to fire in the time range, as Alertmanager told the engine.",
            'sum(increase(aiops_alerts_received_total{outcome="firing"}[$__range]))',
            when=When.TROUBLE,
            instant=True,
        ),
    ),
)
TIMELINE: Final = Row(
    "Timeline",
    (
        Panel(
            title="Incidents",
            about="When each incident was open, and how severe it was.",
            kind=Kind.STATES,
            queries=(Metrics(_by_severity(), "{{incident}} {{service}}", when=When.TROUBLE),),
            width=24,
            steps=SEVERITY_STEPS,
            words={str(rank): SEVERITIES[word] for rank, word in enumerate(("low", "medium", "high", "critical"), 1)},
            links=(service(label("service")),),
        ),
        incident_table.still_open(),
        incident_table.over(),
    ),
)
CAUSES: Final = Row(
    "Causes and noise",
    (
        Panel(
            title="Causes",
            about="Incidents of the time range by where they started, and what kind of trouble it was.",
            kind=Kind.BARS,
            queries=(
                Metrics(
                    "count by (service, kind) (max by (incident, service, kind) "
                    f"(last_over_time({names.INCIDENT_INFO}[$__range])))",
                    "{{service}} {{kind}}",
                    when=When.TROUBLE,
                    instant=True,
                ),
            ),
            width=8,
            decimals=0,
            links=(service(label("service")),),
        ),
        Panel(
            title="Transitions",
            about="How often incidents opened, changed, came back and ended, in each quarter of an hour.",
            kind=Kind.LINES,
            queries=(Metrics("sum by (transition) (increase(aiops_incident_events_total[15m]))", "{{transition}}"),),
            width=8,
        ),
        Panel(
            title="Posts to Alertmanager",
            about="How often the engine told Alertmanager of its incidents, in each quarter of an hour, by outcome.",
            kind=Kind.LINES,
            queries=(
                Metrics(
                    "sum by (outcome) (increase(aiops_alertmanager_posts_total[15m]))", "{{outcome}}", when=When.TROUBLE
                ),
            ),
            width=8,
        ),
    ),
)

INCIDENTS: Final = Dashboard(
    names.DASHBOARD_INCIDENTS,
    "Incidents",
    "What went wrong lately, why, how fast was it found, taken and ended, and how much noise did it make?",
    (NUMBERS, TIMELINE, CAUSES),
    since="now-24h",
    refresh="30s",
)
