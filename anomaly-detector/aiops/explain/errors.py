"""Where an error starts: the failed spans that no failed child explains (METHODS 3.2)."""

from dataclasses import dataclass

from aiops.explain.tree import Tree
from aiops.model import Cause, CauseKind, Span, SpanKind

REFUSED = ("connection", "refused", "unreachable", "econnrefused", "unavailable", "nameresolution", "resolve")
TIMED_OUT = ("timeout", "timed out", "deadline")


@dataclass(frozen=True, slots=True)
class Origin:
    """A failed span that nothing below explains, and the cause it stands for."""

    span: Span
    cause: Cause


@dataclass(frozen=True, slots=True)
class World:
    """What is known beside the traces.

    known: services that ever sent spans; answering: those that served requests since the trouble began; silent: those
    that send nothing now.
    """

    known: frozenset[str] = frozenset()
    answering: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()


def origins(tree: Tree, entry: Span, world: World) -> list[Origin]:
    """Follow the failure from `entry` down to where it starts; errors that somebody swallowed are not on the way."""
    found: list[Origin] = []
    stack, seen = [entry], {entry.span_id}
    while stack:
        span = stack.pop()
        failed = [child for child in _last_attempts(tree.awaited(span)) if child.failed]
        if not failed:
            found.append(Origin(span, _cause(tree, span, world)))
        for child in failed:
            if child.span_id not in seen:
                seen.add(child.span_id)
                stack.append(child)
    return sorted(found, key=lambda one: (one.span.start, one.span.span_id))


def _last_attempts(children: list[Span]) -> list[Span]:
    """Of client calls for the same thing, one after the other, only the last counts: the others were retried."""
    last: dict[tuple[str, ...], Span] = {}
    for child in children:
        key: tuple[str, ...] = (child.span_id,)
        if child.kind == SpanKind.CLIENT and child.peer:
            key = (child.peer, child.name, _path(child))
            before = last.get(key)
            if before is not None and before.end > child.start:
                key = (child.span_id,)  # side by side: neither is the other's retry
        last[key] = child
    return list(last.values())


def _cause(tree: Tree, span: Span, world: World) -> Cause:
    if span.kind in (SpanKind.CLIENT, SpanKind.PRODUCER):
        return _callee_cause(tree, span, world)
    serving = tree.serving(span)
    return Cause(serving.service, CauseKind.ERRORS, serving.route or serving.name, serving.method)


def _callee_cause(tree: Tree, client: Span, world: World) -> Cause:
    """A call failed and no failed span of the callee says why."""
    server = tree.server_of(client)
    if server is not None:  # the callee served, unhurt: its caller gave up on it, or the answer was lost between
        if server.duration >= 0.8 * client.duration:
            slowest = max(tree.below(server), key=tree.self_time)
            serving = tree.serving(slowest)
            return Cause(serving.service, CauseKind.TIMEOUT, serving.route or serving.name, serving.method)
        return Cause(server.service, CauseKind.NETWORK, server.route, server.method, caller=client.service)
    if not client.peer:
        serving = tree.serving(client)
        return Cause(serving.service, CauseKind.ERRORS, serving.route or client.name, serving.method)
    if client.peer not in world.known:
        return Cause(client.peer, CauseKind.DEPENDENCY, caller=client.service)
    endpoint = _path(client)
    text = f"{client.error_type} {client.exception_type} {client.status_message}".lower()
    # Client libraries name a connect timeout after the connection: what timed out is read first.
    if client.http_status:  # somebody answered
        kind = CauseKind.ERRORS
    elif any(word in text for word in TIMED_OUT):
        kind = CauseKind.TIMEOUT
    elif any(word in text for word in REFUSED) or client.peer in world.silent:
        kind = CauseKind.DOWN
    else:
        kind = CauseKind.ERRORS
    if client.peer in world.answering and kind != CauseKind.ERRORS:
        return Cause(client.peer, kind, endpoint, client.method, caller=client.service)
    return Cause(client.peer, kind, endpoint if kind != CauseKind.DOWN else "", client.method)


def _path(client: Span) -> str:
    """The callee's path from the client's URL, without host and query: the nearest thing to its route."""
    url = client.attributes.get("url.full") or client.attributes.get("http.url") or ""
    path = "/" + url.partition("://")[2].partition("/")[2] if url else client.attributes.get("url.path", "")
    return path.partition("?")[0]
