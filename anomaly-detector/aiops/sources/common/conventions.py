"""What the semantic conventions, old and new, say about a span or a series: route, method, status, failure."""

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
    """What a request was, read from attributes. A tuple, because one is made for every span.

    fault: what the answer's code says, on either side: True where the server is at fault, False where it is not (the
    caller asked for what cannot be had, or gave up), None where no code decides. streams: it lasts for as long as
    somebody listens, so that its duration says nothing. path: a route made of the path, where no route is known but the
    path was found.
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
    error_type = attributes.get(names.ERROR_TYPE, "")
    http = bool(route or method or status)
    rpc_method = attributes.get(names.RPC_METHOD, "")
    if rpc_method and not route:
        rpc_service = attributes.get(names.RPC_SERVICE, "")
        route = f"{rpc_service}/{rpc_method}" if rpc_service else rpc_method
    number = int(status) if status.isascii() and status.isdigit() and int(status) < 1000 else 0
    # Where there is nothing, anybody's words are a path.
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
    """What the code of the answer says (see `Request.fault`): that of HTTP, else of the RPC that it carried, else of
    the database."""
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
    # Of a URL alone only its scheme tells.
    return first(attributes, names.URL).partition("://")[0] in _SOCKET_SCHEMES


def served_failed(of: Request) -> bool:
    """Say whether the requests of a server's series failed, by its attributes alone."""
    if of.fault is not None:
        return of.fault
    return bool(of.error_type) and not of.http_status


def span_failed(of: Request, kind: int, status: int, message: str = "") -> bool:
    """Say whether a span failed. The code of its answer decides on either side, where one does: a server's fault is a
    failure, the caller's own doing is none, though clients mark both as ERROR. Else the status decides, and what says
    a type of error without any status; a query that found nothing and a call that its caller called off are no
    failures, though some clients mark them."""
    if of.fault is not None:
        return of.fault
    if kind == CLIENT and (codes.found_nothing(of.error_type, message) or codes.given_up_says(message)):
        return False
    if status == ERROR:
        return True
    return bool(of.error_type) and kind >= SERVER and status != OK and not of.http_status


def span_route(of: Request, kind: int, name: str) -> str:
    """Name the work of a span: its HTTP route or RPC method; what serves something else goes by the span's name."""
    if of.http and not of.route and kind == SERVER:
        return of.path
    if of.route or of.http or kind not in (SERVER, CONSUMER):
        return of.route
    return name
