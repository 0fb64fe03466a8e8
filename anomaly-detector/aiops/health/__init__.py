"""Health of services and routes: rate, errors and durations (RED) of their requests, and one score."""

from aiops.health.over_time import RouteHistory, ServiceHistory, service_history, service_selectors
from aiops.health.red import RECENT, SELECTORS, RouteCounts, RouteHealth, ServiceHealth, count_routes, routes, services

__all__ = [
    "RECENT",
    "SELECTORS",
    "RouteCounts",
    "RouteHealth",
    "RouteHistory",
    "ServiceHealth",
    "ServiceHistory",
    "count_routes",
    "routes",
    "service_history",
    "service_selectors",
    "services",
]
