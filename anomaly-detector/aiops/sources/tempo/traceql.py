"""Queries in TraceQL. They find everything that is wanted, and little more: the fetched traces decide.

Values are quoted as strings of Go, as the language requires. No query is longer than Tempo can read: a condition for
which there is no room, such as one on a very long name, is left out, and the fetched traces decide. Conditions that are
joined by `&&` alone are cheap, because Tempo looks for all of them at once. One `||`, even between two kinds of span,
makes it read every span that matches any condition. Relations between spans (`>`, `<`) are more expensive still, so
that none are used.
"""

import re
from collections.abc import Iterable
from typing import Final

import orjson

from aiops.model import Population, PopulationKind, TraceQuery, names
from aiops.sources.common.callees import Database
from aiops.sources.common.spans import NANO

NEWEST: Final = " with (most_recent=true)"
LONGEST_BYTES: Final = 1000
"""The most bytes of a query. Tempo 3 fails to parse a query in which a scope or a duration crosses byte 1,024: `parse
error at line 1, col 1025: syntax error: unexpected $end`."""
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
"""Names of attributes that need no quotes."""
_NUMBER: Final = re.compile(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,15})?")
_SPECIAL: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
"""What means something in a regular expression of Go."""
SERVED: Final = "(kind = server || kind = consumer)"
CALL_FILTER: Final = "(kind = client || kind = producer)"


def text(value: str) -> str:
    """Quote a value."""
    quoted = orjson.dumps(value.encode(errors="replace").decode()).decode()
    return quoted.replace("\x7f", "\\u007f").replace("\ufeff", "\\ufeff")


def service(name: str) -> str:
    """Return the condition on the service of a span."""
    return f"resource.{names.SERVICE_NAME} = {text(name)}"


def spanset(*conditions: str) -> str:
    """Return the spans that match all conditions; empty conditions, and those for which there is no room, are left
    out."""
    room = LONGEST_BYTES - len(NEWEST) - len("{  }")
    fitting: list[str] = []
    for one in conditions:
        needed = len(one.encode()) + (len(" && ") if fitting else 0)
        if one and needed <= room:
            fitting.append(one)
            room -= needed
    return f"{{ {' && '.join(fitting)} }}" if fitting else "{}"


def sought(query: TraceQuery) -> str:
    """Return the spans that a TraceQuery looks for. Spans that must not have failed are searched without that
    condition: Tempo finds no span by a missing attribute. Where other conditions leave no room for all the ways to
    fail, the status of the span decides."""
    others = (
        service(query.service) if query.service else "",
        f"duration >= {round(query.min_duration * NANO)}ns" if query.min_duration > 0 else "",
        f"duration <= {round(query.max_duration * NANO)}ns" if query.max_duration > 0 else "",
        *(_has(key, value) for key, value in query.attributes),
        _operation(query.route) if query.route else "",
        _tells(query.text) if query.text else "",
    )
    if not query.failed:
        return spanset(*others)
    whole = spanset(*others, *_FAILED)
    return whole if whole.endswith(f"{_FAILED[-1]} }}") else spanset("status = error", *others)


def forms(wanted: Population, addresses: Iterable[str] = ()) -> tuple[str, ...]:
    """Return queries for the spans by which a Population is drawn: where one finds nothing that matches, the next one
    may. `addresses` are those at which its callee is known to answer.

    The first query uses cheap conditions on what most instrumentation writes; the last one finds everything.
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
    """Return queries by the name that callers give, by that name and every address, and then by what need not name the
    callee: the requests that the callee served, where they must be good, and all calls of the caller."""
    base = (service(wanted.service), CALL_FILTER)
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
    """Return the spans of requests that a service served."""
    return spanset(service(name), "kind = server")


def _different(*questions: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(questions))


def _any(keys: Iterable[str], literal: str) -> str:
    """Return a condition on a span attribute under any of its names."""
    return "(" + " || ".join(f"span.{key} = {literal}" for key in keys) + ")"


_SERVER_FAULT: Final = " || ".join(f"span.{key} >= 500" for key in names.HTTP_STATUS)
_CALLER_FAULT: Final = " || ".join(f"(span.{key} >= 400 && span.{key} < 500)" for key in names.HTTP_STATUS)
# At least everything for which conventions.span_failed is true: codes of RPC count as well, except OK; together with
# an HTTP status that is the caller's fault they may still be faults.
_FAILED: Final = (
    f"({_SERVER_FAULT} || status = error || span.{names.ERROR_TYPE} != nil || span.{names.DB_STATUS} != nil || "
    + " || ".join(f"span.{key} != {text('OK')} || span.{key} != 0" for key in names.RPC_STATUS)
    + ")",
    f"(!({_CALLER_FAULT}) || span.{names.RPC_METHOD} != nil)",
)


def _cheap(wanted: Population) -> tuple[str, ...]:
    """Return what spans of a kind contain under the conventions."""
    threshold = round(wanted.threshold * NANO)
    match wanted.kind:
        case PopulationKind.FAILED:
            return ("status = error",)
        case PopulationKind.SLOW:
            return (f"duration > {threshold}ns",)
        case PopulationKind.GOOD:
            return ("status != error", f"duration <= {threshold}ns" if threshold else "")
        case PopulationKind.ANY:
            return ()


def _exact(wanted: Population) -> tuple[str, ...]:
    """Return what every span of a kind has, whatever wrote it."""
    if wanted.kind == PopulationKind.FAILED:
        return _FAILED
    return tuple(one for one in _cheap(wanted) if not one.startswith("status"))


def _route(route: str) -> str:
    """Return the spans that may be named by a route: an HTTP route, an RPC method with its service, or the name of the
    span."""
    package, _, method = route.rpartition("/")
    rpc = [f"span.{names.RPC_METHOD} = {text(route)}"]
    if package and method:
        rpc.append(f"(span.{names.RPC_SERVICE} = {text(package)} && span.{names.RPC_METHOD} = {text(method)})")
    return "(" + " || ".join([f"span.{names.HTTP_ROUTE} = {text(route)}", f"name = {text(route)}", *rpc]) + ")"


def _operation(route: str) -> str:
    """Return the spans that may have a route, a name, or an operation such as `POST /payment`."""
    method, _, rest = route.partition(" ")
    named = _route(route)
    return f"({named} || span.{names.HTTP_ROUTE} = {text(rest)})" if method.isupper() and rest else named


def _has(key: str, value: str) -> str:
    """Return the spans that have an attribute, themselves or from their resource: as text, or as what the text may
    have been."""
    literals = [text(value)]
    if value in ("true", "false") or _NUMBER.fullmatch(value):
        literals.append(value)
    name = key if _PLAIN.fullmatch(key) else text(key)
    return "(" + " || ".join(f"{of}.{name} = {one}" for one in literals for of in ("span", "resource")) + ")"


def _tells(part: str) -> str:
    """Return the spans that have a text in their name, status message or exception message."""
    pattern = text(f"(?is).*{_SPECIAL.sub(_escaped, part)}.*")
    places = ("name", "statusMessage", f"event.{names.EXCEPTION_MESSAGE}")
    return "(" + " || ".join(f"{one} =~ {pattern}" for one in places) + ")"


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _address(address: str) -> str:
    """Return the spans that called what `callees.address` would name like this: a database, a host, or host:port; or a
    database that a service graph names by a part of that."""
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
