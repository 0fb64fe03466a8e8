"""The spans that a request leaves at a service, in the shape that the service's framework gives them.

A handler's INTERNAL span around the calls or beside them, the receive and send events of ASGI, the double spans of a
sidecar proxy. Clocks of hosts differ.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from aiops.model import Span, SpanKind, Status
from bench.explain.graph import Graph, Operation, Service

TENANTS = ("t1", "t2", "t3", "t4", "t5")


@dataclass(slots=True)
class End:
    """How something ended: after `took` seconds, with a status (0: nobody answered), why, and whether the answer
    lacks what a skipped call would have brought."""

    took: float
    status: int = 200
    why: str = ""
    hollow: bool = False

    @property
    def failed(self) -> bool:
        return self.status >= 500 or not self.status


@dataclass(slots=True)
class Process:
    """One instance that serves: its service, number, version, host, and how many times slower it is."""

    service: Service
    number: int
    version: str
    host: str
    factor: float


class Spans:
    """Gathers the spans of one trace after the other. `silent` counts the services around that send none."""

    def __init__(self, graph: Graph, rng: random.Random, hosts: bool) -> None:
        self.found: list[Span] = []
        self.silent = 0
        self._graph, self._rng, self._hosts = graph, rng, hosts
        self._resources: dict[tuple[str, int, str], Mapping[str, str]] = {}
        self._attributes = {tenant: {"tenant": tenant} for tenant in TENANTS}
        self._trace, self._tenant = "", ""

    def begin(self, trace: str, tenant: str) -> None:
        """Begin a trace."""
        self.found, self._trace, self._tenant = [], trace, tenant

    def new(self) -> str:
        """A span id."""
        return f"{self._rng.getrandbits(64):016x}"

    def server(
        self, one: Operation, process: Process, ids: tuple[str, str, str], parent: str, kind: SpanKind, start: float,
        took: float, shift: float, before: float, end: End, own: bool,
    ) -> None:  # fmt: skip
        service, rng = process.service, self._rng
        server, inner, holder = ids
        rpc = service.rpc
        name = f"{service.name}.Api{one.route}" if rpc else f"{one.method} {one.route}"
        about = {
            "route": "" if rpc else one.route, "method": "" if rpc else one.method,
            "http_status": 0 if rpc else end.status, "error_type": error_of(end),
            "attributes": self._attributes[self._tenant],
        }  # fmt: skip
        raised = {"exception_type": "ServiceError", "exception_message": end.why} if own and end.failed else {}
        said = {**raised, "status_message": end.why if rpc and end.failed else ""}
        self.add(server, parent, process, name, kind, start, took, end.failed, **about, **said)
        begin, length = start, took
        if inner != server:
            begin, length = start + shift, took - 2 * shift
            self.add(inner, server, process, name, kind, begin, length, end.failed, **about, **said)
        if service.shape == "handler" and holder != inner:
            edge = min(0.0002, length / 10)
            self.add(holder, inner, process, f"{one.route} handler", SpanKind.INTERNAL, begin + edge, length - 2 * edge,
                      end.failed and rng.random() < 0.7, **raised)  # fmt: skip
        elif service.shape == "beside":
            self.add(self.new(), inner, process, "middleware", SpanKind.INTERNAL, begin,
                      min(before, length) * rng.uniform(0.3, 0.9), False)  # fmt: skip
            if rng.random() < 0.5:
                self.add(
                    self.new(), inner, process, "render", SpanKind.INTERNAL, begin + length * 0.1, length * 0.85, False
                )
        elif service.shape == "asgi":
            self.add(self.new(), inner, process, f"{name} http receive", SpanKind.INTERNAL, begin, 0.00005, False)
            self.add(self.new(), inner, process, f"{name} http send", SpanKind.INTERNAL, begin + length * 0.97,
                      length * 0.02, False, http_status=end.status)  # fmt: skip
            self.add(self.new(), inner, process, f"{name} http send", SpanKind.INTERNAL, begin + length * 0.99,
                      length * 0.01, False)  # fmt: skip

    def client(
        self, to: Operation, process: Process, ids: tuple[str, str], parent: str, start: float, took: float,
        inner: float, end: End, resent: int,
    ) -> None:  # fmt: skip
        rpc, peerless = self._graph.services[to.service].rpc, process.service.peerless
        name = f"{to.service}.Api{to.route}" if rpc else to.method
        attributes = {} if peerless else {"server.address": to.service}
        if resent:
            attributes["http.request.resend_count"] = str(resent)
        about = {
            "method": "" if rpc else to.method, "http_status": 0 if rpc else end.status, "error_type": error_of(end),
            "peer": "" if peerless else to.service, "attributes": attributes,
            "status_message": end.why if end.failed and (rpc or not end.status) else "",
        }  # fmt: skip
        self.add(ids[0], parent, process, name, SpanKind.CLIENT, start, took, end.failed, **about)
        if ids[1] != ids[0]:
            self.add(
                ids[1], ids[0], process, name, SpanKind.CLIENT, start + inner, took - 2 * inner, end.failed, **about
            )

    def add(
        self, span: str, parent: str, process: Process, name: str, kind: SpanKind, start: float, took: float,
        failed: bool, **more: object,
    ) -> None:  # fmt: skip
        if self.silent:
            return
        service = process.service.name
        key = (service, process.number, process.version)
        resource = self._resources.get(key)
        if resource is None:
            resource = {"service.name": service, "service.version": process.version,
                        "service.instance.id": f"{service}-{process.number}"}  # fmt: skip
            if self._hosts:
                resource["host.name"] = process.host
            self._resources[key] = resource
        self.found.append(Span(
            trace_id=self._trace, span_id=span, parent_id=parent, service=service, name=name, kind=kind,
            start=start + self._graph.skews[process.host], duration=max(took, 1e-6),
            status=Status.ERROR if failed else Status.UNSET, failed=failed, version=process.version,
            instance=resource["service.instance.id"], resource=resource, **more,  # type: ignore[arg-type]
        ))  # fmt: skip


def error_of(end: End) -> str:
    if not end.failed:
        return ""
    if end.status:
        return str(end.status)
    return "TimeoutError" if end.why == "timeout" else "ConnectionRefusedError"
