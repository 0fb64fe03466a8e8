"""Questions in TraceQL. They find no less than is wanted, and little more: what was fetched decides.

Values are quoted as the language wants it: as strings of Go."""

from collections.abc import Iterable
from typing import Final

import orjson

from aiops import names
from aiops.model import Population, PopulationKind, TraceQuery
from aiops.sources.common.spans import NANO

SERVED: Final = "(kind = server || kind = consumer)"
CALLING: Final = "(kind = client || kind = producer)"
NEWEST: Final = " with (most_recent=true)"


def text(value: str) -> str:
    """Quote a value."""
    quoted = orjson.dumps(value.encode(errors="replace").decode()).decode()
    return quoted.replace("\x7f", "\\u007f").replace("\ufeff", "\\ufeff")


def service(name: str) -> str:
    return f"resource.{names.SERVICE_NAME} = {text(name)}"


def both(*conditions: str) -> str:
    """Join conditions that must all hold; empty ones are left out."""
    return " && ".join(one for one in conditions if one)


def spanset(*conditions: str) -> str:
    """The spans that all conditions hold for."""
    inner = both(*conditions)
    return f"{{ {inner} }}" if inner else "{}"


def sought(query: TraceQuery) -> str:
    """Spans that a TraceQuery looks for."""
    return spanset(
        service(query.service) if query.service else "",
        _route(query.route) if query.route else "",
        "" if query.failed is None else _FAILED if query.failed else _FINE,
        f"duration >= {round(query.min_duration * NANO)}ns" if query.min_duration > 0 else "",
    )


def population(wanted: Population, addresses: Iterable[str] = ()) -> str:
    """Spans that a Population is drawn by; `addresses` are those at which its callee is known to answer."""
    base = both(
        service(wanted.service), _any(names.HTTP_METHOD, text(wanted.method)) if wanted.method else "", _kind(wanted)
    )
    if not wanted.callee:
        return spanset(base, SERVED, _route(wanted.route) if wanted.route else "")
    named = _any(names.PEER_SERVICE, text(wanted.callee))
    there = " || ".join(_address(one) for one in sorted({wanted.callee, *addresses}))
    direct = spanset(base, CALLING, f"({named} || {there})")
    answered = f"{spanset(service(wanted.callee), SERVED)} < {spanset(base, CALLING)}"
    return f"({direct}) || ({answered})"


def answers(caller: str) -> str:
    """Spans that answered calls of a service."""
    return f"{spanset(service(caller), CALLING)} > {spanset(SERVED)}"


def _any(keys: Iterable[str], literal: str) -> str:
    """A span attribute under any of its names."""
    return "(" + " || ".join(f"span.{key} = {literal}" for key in keys) + ")"


_SERVER_FAULT: Final = "(" + " || ".join(f"span.{key} >= 500" for key in names.HTTP_STATUS) + ")"
_CALLER_FAULT: Final = "(" + " || ".join(f"(span.{key} >= 400 && span.{key} < 500)" for key in names.HTTP_STATUS) + ")"
# As conventions.span_failed says it, but for clients that got an answer and say an error: their spans decide.
_FAILED: Final = (
    f"({_SERVER_FAULT} || (status = error && !{_CALLER_FAULT}) || "
    f"(kind = client && span.{names.ERROR_TYPE} != nil && !{_CALLER_FAULT}))"
)
_FINE: Final = f"(!{_SERVER_FAULT} && (status != error || {_CALLER_FAULT}))"


def _kind(wanted: Population) -> str:
    threshold = round(wanted.threshold * NANO)
    match wanted.kind:
        case PopulationKind.FAILED:
            return _FAILED
        case PopulationKind.SLOW:
            return f"duration > {threshold}ns"
        case PopulationKind.GOOD:
            return both(_FINE, f"duration <= {threshold}ns" if threshold else "")


def _route(route: str) -> str:
    """Spans that may go by a route: an HTTP route, an RPC method with its service, or a span's own name."""
    package, _, method = route.rpartition("/")
    rpc = [f"span.{names.RPC_METHOD} = {text(route)}"]
    if package and method:
        rpc.append(f"(span.{names.RPC_SERVICE} = {text(package)} && span.{names.RPC_METHOD} = {text(method)})")
    return "(" + " || ".join([f"span.{names.HTTP_ROUTE} = {text(route)}", f"name = {text(route)}", *rpc]) + ")"


def _address(address: str) -> str:
    """Spans that called what `conventions.address` would write so: a database system, a host, or host:port."""
    whole = _any((*names.DB_SYSTEM, *names.SERVER_ADDRESS), text(address))
    host, _, port = address.rpartition(":")
    if not (host and port.isascii() and port.isdigit()):
        return whole
    ports = f"({_any(names.SERVER_PORT, port)} || {_any(names.SERVER_PORT, text(port))})"
    return f"({whole} || ({_any(names.SERVER_ADDRESS, text(host))} && {ports}))"
