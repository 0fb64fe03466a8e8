"""What the semantic conventions, old and new, say about a span or a series: route, method, status, failure."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from aiops import names

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
ERROR: Final = 2

# gRPC codes that are the server's fault: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
SERVER_FAULTS: Final = frozenset(
    [
        "2",
        "4",
        "12",
        "13",
        "14",
        "15",
        "UNKNOWN",
        "DEADLINE_EXCEEDED",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
    ]
)


class Request(NamedTuple):
    """What a request was, read from attributes. A tuple, because one is made for every span."""

    route: str
    method: str
    http_status: int
    error_type: str
    rpc_status: str
    http: bool


def first(attributes: Mapping[str, str], keys: Sequence[str]) -> str:
    """Return the value of the first key that is there, else ""."""
    for key in keys:
        value = attributes.get(key)
        if value:
            return value
    return ""


def request(attributes: Mapping[str, str]) -> Request:
    """Read a request out of a span's or a series' attributes."""
    route = attributes.get(names.HTTP_ROUTE, "")
    method = first(attributes, names.HTTP_METHOD)
    status = first(attributes, names.HTTP_STATUS)
    http = bool(route or method or status)
    rpc_method = "" if http else attributes.get(names.RPC_METHOD, "")
    if rpc_method:
        rpc_service = attributes.get(names.RPC_SERVICE, "")
        route = f"{rpc_service}/{rpc_method}" if rpc_service else rpc_method
    return Request(
        route,
        method,
        int(status) if status.isascii() and status.isdigit() and int(status) < 1000 else 0,
        attributes.get(names.ERROR_TYPE, ""),
        first(attributes, names.RPC_STATUS),
        http,
    )


def served_failed(of: Request) -> bool:
    """Say whether the requests of a server's series failed, by its attributes alone."""
    if of.http_status:
        return of.http_status >= 500
    if of.rpc_status:
        return of.rpc_status.upper() in SERVER_FAULTS
    return bool(of.error_type)


def span_failed(of: Request, kind: int, status: int) -> bool:
    """Say whether a span failed: 5xx or ERROR, but no 4xx, which is the caller's own doing; a client also when it says
    what went wrong and no status came back."""
    if of.http_status >= 400:
        return of.http_status >= 500
    if status == ERROR:
        return True
    return kind == CLIENT and bool(of.error_type) and not of.http_status


def span_route(of: Request, kind: int, name: str) -> str:
    """Name the work of a span: its HTTP route or RPC method; what serves something else goes by the span's name."""
    if of.route or of.http or kind not in (SERVER, CONSUMER):
        return of.route
    return name


def address(attributes: Mapping[str, str]) -> str:
    """Name whom a client called when no service name is known: its database system, else the address.

    The port belongs to the name where the host says nothing: loopback and plain IP addresses.
    """
    system = first(attributes, names.DB_SYSTEM)
    if system:
        return system
    host = first(attributes, names.SERVER_ADDRESS)
    port = first(attributes, names.SERVER_PORT)
    plain = host == "localhost" or ":" in host or host.replace(".", "").isdigit()
    return f"{host}:{port}" if port and plain and host else host
