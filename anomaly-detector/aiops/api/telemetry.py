"""Present health of routes and services, and the calls between services."""

from collections import Counter
from typing import Any

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from aiops.api.answer import Question, milliseconds, number, responses
from aiops.api.moment import Moment, window
from aiops.health import USERS, MapCall, MapNode, RouteHealth, ServiceHealth
from aiops.model import VIRTUAL, iso
from aiops.presentation.documents.telemetry import (
    Edge,
    Health,
    Metrics,
    Node,
    RawSpans,
    RouteMetrics,
    Service,
    Services,
    Topology,
)
from aiops.service.use_cases import UseCases
from aiops.sources.common import otlp_writing

TAG = Tag(
    name="telemetry", description="what is known of services now, and what was measured: health, calls, traces, series"
)
DEFAULT_SECONDS = 15.0


class When(Question):
    since: Moment | None = Field(None, description="RFC 3339 with its zone, or Unix seconds; default 15 s ago")
    until: Moment | None = Field(None, description="default now")


class AsOf(Question):
    at: Moment | None = Field(None, description="how it was at that time; default now")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for routes, services and topology."""
    api = APIBlueprint("telemetry", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/metrics", responses=responses(Metrics))
    def metrics() -> Any:
        """Answer latency, errors and health of each route over the last five minutes."""
        found = use_cases.health.routes()
        shared = Counter((one.service, one.route) for one in found)
        return Metrics(
            metrics={_key(one, shared[one.service, one.route] > 1): _route(one) for one in found}
        ).model_dump()

    @api.get("/services", responses=responses(Services))
    def services() -> Any:
        """Answer the health of each service, worst first."""
        return Services(services=[_service(one) for one in use_cases.health.services()]).model_dump()

    @api.get("/topology", responses=responses(Topology, 404, 422))
    def topology(query: AsOf) -> Any:
        """Answer who calls whom, with rate, errors and latency, over the five minutes before a time."""
        found = use_cases.map.now() if query.at is None else use_cases.map.at(query.at)
        nodes = [_node(one) for name, one in found.nodes.items() if name != USERS]
        edges = [_edge(one) for one in found.calls if one.caller != USERS]
        at = iso(found.at) if found.at is not None else None
        services = sorted({end for one in edges for end in (one.caller, one.callee)})
        return Topology(at=at, services=services, nodes=nodes, edges=edges).model_dump()

    @api.get("/spans", responses=responses(RawSpans, 422))
    def spans(query: When) -> Any:
        """Answer the raw spans that ended in a time, as OTLP/JSON."""
        over = window(query.since, query.until, use_cases.now(), DEFAULT_SECONDS)
        found, complete = use_cases.telemetry.spans(over)
        return RawSpans(**otlp_writing.otlp_export(found), complete=complete).model_dump()

    return api


def _key(one: RouteHealth, shared: bool) -> str:
    parts = (one.service, one.method if shared else "", one.route)
    return " ".join(part for part in parts if part)


def _route(one: RouteHealth) -> RouteMetrics:
    low, high = (milliseconds(bound) for bound in one.expected_range or (None, None))
    return RouteMetrics(
        service=one.service,
        route=one.route,
        method=one.method,
        avg_latency_ms=milliseconds(one.latency),
        baseline_latency_ms=milliseconds(one.expected),
        expected_range_ms=None if low is None or high is None else (low, high),
        p95_latency_ms=milliseconds(one.latency_p95),
        error_rate=number(one.error_ratio),
        request_count=round(one.requests),
        status_distribution=one.statuses,
        health=_health(one),
    )


def _service(one: ServiceHealth) -> Service:
    return Service(
        service=one.service,
        health=_health(one),
        requests_per_second=number(one.requests_per_second),
        error_rate=number(one.error_ratio),
        incidents=list(one.incidents),
        oddities=list(one.oddities),
        routes=[_route(route) for route in one.routes],
    )


def _node(one: MapNode) -> Node:
    return Node(
        service=one.name,
        virtual=one.virtual,
        health=Health.model_validate({"status": one.status, "health_score": one.score}),
        requests_per_second=number(one.rate),
        error_rate=number(one.error_ratio),
        avg_latency_ms=milliseconds(one.latency),
        causes=list(one.causes),
        affected_by=list(one.hit_by),
    )


def _edge(one: MapCall) -> Edge:
    low, high = (milliseconds(bound) for bound in one.expected_range or (None, None))
    return Edge(
        caller=one.caller,
        callee=one.callee,
        requests_per_second=number(one.rate),
        error_rate=number(one.error_ratio),
        avg_latency_ms=milliseconds(one.latency),
        expected_latency_ms=milliseconds(one.expected),
        expected_range_ms=None if low is None or high is None else (low, high),
        slow=one.slow,
        failing=one.failing,
        connection=VIRTUAL if one.virtual else "",
    )


def _health(of: RouteHealth | ServiceHealth) -> Health:
    return Health.model_validate({"status": of.status, "health_score": of.score})
