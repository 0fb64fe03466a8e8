"""What a failed span that nothing explains stands for: a service's own error, or a callee that did not answer."""

from dataclasses import dataclass

from aiops.explain.callees import Callees
from aiops.explain.tree import CALLING, Tree
from aiops.explain.urls import path
from aiops.explain.world import KnownServices
from aiops.model import Cause, CauseKind, Span

REFUSED = ("connection", "refused", "unreachable", "econnrefused", "unavailable", "nameresolution", "resolve")
TIMED_OUT = ("timeout", "timed out", "deadline")


@dataclass(frozen=True, slots=True)
class Blame:
    """Names the cause that an origin stands for, by what is known of the world and of whom calls reached before."""

    world: KnownServices
    callees: Callees

    def cause(self, tree: Tree, span: Span) -> Cause:
        """Return the cause that a failed span stands for."""
        if span.kind in CALLING:
            return self._of_callee(tree, span)
        serving = tree.serving(span)
        return Cause(serving.service, CauseKind.ERRORS, serving.route or serving.name, serving.method)

    def _of_callee(self, tree: Tree, client: Span) -> Cause:
        """A call failed and no failed span of the callee says why."""
        server = tree.server_of(client)
        if server is not None:  # the callee served, unhurt: its caller gave up on it, or the answer was lost between
            if server.duration >= 0.8 * client.duration:
                slowest = max(tree.below(server), key=tree.self_time)
                serving = tree.serving(slowest)
                return Cause(serving.service, CauseKind.TIMEOUT, serving.route or serving.name, serving.method)
            return Cause(server.service, CauseKind.NETWORK, server.route, server.method, caller=client.service)
        callee = self.callees.name(tree, client, self.world)
        if not callee:
            serving = tree.serving(client)
            return Cause(serving.service, CauseKind.ERRORS, serving.route or client.name, serving.method)
        if callee not in self.world.known:
            return Cause(callee, CauseKind.DEPENDENCY, caller=client.service)
        endpoint, kind = path(client), self._kind(client, callee)
        if callee in self.world.answering and kind != CauseKind.ERRORS:
            return Cause(callee, kind, endpoint, client.method, caller=client.service)
        return Cause(callee, kind, endpoint if kind != CauseKind.DOWN else "", client.method)

    def _kind(self, client: Span, callee: str) -> CauseKind:
        """How a call failed that no span of a known callee answered."""
        if client.http_status:  # somebody answered
            return CauseKind.ERRORS
        text = f"{client.error_type} {client.exception_type} {client.exception_message} {client.status_message}".lower()
        # Client libraries name a connect timeout after the connection: what timed out is read first.
        if any(word in text for word in TIMED_OUT):
            return CauseKind.TIMEOUT
        if any(word in text for word in REFUSED) or callee in self.world.silent:
            return CauseKind.DOWN
        # Who is called by clients that name nobody is not known to be called, and is missed by nobody.
        if not client.peer and callee not in self.world.answering:
            return CauseKind.DOWN
        return CauseKind.ERRORS
