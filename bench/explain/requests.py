"""One request through the graph: what each service does, how long it takes, and how it ends."""

import random
from math import log

from aiops.model import SpanKind, Trace
from bench.explain.graph import Call, Dependency, Graph, Operation, Service, runs
from bench.explain.shapes import TENANTS, End, Process, Spans, error_of
from bench.explain.trouble import NOTHING, Trouble

GAP, GAP_SIGMA = log(0.0012), 0.5  # seconds between client and server on a good day, log-normal
TAIL, TAIL_TIMES = 0.01, 5.0  # of the pieces of work that take so many times as long
REFUSED_SECONDS = 0.002
BACKOFF = 0.03  # seconds before the first retry, twice as long before each later one
TENANT_SHARES = (0.35, 0.25, 0.2, 0.12, 0.08)
QUEUED = 0.004  # seconds by which a call of a starved process is late, for each time that it is slower


class Requests:
    """Draws requests of customers, under a trouble from the onset on (Unix seconds).

    timeout: seconds after which a client gives up. hosts: whether spans say on which host their service runs.
    """

    def __init__(
        self, graph: Graph, trouble: Trouble, onset: float, rng: random.Random, timeout: float, hosts: bool
    ) -> None:
        self._graph, self._trouble, self._onset, self._rng = graph, trouble, onset, rng
        self._timeout = timeout
        self._spans = Spans(graph, rng, hosts)
        self._now: Trouble = NOTHING
        self._tenant, self._kind = "", 0

    def draw(self, key: str, kind: int, at: float) -> Trace:
        """One request to an entry at a Unix time."""
        rng = self._rng
        self._now = self._trouble if at >= self._onset else NOTHING
        trace = f"{rng.getrandbits(128):032x}"
        self._tenant = rng.choices(TENANTS, TENANT_SHARES)[0]
        self._kind = kind
        self._spans.begin(trace, self._tenant)
        self._serve(self._graph.operations[key], at, "")
        return Trace(trace, tuple(sorted(self._spans.found, key=lambda one: (one.start, one.span_id))))

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
        mine = {
            "tenant": self._tenant,
            "version": process.version,
            "instance": str(process.number),
            "kind": str(self._kind),
        }
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
            self._spans.silent += 1
        server = self._spans.new()
        inner, shift = server, 0.0
        if service.shape == "sidecar" and kind == SpanKind.SERVER:
            inner, shift = self._spans.new(), rng.uniform(0.0002, 0.0008)
        holder = self._spans.new() if service.shape == "handler" else inner
        before = work * (rng.uniform(0.3, 0.7) if not fails else 1.0)
        cursor = start + shift + before
        end = End(0.0, 500, f"{one.service} cannot serve this") if fails else End(0.0)
        if not fails:
            end = self._calls(one, process, holder, cursor)
            cursor += end.took + (work - before if not end.failed else 0.0)
            if end.hollow and one.key in now.checks and rng.random() < 0.85:
                end = End(0.0, 500, "what was answered is incomplete")
        took = cursor - start + shift
        self._spans.server(one, process, (server, inner, holder), parent, kind, start, took, shift, before, end, fails)
        if service.dark:
            self._spans.silent -= 1
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
        span = self._spans.new()
        sender, inner = span, 0.0
        if process.service.shape == "sidecar":
            sender, inner = self._spans.new(), rng.uniform(0.0001, 0.0005)
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
        self._spans.client(to, process, (span, sender), parent, start, took, inner, end, resent)
        return End(took, end.status, end.why, end.hollow)

    def _refuse(self, to: Operation, start: float, parent: str) -> End:
        """A server's answer to a call that comes before what it rests on."""
        process = self._process(self._graph.services[to.service], start)
        end = End(0.0, 500, "nothing is prepared for this")
        took = to.work * self._rng.uniform(0.3, 1.0)
        ids = (self._spans.new(),) * 3
        self._spans.server(to, process, ids, parent, SpanKind.SERVER, start, took, 0.0, took, end, True)
        return End(took, 500, end.why)

    def _hang(self, to: Operation, start: float, parent: str) -> None:
        """A server that works on after its caller has given up."""
        process = self._process(self._graph.services[to.service], start)
        ids = (self._spans.new(),) * 3
        took = self._timeout * self._rng.uniform(1.5, 4.0)
        self._spans.server(to, process, ids, parent, SpanKind.SERVER, start, took, 0.0, took, End(0.0), False)

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
        self._spans.add(
            self._spans.new(), parent, process, name, SpanKind.CLIENT, start, end.took, end.failed, method=method,
            http_status=status, error_type=error_of(end), peer=to.name, attributes=attributes,
            status_message="" if status else end.why if end.failed else "",
        )  # fmt: skip
        return end

    def _message(self, of: Operation, call: Call, process: Process, parent: str, start: float) -> None:
        """A message to a consumer, which works on its own time."""
        to = self._graph.operations[call.to]
        span, sent = self._spans.new(), self._rng.lognormvariate(GAP, GAP_SIGMA)
        self._spans.add(
            span, parent, process, f"send {to.service}", SpanKind.PRODUCER, start, sent, False, peer=to.service,
            attributes={"messaging.destination.name": to.service},
        )  # fmt: skip
        if to.service not in self._now.refused:
            self._serve(to, start + sent + self._rng.expovariate(20.0), span, SpanKind.CONSUMER)
