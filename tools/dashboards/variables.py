"""What is chosen at the top of dashboards. Datasources are on all of them, so that no panel names one."""

from typing import Final

from aiops.model import names
from tools.dashboards.panels import Variable
from tools.dashboards.requests import SERIES

NAMESPACE: Final = Variable(
    "namespace",
    "Namespace",
    "service.namespace of what reports requests",
    f"label_values({{{SERIES}}}, service_namespace)",
)
SERVICES: Final = Variable(
    "service",
    "Service",
    "service.name of what reports requests",
    f'label_values({{{SERIES}, service_namespace=~"$namespace"}}, service_name)',
)
ONE_SERVICE: Final = Variable(
    "service",
    "Service",
    "The service to look at: one, since what is expected is drawn for each of its routes",
    f'label_values({{{SERIES}, service_namespace=~"$namespace"}}, service_name)',
    everything=False,
    several=False,
)
ROUTE: Final = Variable(
    "route",
    "Route",
    "http.route of the service",
    f'label_values({{{SERIES}, service_namespace=~"$namespace", service_name=~"$service"}}, http_route)',
)
JUDGED: Final = Variable(
    "service", "Service", "Services that the engine judges", "label_values(aiops_verdict_score, service)"
)
JUDGED_ROUTE: Final = Variable(
    "route",
    "Route",
    "Routes of them that the engine judges",
    'label_values(aiops_verdict_score{service=~"$service"}, route)',
)
OBJECTIVE: Final = Variable(
    "slo", "Objective", "Objectives that the engine keeps budgets of", f"label_values({names.SLO_COVERAGE}, slo)"
)
WINDOW: Final = Variable(
    "window",
    "Window",
    "What rates are taken over: at least four export intervals",
    values=("5m", "15m", "30m", "1h", "6h"),
    everything=False,
    several=False,
)
ENGINE: Final = Variable(
    "engine",
    "Engine",
    "Where the engine's pages are, as it says itself",
    f"label_values({names.ENGINE_INFO}, url)",
    everything=False,
    several=False,
    hidden=True,
)
LONGER: Final = Variable(
    "longer",
    "Longer than",
    "Traces with a span of the service that took longer",
    values=("0ms", "100ms", "250ms", "500ms", "1s", "2s", "5s"),
    everything=False,
    several=False,
)
TRACE: Final = Variable("trace", "Trace", "Id of the trace to show", everything=False, several=False)
