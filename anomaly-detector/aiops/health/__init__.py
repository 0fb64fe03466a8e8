"""Health of services and routes: rate, errors and durations (RED) of their requests, one score, and their calls."""

from aiops.health.over_time import RouteHistory, ServiceHistory, service_history, service_selectors
from aiops.health.red import RECENT, SELECTORS, RouteCounts, RouteHealth, ServiceHealth, count_routes, routes, services
from aiops.health.service_map import USERS, MapCall, MapNode, ServiceMap, call_series, service_map, suffering

__all__ = [
    "RECENT",
    "SELECTORS",
    "USERS",
    "MapCall",
    "MapNode",
    "RouteCounts",
    "RouteHealth",
    "RouteHistory",
    "ServiceHealth",
    "ServiceHistory",
    "ServiceMap",
    "call_series",
    "count_routes",
    "routes",
    "service_history",
    "service_map",
    "service_selectors",
    "services",
    "suffering",
]
