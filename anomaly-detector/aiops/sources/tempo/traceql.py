"""Questions in TraceQL. They find no less than is wanted, and little more: what was fetched decides.

Values are quoted as the language wants it: as strings of Go. No question is longer than Tempo reads: a condition for
which there is no room, such as one on a very long name, is left out, and what was fetched decides.

Conditions that are joined by `&&` alone are cheap, since Tempo looks for all of them at once; one `||`, even between
two kinds of span, makes it read every span that any condition fits, and relations between spans (`>`, `<`) are dearer
still: there are none.
"""

from collections.abc import Iterable
from typing import Final

import orjson

from aiops.model import Population, PopulationKind, TraceQuery, names
from aiops.sources.common.callees import Database
from aiops.sources.common.spans import NANO

NEWEST: Final = " with (most_recent=true)"
LONGEST_BYTES: Final = 1000
"""Bytes of a question, at most. Tempo 3 loses its place in one where a scope or a duration crosses byte 1,024, and
refuses it: `parse error at line 1, col 1025: syntax error: unexpected $end`."""
SERVED: Final = "(kind = server || kind = consumer)"
CALLING: Final = "(kind = client || kind = producer)"


def text(value: str) -> str:
    """Quote a value."""
    quoted = orjson.dumps(value.encode(errors="replace").decode()).decode()
    return quoted.replace("\x7f", "\\u007f").replace("\ufeff", "\\ufeff")


def service(name: str) -> str:
    return f"resource.{names.SERVICE_NAME} = {text(name)}"


def spanset(*conditions: str) -> str:
    """The spans that all conditions hold for; empty ones are left out, and those that there is no room for."""
    room = LONGEST_BYTES - len(NEWEST) - len("{  }")
    fitting: list[str] = []
    for one in conditions:
        needed = len(one.encode()) + (len(" && ") if fitting else 0)
        if one and needed <= room:
            fitting.append(one)
            room -= needed
    return f"{{ {' && '.join(fitting)} }}" if fitting else "{}"


def sought(query: TraceQuery) -> str:
    """Spans that a TraceQuery looks for. What must not have failed is asked for as if it might have: Tempo finds no
    span by what it lacks."""
    return spanset(
        service(query.service) if query.service else "",
        f"duration >= {round(query.min_duration * NANO)}ns" if query.min_duration > 0 else "",
        *(_FAILED if query.failed else ()),
        _route(query.route) if query.route else "",
    )


def forms(wanted: Population, addresses: Iterable[str] = ()) -> tuple[str, ...]:
    """Questions for the spans that a Population is drawn by: where one finds nothing that fits, the next may.
    `addresses` are those at which its callee is known to answer.

    The first asks for what most instrumentation writes, by conditions that are cheap; the last finds all that there is.
    """
    if wanted.callee:
        return _to_callee(wanted, addresses)
    base = (service(wanted.service), SERVED)
    first, *more = _exact(wanted) or ("",)
    route = f"span.{names.HTTP_ROUTE} = {text(wanted.route)}" if wanted.route else ""
    return _different(
        spanset(service(wanted.service), "kind = server", *_cheap(wanted), route),
        spanset(*base, first, _route(wanted.route) if wanted.route else "", *more),
        spanset(*base, first, *more),
    )


def _to_callee(wanted: Population, addresses: Iterable[str]) -> tuple[str, ...]:
    """By the name that callers give, by that and every address, and then what need not say whom it called: what the
    callee served, where that must be good, and all calls of the caller."""
    base = (service(wanted.service), CALLING)
    there = " || ".join(_address(one) for one in sorted({wanted.callee, *addresses}))
    named = _any(names.PEER_SERVICE, text(wanted.callee))
    return _different(
        spanset(
            service(wanted.service),
            "kind = client",
            *_cheap(wanted),
            f"span.{names.PEER_SERVICE[-1]} = {text(wanted.callee)}",
        ),
        spanset(*base, f"({named} || {there})", *_exact(wanted)),
        *([served(wanted.callee)] if wanted.kind == PopulationKind.GOOD else []),
        spanset(*base, *_exact(wanted)),
    )


def served(name: str) -> str:
    """Spans of requests that a service served."""
    return spanset(service(name), "kind = server")


def _different(*questions: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(questions))


def _any(keys: Iterable[str], literal: str) -> str:
    """A span attribute under any of its names."""
    return "(" + " || ".join(f"span.{key} = {literal}" for key in keys) + ")"


_SERVER_FAULT: Final = " || ".join(f"span.{key} >= 500" for key in names.HTTP_STATUS)
_CALLER_FAULT: Final = " || ".join(f"(span.{key} >= 400 && span.{key} < 500)" for key in names.HTTP_STATUS)
# No less than conventions.span_failed says: codes of RPC count as well, but for the one that says that all is well;
# with HTTP's of the caller's doing they may still be faults.
_FAILED: Final = (
    f"({_SERVER_FAULT} || status = error || span.{names.ERROR_TYPE} != nil || span.{names.DB_STATUS} != nil || "
    + " || ".join(f"span.{key} != {text('OK')} || span.{key} != 0" for key in names.RPC_STATUS)
    + ")",
    f"(!({_CALLER_FAULT}) || span.{names.RPC_METHOD} != nil)",
)


def _cheap(wanted: Population) -> tuple[str, ...]:
    """What spans of a kind say under the conventions."""
    threshold = round(wanted.threshold * NANO)
    match wanted.kind:
        case PopulationKind.FAILED:
            return ("status = error",)
        case PopulationKind.SLOW:
            return (f"duration > {threshold}ns",)
        case PopulationKind.GOOD:
            return ("status != error", f"duration <= {threshold}ns" if threshold else "")


def _exact(wanted: Population) -> tuple[str, ...]:
    """What every span of a kind has, whoever wrote it."""
    if wanted.kind == PopulationKind.FAILED:
        return _FAILED
    return tuple(one for one in _cheap(wanted) if not one.startswith("status"))


def _route(route: str) -> str:
    """Spans that may go by a route: an HTTP route, an RPC method with its service, or a span's own name."""
    package, _, method = route.rpartition("/")
    rpc = [f"span.{names.RPC_METHOD} = {text(route)}"]
    if package and method:
        rpc.append(f"(span.{names.RPC_SERVICE} = {text(package)} && span.{names.RPC_METHOD} = {text(method)})")
    return "(" + " || ".join([f"span.{names.HTTP_ROUTE} = {text(route)}", f"name = {text(route)}", *rpc]) + ")"


def _address(address: str) -> str:
    """Spans that called what `callees.address` would write so: a database, a host, or host:port; or a database that a
    graph of services names by a part of that."""
    if database := Database.of(address):
        parts = (
            _any(names.DB_SYSTEM, text(database.system)),
            _host(database.host) if database.host else "",
            _any(names.DB_NAMESPACE, text(database.namespace)) if database.namespace else "",
        )
        return "(" + " && ".join(one for one in parts if one) + ")"
    return f"({_any((*names.DB_SYSTEM, *names.DB_NAMESPACE), text(address))} || {_host(address)})"


def _host(address: str) -> str:
    whole = _any(names.SERVER_ADDRESS, text(address))
    host, _, port = address.rpartition(":")
    if not (host and port.isascii() and port.isdigit()):
        return whole
    ports = f"({_any(names.SERVER_PORT, port)} || {_any(names.SERVER_PORT, text(port))})"
    return f"({whole} || ({_any(names.SERVER_ADDRESS, text(host))} && {ports}))"
