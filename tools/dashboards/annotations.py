"""What is marked over time on every dashboard: incidents, and what was changed."""

from dataclasses import dataclass
from typing import Final

from aiops.model import names
from tools.dashboards.panels import BAD, PLAIN, When


@dataclass(frozen=True, slots=True)
class Annotation:
    """A mark for as long as the expression has a value; with `at_value` at that time, in milliseconds."""

    name: str
    expr: str
    title: str
    text: str
    color: str
    tags: str
    when: When
    at_value: bool = False


INCIDENTS: Final = Annotation(
    "Incidents",
    f'max by (incident, severity, service, title) ({names.INCIDENT_INFO}{{state=~"open|acknowledged"}})',
    "{{incident}}",
    "{{title}}",
    BAD,
    "severity,service",
    When.TROUBLE,
)
CHANGES: Final = Annotation(
    "Changes",
    f"1000 * max by (kind, service, version) ({names.CHANGE_TIME})",
    "{{kind}} of {{service}}",
    "{{version}}",
    PLAIN,
    "service",
    When.RARE,
    at_value=True,
)
VERSIONS: Final = Annotation(
    "New versions",
    "(group by (service_name, service_version) (target_info)"
    " unless group by (service_name, service_version) (target_info offset 5m))"
    " and on (service_name) group by (service_name) (target_info offset 5m)",
    "{{service_name}} {{service_version}}",
    "first seen",
    PLAIN,
    "service_name",
    When.RARE,
)
EVERYWHERE: Final = (INCIDENTS, CHANGES, VERSIONS)
