"""How services and routes do: rate, errors and durations of their requests, and one score."""

from aiops.health.red import RECENT, SELECTORS, Counted, RouteHealth, ServiceHealth, counted, routes, services

__all__ = ["RECENT", "SELECTORS", "Counted", "RouteHealth", "ServiceHealth", "counted", "routes", "services"]
