"""What the semantic conventions, old and new, define about a span or a series: route, method, status, failure."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from aiops.model import names
from aiops.sources.common import codes, routes

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
OK: Final = 1
ERROR: Final = 2

_NOT_THERE: Final = (404, 405)
SWITCHING_PROTOCOLS: Final = 101
_SOCKET_SCHEMES: Final = ("ws", "wss")
_ENDLESS_TYPES: Final = ("text/event-stream", "multipart/x-mixed-replace")


class Request(NamedTuple):
    """A request, read from attributes. A tuple, because one is made for every span.

    fault: what the code of the answer says, on either side: True for the server's fault, False for none (the caller
    asked for something that does not exist, or gave up), None where no code decides. streams: it lasts for as long as
    its client listens, so that its duration means nothing. path: a route made from the path, where no route is known
    but the path was found.
    """

    route: str
    method: str
    http_status: int
    error_type: str
    http: bool
    fault: bool | None
    streams: bool
    path: str = ""


def first(attributes: Mapping[str, str], keys: Sequence[str]) -> str:
    """Return the value of the first key that exists, else ""."""
    for key in keys:
        value = attributes.get(key)
        if value:
            return value
    return ""


def request(attributes: Mapping[str, str]) -> Request:
    """Read a request from the attributes of a span or a series."""
    route = attributes.get(names.HTTP_ROUTE, "")
    method = first(attributes, names.HTTP_METHOD)
    status = first(attributes, names.HTTP_STATUS)
    error_type = attributes.get(names.ERROR_TYPE, "")
    http = bool(route or method or status)
    rpc_method = attributes.get(names.RPC_METHOD, "")
    if rpc_method and not route:
        rpc_service = attributes.get(names.RPC_SERVICE, "")
        route = f"{rpc_service}/{rpc_method}" if rpc_service else rpc_method
    number = int(status) if status.isascii() and status.isdigit() and int(status) < 1000 else 0
    # A path that does not exist may be any text that a client sent.
    target = "" if route or number in _NOT_THERE else attributes.get(names.HTTP_TARGET, "")
    return Request(
        route,
        method,
        number,
        error_type,
        http,
        _fault(attributes, number, error_type),
        _streams(attributes, number),
        routes.of_path(target) if target else "",
    )


def _fault(attributes: Mapping[str, str], http_status: int, error_type: str) -> bool | None:
    """Return what the code of the answer says (see `Request.fault`): the HTTP status, else the code of the RPC, else
    that of the database."""
    if fault := codes.http(http_status):
        return fault
    if code := first(attributes, names.RPC_STATUS):
        return codes.rpc(code)
    if http_status:
        return codes.http(http_status)
    if system := first(attributes, names.DB_SYSTEM):
        return codes.database(system.lower(), attributes.get(names.DB_STATUS, "") or error_type)
    if not error_type:
        return None
    if attributes.get(names.RPC_METHOD) or first(attributes, names.RPC_SYSTEM):
        return codes.rpc(error_type)
    if error_type.isascii() and error_type.isdigit() and len(error_type) == 3:
        return codes.http(int(error_type))
    return codes.given_up(error_type)


def _streams(attributes: Mapping[str, str], http_status: int) -> bool:
    if http_status == SWITCHING_PROTOCOLS or first(attributes, names.URL_SCHEME) in _SOCKET_SCHEMES:
        return True
    if "websocket" in f"{first(attributes, names.PROTOCOL)} {first(attributes, names.HTTP_UPGRADE)}".lower():
        return True
    if content := first(attributes, names.HTTP_CONTENT_TYPE):
        return any(one in content.lower() for one in _ENDLESS_TYPES)
    # A URL alone shows a stream only by its scheme.
    return first(attributes, names.URL).partition("://")[0] in _SOCKET_SCHEMES


def served_failed(of: Request) -> bool:
    """Return whether the requests of a server's series failed, by its attributes alone."""
    if of.fault is not None:
        return of.fault
    return bool(of.error_type) and not of.http_status


def span_failed(of: Request, kind: int, status: int, message: str = "") -> bool:
    """Return whether a span failed. The code of its answer decides on either side, where it can: a server's fault is a
    failure, the caller's is none, although clients mark both as ERROR. Otherwise the status decides, and an error type
    on a span without status. A query that found nothing and a call cancelled by its caller are no failures, although
    some clients mark them."""
    if of.fault is not None:
        return of.fault
    if kind == CLIENT and (codes.found_nothing(of.error_type, message) or codes.given_up_says(message)):
        return False
    if status == ERROR:
        return True
    return bool(of.error_type) and kind >= SERVER and status != OK and not of.http_status


def span_route(of: Request, kind: int, name: str) -> str:
    """Return the name of the operation of a span: its HTTP route or RPC method; for any other server the name of the
    span."""
    if of.http and not of.route and kind == SERVER:
        return of.path
    if of.route or of.http or kind not in (SERVER, CONSUMER):
        return of.route
    return name
