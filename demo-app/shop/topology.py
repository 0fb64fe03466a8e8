"""Who is in the shop: services, ports, endpoints, and who calls whom."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

GATEWAY = "gateway"
PORTS: Mapping[str, int] = {GATEWAY: 3000, "checkout": 3011, "payment": 3012, "inventory": 3013, "catalog": 3014}
SERVICES = tuple(PORTS)
SHARES_PORTS = hasattr(socket, "SO_REUSEPORT")
"""Whether two processes of a service can have its port, as two versions beside each other need."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A public call, the one service that owns it, and the calls that one makes for it, in order."""

    path: str
    method: str
    service: str
    calls: tuple[str, ...] = ()


ENDPOINTS: Mapping[str, Endpoint] = {
    endpoint.path: endpoint
    for endpoint in (
        Endpoint("/inventory", "GET", "inventory"),
        Endpoint("/products", "GET", "catalog"),
        Endpoint("/payment", "POST", "payment"),
        Endpoint("/checkout", "POST", "checkout", calls=("/inventory", "/payment")),
    )
}
OWNERS = tuple(service for service in SERVICES if any(e.service == service for e in ENDPOINTS.values()))


def endpoint_of(service: str) -> Endpoint:
    """Return the endpoint a service owns; the gateway owns none."""
    return next(endpoint for endpoint in ENDPOINTS.values() if endpoint.service == service)


def callers(path: str) -> tuple[str, ...]:
    """Return every service that waits, directly or through others, for an endpoint; the gateway comes last."""
    direct = tuple(endpoint for endpoint in ENDPOINTS.values() if path in endpoint.calls)
    indirect = (service for endpoint in direct for service in callers(endpoint.path) if service != GATEWAY)
    return (*dict.fromkeys((*(endpoint.service for endpoint in direct), *indirect)), GATEWAY)


def default_url(service: str, port_offset: int = 0) -> str:
    """Return where a service listens when nothing else is said."""
    return f"http://127.0.0.1:{PORTS[service] + port_offset}"
