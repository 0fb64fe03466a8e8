"""One request through the graph: what each service does, how long it takes, how it ends, and the spans it leaves.

Spans take the shape that the framework of their service gives them: a handler's INTERNAL span around the calls or
beside them, the receive and send events of ASGI, the double spans of a sidecar proxy. Clocks of hosts differ.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log

from aiops.model import Span, SpanKind, Status, Trace
from bench.explain.graph import Call, Dependency, Graph, Operation, Service, runs

GAP, GAP_SIGMA = log(0.0012), 0.5  # seconds between client and server on a good day, log-normal
TAIL, TAIL_TIMES = 0.01, 5.0  # of the pieces of work that take so many times as long
REFUSED_SECONDS = 0.002
BACKOFF = 0.03  # seconds before the first retry, twice as long before each later one
TENANTS = ("t1", "t2", "t3", "t4", "t5")
TENANT_SHARES = (0.35, 0.25, 0.2, 0.12, 0.08)
QUEUED = 0.004  # seconds by which a call of a starved process is late, for each time that it is slower


@dataclass(slots=True)
class Trouble:
    """What is wrong while a fault lasts; keys are operations, services, hosts, dependencies.

    slower, times, errors, hangs: by operation: added seconds, factor on how often its first call is made, shares that
    fail, that do not answer. only: the attribute and value that `slower` and `errors` are limited to. starved: factor
    on the work of a service, or host. delays: seconds by caller and callee, "" is every caller. queries: seconds
    added by a dependency. broken: a dependency refuses so often. added: calls that were made from a cache before.
    skipped: the call left out, by place. checks: operations that find an empty answer out. reordered: operations that
    make their calls backwards; the first is answered by an error so often. deployed: services with a new version on
    their first instance. mix: new shares of the kinds of requests, by entry.
    """

    slower: dict[str, float] = field(default_factory=dict)
    only: tuple[str, str] = ("", "")
    starved: dict[str, float] = field(default_factory=dict)
    delays: dict[tuple[str, str], float] = field(default_factory=dict)
    queries: dict[str, float] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    doubled: set[str] = field(default_factory=set)
    added: dict[str, tuple[Call, ...]] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    hangs: dict[str, float] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    broken: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    checks: set[str] = field(default_factory=set)
    reordered: dict[str, float] = field(default_factory=dict)
    deployed: dict[str, float] = field(default_factory=dict)
    mix: dict[str, tuple[float, ...]] = field(default_factory=dict)


NOTHING = Trouble()


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


class Requests:
    """Draws requests; `spans` gathers those of the present one. Times are seconds since the onset plus `zero`."""

    def __init__(
        self, graph: Graph, trouble: Trouble, onset: float, rng: random.Random, timeout: float, hosts: bool
    ) -> None:
        self.spans: list[Span] = []
        self._graph, self._trouble, self._onset, self._rng = graph, trouble, onset, rng
        self._timeout, self._hosts = timeout, hosts
        self._now: Trouble = NOTHING
        self._resources: dict[tuple[str, int, str], Mapping[str, str]] = {}
        self._attributes = {tenant: {"tenant": tenant} for tenant in TENANTS}
        self._tenant, self._kind, self._trace, self._silent = "", 0, "", 0

    def draw(self, key: str, kind: int, at: float) -> Trace:
        """One customer's request to an entry at a Unix time."""
        rng = self._rng
        self.spans = []
        self._now = self._trouble if at >= self._onset else NOTHING
        self._trace = f"{rng.getrandbits(128):032x}"
        self._tenant = rng.choices(TENANTS, TENANT_SHARES)[0]
        self._kind = kind
        self._serve(self._graph.operations[key], at, "")
        return Trace(self._trace, tuple(sorted(self.spans, key=lambda one: (one.start, one.span_id))))

    def _process(self, service: Service, at: float) -> Process:
        now = self._now
        number = self._rng.randrange(len(service.hosts))
        deployed = self._trouble.deployed.get(service.name)
        version = "2" if deployed is not None and number == 0 and at >= self._onset + deployed else "1"
        host = service.hosts[number]
        return Process(service, number, version, host, now.starved.get(service.name, now.starved.get(host, 1.0)))

    def _hit(self, process: Process) -> bool:
        what, value = self._now.only
        if not what:
            return True
        mine = {"tenant": self._tenant, "version": process.version, "instance": str(process.number)}
        return mine[what] == value

    def _serve(self, one: Operation, start: float, parent: str, kind: SpanKind = SpanKind.SERVER) -> End:
        """The server's side: work, calls, work, and its spans."""
        rng, now, service = self._rng, self._now, self._graph.services[one.service]
        process = self._process(service, start)
        work = rng.lognormvariate(log(one.work * one.heavy.get(self._kind, 1.0)), one.sigma) * process.factor
        work *= TAIL_TIMES if rng.random() < TAIL else 1.0
        hit = self._hit(process)
        if hit and one.key in now.slower:
            work += now.slower[one.key] * rng.uniform(0.7, 1.4)
        fails = rng.random() < one.errors or (hit and rng.random() < now.errors.get(one.key, 0.0))
        if service.dark:
            self._silent += 1
        server = self._id()
        inner, shift = server, 0.0
        if service.shape == "sidecar" and kind == SpanKind.SERVER:
            inner, shift = self._id(), rng.uniform(0.0002, 0.0008)
        holder = self._id() if service.shape == "handler" else inner
        before = work * (rng.uniform(0.3, 0.7) if not fails else 1.0)
        cursor = start + shift + before
        end = End(0.0, 500, f"{one.service} cannot serve this") if fails else End(0.0)
        if not fails:
            end = self._calls(one, process, holder, cursor)
            cursor += end.took + (work - before if not end.failed else 0.0)
            if end.hollow and one.key in now.checks and rng.random() < 0.85:
                end = End(0.0, 500, "what was answered is incomplete")
        took = cursor - start + shift
        self._emit_server(one, process, (server, inner, holder), parent, kind, start, took, shift, before, end, fails)
        if service.dark:
            self._silent -= 1
        return End(took, end.status, end.why, end.hollow)

    def _calls(self, one: Operation, process: Process, parent: str, start: float) -> End:
        """Everything an operation calls; the first failure that is not lived with ends it."""
        rng, now = self._rng, self._now
        calls = [*now.added.get(one.key, ()), *one.calls]
        if one.key in now.reordered:
            calls.reverse()
        skipped = now.skipped.get(one.key, -1)
        took = longest = 0.0
        hollow = False
        for place, call in enumerate(calls):
            if not runs(call, self._kind) or (call.share < 1.0 and rng.random() >= call.share):
                continue
            if place == skipped:
                hollow = True
                continue
            times = now.times.get(one.key, 1) if place == 0 else 1
            for _ in range(times * (2 if one.key in now.doubled else 1)):
                if not call.waits:
                    self._message(one, call, process, parent, start + took)
                    continue
                early = place == 0 and rng.random() < now.reordered.get(one.key, 0.0)
                end = self._persist(call, process, parent, start + took, early)
                longest = max(longest, took + end.took)
                took += 0.0 if one.together else end.took
                hollow = hollow or end.hollow
                if end.failed and not call.swallows:
                    status = 504 if end.why == "timeout" else 502
                    return End(max(took, longest), status, f"{call.to.partition(' ')[0]} did not answer well")
        return End(max(took, longest), hollow=hollow)

    def _persist(self, call: Call, process: Process, parent: str, start: float, early: bool) -> End:
        """One call with its retries."""
        took, resent = 0.0, 0
        while True:
            dependency = self._graph.dependencies.get(call.to)
            if dependency is not None:
                end = self._ask(dependency, process, parent, start + took)
            else:
                end = self._call(self._graph.operations[call.to], process, parent, start + took, resent, early)
            took += end.took
            if not end.failed or resent >= call.retries:
                return End(took, end.status, end.why, end.hollow)
            took += BACKOFF * 2**resent
            resent += 1

    def _late(self, process: Process) -> float:
        """How late a call of a starved process is noticed."""
        slower = process.factor - 1.0
        return self._rng.expovariate(1.0 / (QUEUED * slower)) if slower > 0 else 0.0

    def _call(self, to: Operation, process: Process, parent: str, start: float, resent: int, early: bool) -> End:
        """The client's side of one call to another service."""
        rng, now = self._rng, self._now
        span = self._id()
        sender, inner = span, 0.0
        if process.service.shape == "sidecar":
            sender, inner = self._id(), rng.uniform(0.0001, 0.0005)
        if to.service in now.refused:
            end = End(REFUSED_SECONDS, 0, "connection refused")
        elif rng.random() < now.hangs.get(to.key, 0.0):
            end = End(self._timeout + rng.uniform(0, 0.01), 0, "timeout")
            if rng.random() < 0.5:
                self._hang(to, start + 0.001, sender)
        else:
            gap = rng.lognormvariate(GAP, GAP_SIGMA)
            lost = now.delays.get((process.service.name, to.service), now.delays.get(("", to.service), 0.0))
            lost *= rng.uniform(0.8, 1.2)
            callee = now.starved.get(to.service, 1.0)
            lost += self._rng.expovariate(1.0 / (QUEUED * (callee - 1))) if callee > 1.0 else 0.0
            if early:
                end = self._refuse(to, start + gap / 2 + lost, sender)
            else:
                end = self._serve(to, start + gap / 2 + lost, sender)
            end = End(end.took + gap + lost + self._late(process), end.status, end.why, end.hollow)
        took = end.took + 2 * inner
        self._emit_client(to, process, (span, sender), parent, start, took, inner, end, resent)
        return End(took, end.status, end.why, end.hollow)

    def _refuse(self, to: Operation, start: float, parent: str) -> End:
        """A server's answer to a call that comes before what it rests on."""
        process = self._process(self._graph.services[to.service], start)
        end = End(0.0, 500, "nothing is prepared for this")
        took = to.work * self._rng.uniform(0.3, 1.0)
        ids = (self._id(),) * 3
        self._emit_server(to, process, ids, parent, SpanKind.SERVER, start, took, 0.0, took, end, True)
        return End(took, 500, end.why)

    def _hang(self, to: Operation, start: float, parent: str) -> None:
        """A server that works on after its caller has given up."""
        process = self._process(self._graph.services[to.service], start)
        ids = (self._id(),) * 3
        took = self._timeout * self._rng.uniform(1.5, 4.0)
        self._emit_server(to, process, ids, parent, SpanKind.SERVER, start, took, 0.0, took, End(0.0), False)

    def _ask(self, to: Dependency, process: Process, parent: str, start: float) -> End:
        """One call to what sends no telemetry."""
        rng, now = self._rng, self._now
        took = rng.lognormvariate(log(to.work), to.sigma) + self._late(process)
        took += now.queries.get(to.name, 0.0) * rng.uniform(0.7, 1.4)
        end = End(took)
        if rng.random() < now.broken.get(to.name, 0.0):
            end = End(REFUSED_SECONDS, 0, "connection refused") if to.system else End(took, 503, "answered 503")
        if to.system:
            table = process.service.name
            attributes = {"db.system.name": to.system, "db.query.summary": f"SELECT {table}",
                          "server.address": to.name.partition("://")[2]}  # fmt: skip
            name, method, status = f"SELECT {table}", "", 0
        else:
            attributes = {"server.address": to.name, "url.full": f"https://{to.name}/v1"}
            name, method, status = "POST", "POST", end.status
        self._add(self._id(), parent, process, name, SpanKind.CLIENT, start, end.took, end.failed, method=method,
                  http_status=status, error_type=_error(end), peer=to.name, attributes=attributes,
                  status_message="" if status else end.why if end.failed else "")  # fmt: skip
        return end

    def _message(self, of: Operation, call: Call, process: Process, parent: str, start: float) -> None:
        """A message to a consumer, which works on its own time."""
        to = self._graph.operations[call.to]
        span, sent = self._id(), self._rng.lognormvariate(GAP, GAP_SIGMA)
        self._add(span, parent, process, f"send {to.service}", SpanKind.PRODUCER, start, sent, False, peer=to.service,
                  attributes={"messaging.destination.name": to.service})  # fmt: skip
        if to.service not in self._now.refused:
            self._serve(to, start + sent + self._rng.expovariate(20.0), span, SpanKind.CONSUMER)

    def _emit_server(
        self, one: Operation, process: Process, ids: tuple[str, str, str], parent: str, kind: SpanKind, start: float,
        took: float, shift: float, before: float, end: End, own: bool,
    ) -> None:  # fmt: skip
        service, rng = process.service, self._rng
        server, inner, holder = ids
        rpc = service.rpc
        name = f"{service.name}.Api{one.route}" if rpc else f"{one.method} {one.route}"
        about = {
            "route": "" if rpc else one.route, "method": "" if rpc else one.method,
            "http_status": 0 if rpc else end.status, "error_type": _error(end), "attributes": self._attributes[self._tenant],
        }  # fmt: skip
        raised = {"exception_type": "ServiceError", "exception_message": end.why} if own and end.failed else {}
        said = {**raised, "status_message": end.why if rpc and end.failed else ""}
        self._add(server, parent, process, name, kind, start, took, end.failed, **about, **said)
        begin, length = start, took
        if inner != server:
            begin, length = start + shift, took - 2 * shift
            self._add(inner, server, process, name, kind, begin, length, end.failed, **about, **said)
        if service.shape == "handler" and holder != inner:
            edge = min(0.0002, length / 10)
            self._add(holder, inner, process, f"{one.route} handler", SpanKind.INTERNAL, begin + edge, length - 2 * edge,
                      end.failed and rng.random() < 0.7, **raised)  # fmt: skip
        elif service.shape == "beside":
            self._add(self._id(), inner, process, "middleware", SpanKind.INTERNAL, begin,
                      min(before, length) * rng.uniform(0.3, 0.9), False)  # fmt: skip
            if rng.random() < 0.5:
                self._add(self._id(), inner, process, "render", SpanKind.INTERNAL, begin + length * 0.1, length * 0.85, False)
        elif service.shape == "asgi":
            self._add(self._id(), inner, process, f"{name} http receive", SpanKind.INTERNAL, begin, 0.00005, False)
            self._add(self._id(), inner, process, f"{name} http send", SpanKind.INTERNAL, begin + length * 0.97,
                      length * 0.02, False, http_status=end.status)  # fmt: skip
            self._add(self._id(), inner, process, f"{name} http send", SpanKind.INTERNAL, begin + length * 0.99,
                      length * 0.01, False)  # fmt: skip

    def _emit_client(
        self, to: Operation, process: Process, ids: tuple[str, str], parent: str, start: float, took: float,
        inner: float, end: End, resent: int,
    ) -> None:  # fmt: skip
        rpc, peerless = self._graph.services[to.service].rpc, process.service.peerless
        name = f"{to.service}.Api{to.route}" if rpc else to.method
        attributes = {} if peerless else {"server.address": to.service}
        if resent:
            attributes["http.request.resend_count"] = str(resent)
        about = {
            "method": "" if rpc else to.method, "http_status": 0 if rpc else end.status, "error_type": _error(end),
            "peer": "" if peerless else to.service, "attributes": attributes,
            "status_message": end.why if end.failed and (rpc or not end.status) else "",
        }  # fmt: skip
        self._add(ids[0], parent, process, name, SpanKind.CLIENT, start, took, end.failed, **about)
        if ids[1] != ids[0]:
            self._add(ids[1], ids[0], process, name, SpanKind.CLIENT, start + inner, took - 2 * inner, end.failed, **about)

    def _add(
        self, span: str, parent: str, process: Process, name: str, kind: SpanKind, start: float, took: float,
        failed: bool, **more: object,
    ) -> None:  # fmt: skip
        if self._silent:
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
        self.spans.append(Span(
            trace_id=self._trace, span_id=span, parent_id=parent, service=service, name=name, kind=kind,
            start=start + self._graph.skews[process.host], duration=max(took, 1e-6),
            status=Status.ERROR if failed else Status.UNSET, failed=failed, version=process.version,
            instance=resource["service.instance.id"], resource=resource, **more,  # type: ignore[arg-type]
        ))  # fmt: skip

    def _id(self) -> str:
        return f"{self._rng.getrandbits(64):016x}"


def _error(end: End) -> str:
    if not end.failed:
        return ""
    if end.status:
        return str(end.status)
    return "TimeoutError" if end.why == "timeout" else "ConnectionRefusedError"


