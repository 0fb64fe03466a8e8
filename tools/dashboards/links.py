"""Addresses of dashboards, the engine's pages and traces, with what Grafana puts in: variables, labels, fields.

A link keeps the time range of where it is followed, unless it is about something that has a time of its own.
"""

from typing import Final

from aiops.model import names
from tools.dashboards.panels import Link

SAME_TIME: Final = "${__url_time_range}"
FROM: Final = "Value #B"
"""Field of an incident's row with the time to look from, in milliseconds."""
TO: Final = "Value #C"
"""Field with the time to look to, of one that is over."""


def label(name: str) -> str:
    """A label of the series that is clicked on."""
    return f"${{__field.labels.{name}}}"


def field(name: str) -> str:
    """A field of the row that is clicked on."""
    return f"${{__data.fields.{name}}}"


def number(name: str) -> str:
    """A field of the row, as a plain number."""
    return f'${{__data.fields["{name}"].numeric}}'


def to(uid: str, time: str = SAME_TIME, **variables: str) -> str:
    """A dashboard at a time, with these variables set; the datasources go along."""
    chosen = {"prometheus": "${prometheus}", "tempo": "${tempo}", **variables}
    return f"/d/{uid}?{time}" + "".join(f"&var-{name}={value}" for name, value in chosen.items())


def between(start: str, end: str) -> str:
    """A time range of its own."""
    return f"from={start}&to={end}"


def service(name: str, time: str = SAME_TIME) -> Link:
    return Link("Service", to(names.DASHBOARD_SERVICE, time, service=name))


def traces(name: str, time: str = SAME_TIME) -> Link:
    return Link("Traces", to(names.DASHBOARD_TRACING, time, service=name))


def anomalies(name: str) -> Link:
    return Link("Anomalies", to(names.DASHBOARD_ANOMALIES, service=name))


def objective(name: str) -> Link:
    return Link("Objective", to(names.DASHBOARD_SLO, slo=name))


def engine_objective(name: str) -> Link:
    return Link("Engine: this objective", f"${{engine}}/slos/{name}")


def of_incident(time: str) -> tuple[Link, ...]:
    """Where a row of incidents leads: the engine's page, and its service, traces and first trace at its time."""
    trace = to(names.DASHBOARD_TRACING, time, service=field("service"), trace=field("trace_id"))
    return (
        Link("Engine: this incident", field("page")),
        service(field("service"), time),
        traces(field("service"), time),
        Link("Trace to look at first", trace),
    )
