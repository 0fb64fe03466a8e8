"""Links to Grafana for an incident or an objective."""

from typing import Final
from urllib.parse import urlencode

from aiops.model import names
from aiops.model.incident import Incident
from aiops.model.slo import Slo

BEFORE: Final = 600.0
AFTER: Final = 300.0
"""Seconds shown before the beginning of an incident and after its end."""


def of_incident(one: Incident, url: str) -> list[tuple[str, str]]:
    """Return titles and addresses: the service, traces and first trace at the time of the incident; none without
    Grafana's address."""
    if not url or not one.service:
        return []
    ends = "now" if one.resolved_at is None else _milliseconds(one.resolved_at + AFTER)
    about = {"var-service": one.service, "from": _milliseconds(one.onset - BEFORE), "to": ends}
    found = [("Service", names.DASHBOARD_SERVICE, about), ("Traces", names.DASHBOARD_TRACING, about)]
    if trace := one.trace_correlation.trace_id:
        found.append(("Trace to look at first", names.DASHBOARD_TRACING, {**about, "var-trace": trace}))
    return [(title, f"{url.rstrip('/')}/d/{uid}?{urlencode(asked)}") for title, uid, asked in found]


def of_objective(slo: Slo, url: str) -> list[tuple[str, str]]:
    """Return title and address of its dashboard; none without Grafana's address."""
    return (
        [("Objective", f"{url.rstrip('/')}/d/{names.DASHBOARD_SLO}?{urlencode({'var-slo': slo.name})}")] if url else []
    )


def _milliseconds(at: float) -> str:
    return str(round(1000 * at))
