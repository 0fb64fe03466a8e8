"""Incidents as rows, each with the ways to its page, its service, its traces, at its own time."""

from typing import Final

from aiops.model import names
from tools.dashboards.links import FROM, TO, between, number, of_incident
from tools.dashboards.panels import BAD, FAIR, GOOD, PLAIN, POOR, Kind, Look, Metrics, Panel, When, Words

OPEN: Final = 'state=~"open|acknowledged"'
OVER: Final = 'state="resolved"'
SEVERITIES: Final[Words] = {
    "critical": ("critical", BAD),
    "high": ("high", POOR),
    "medium": ("medium", FAIR),
    "low": ("low", PLAIN),
}
STATES: Final[Words] = {
    "open": ("open", BAD),
    "acknowledged": ("acknowledged", FAIR),
    "resolved": ("resolved", GOOD),
}
TOLD: Final = "incident, severity, state, service, endpoint, kind, title, trace_id, page"
BEFORE, AFTER = 600, 300
"""Seconds that a link looks back before an incident began, and on after it was over."""


def at(moment: str, over: str = "") -> str:
    """When incidents had this moment, Unix seconds, by incident; of the last sample in the range `over`."""
    times = f'{names.INCIDENT_TIME}{{moment="{moment}"}}'
    return f"max by (incident) ({f'last_over_time({times}[{over}])' if over else times})"


def still_open() -> Panel:
    """Those that are open, by how long."""
    shown = f"max by ({TOLD}) ({names.INCIDENT_INFO}{{{OPEN}}})"
    mine = f"and on (incident) {names.INCIDENT_INFO}{{{OPEN}}}"
    return _table(
        "Open incidents",
        "What is wrong now, with its cause. Click a row for the engine's page, the service, its traces, the trace to "
        "look at first: each at the incident's own time.",
        (
            shown,
            f"1000 * ({at('onset')} - {BEFORE}) {mine}",
            f"1000 * (0 * {at('detected')} + time()) {mine}",
            f"(time() - {at('detected')}) {mine}",
        ),
        "age",
    )


def over() -> Panel:
    """Those that were over within the time range, with how long they lasted."""
    asked = f"last_over_time({names.INCIDENT_INFO}{{{OVER}}}[$__range])"
    mine = f"and on (incident) {asked}"
    return _table(
        "Incidents that are over",
        "What was wrong in the time range, and for how long. Its links look at that time.",
        (
            f"max by ({TOLD}) ({asked})",
            f"1000 * ({at('onset', '$__range')} - {BEFORE}) {mine}",
            f"1000 * ({at('resolved', '$__range')} + {AFTER}) {mine}",
            f"({at('resolved', '$__range')} - {at('detected', '$__range')}) {mine}",
        ),
        "lasted",
    )


def _table(title: str, about: str, asked: tuple[str, ...], shown: str) -> Panel:
    return Panel(
        title=title,
        about=about,
        kind=Kind.TABLE,
        width=24,
        queries=tuple(Metrics(expr, when=When.TROUBLE, instant=True) for expr in asked),
        links=of_incident(between(number(FROM), number(TO))),
        looks=(
            Look(f"Value #A|{FROM}|{TO}|page", hidden=True),
            Look("Value #D", title=shown, unit="s"),
            Look("severity", words=SEVERITIES),
            Look("state", words=STATES),
        ),
    )
