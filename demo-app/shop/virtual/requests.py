"""One request through the graph: what each service does, how long it takes, how it ends, and the spans it leaves."""

import random
from dataclasses import dataclass
from heapq import heappop, heappush

from shop import names
from shop.failures import FAILING
from shop.profile import (
    BAD_TENANT,
    CLIENT_TIMEOUT_SECONDS,
    NEW_VERSION,
    POOL_WAIT_SECONDS,
    RETRIES,
    TENANTS,
    VERSION,
)
from shop.virtual.graph import Call, Dependency, Graph, Operation
from shop.virtual.pace import GAP, GAP_SIGMA, PROFILED, Pace
from shop.virtual.rows import CLIENT, CONSUMER, PRODUCER, SERVER, Row, attributes, resource, thrown
from shop.virtual.trouble import Effects, Trouble

REFUSED_SECONDS = 0.002
MESSAGE_SECONDS = 0.05  # a message waits so long for its consumer, on average
NEW_SHARE = 0.5  # of the requests that a second instance takes
LOOPBACK, PROTOCOL, SERVER_PORT = "127.0.0.1", "1.1", "80"
FIRST_CLIENT_PORT, CLIENT_PORTS = 40_000, 16  # few: the same attributes are written once
CONNECTION, READ = "requests.exceptions.ConnectionError", "requests.exceptions.ReadTimeout"
NOTHING = Effects()


@dataclass(slots=True)
class End:
    """How something ended: after `took` seconds, with an HTTP status (0: nobody answered) and why."""

    took: float
    status: int = 200
    why: str = ""
    error: str = ""  # an exception's type on a server, error.type on a client without an answer
    again: bool = False  # the answer asks to be called again at once

    @property
    def failed(self) -> bool:
        return self.status >= 500 or not self.status


class Requests:
    """Draws requests; the spans of those drawn gather in `rows`."""

    def __init__(self, graph: Graph, trouble: Trouble, rng: random.Random, pace: Pace = PROFILED) -> None:
        self.rows: list[Row] = []
        self._graph = graph
        self._trouble = trouble
        self._rng = rng
        self._pace = pace
        self._tenants, self._shares = list(TENANTS), list(TENANTS.values())
        self._effects: dict[str, Effects] = {}
        self._trace = (0, 0)
        self._tenant = ""

    def draw(self, key: str, at: float) -> None:
        """One customer's request to an entry operation at a Unix time."""
        rng = self._rng
        self._effects = self._trouble.at(at)
        self._trace = (rng.getrandbits(64), rng.getrandbits(64))
        self._tenant = rng.choices(self._tenants, self._shares)[0]
        self._serve(self._graph.operations[key], at, 0, SERVER)

    def _serve(self, operation: Operation, start: float, parent: int, kind: int, caller: str = "") -> End:
        """The server's side of a request: work, then calls, then its span. Customers name no caller."""
        rng, effects = self._rng, self._effects.get(operation.key, NOTHING)
        span = rng.getrandbits(64)
        new = effects.deployed or (effects.version is not None and rng.random() < NEW_SHARE)
        process = resource(operation.service, NEW_VERSION if new else VERSION, f"{operation.service}-{int(new)}")
        end = self._work(operation, effects, new, start)
        if not end.failed:
            end = self._calls(operation, effects, span, process[0], start, end.took)
        status = str(end.status)
        pairs = [
            ("http.request.method", operation.method),
            ("http.response.status_code", status),
            ("http.route", operation.route),
            (names.TENANT, self._tenant),
        ]
        pairs += _asked(operation, caller, span % CLIENT_PORTS) if kind == SERVER else []
        pairs += [(names.ERROR_TYPE, status)] if end.failed else []
        name = f"{operation.method} {operation.route}"
        self._span(
            span, parent, process[0], name, kind, start, end.took, end.why, end.failed, operation.route,
            operation.method, end.status, status if end.failed else "", "", "", end.error, attributes(*pairs),
        )  # fmt: skip
        return end

    def _work(self, operation: Operation, effects: Effects, new: bool, start: float) -> End:
        """The service's own part."""
        rng = self._rng
        took = self._pace.work(operation, start, rng) + effects.delay(start)
        if effects.hold:
            free = heappop(effects.free)
            waited = max(0.0, free - start)
            if waited > POOL_WAIT_SECONDS:
                heappush(effects.free, free)
                why = f"no free connection within {POOL_WAIT_SECONDS:g} s"
                return End(POOL_WAIT_SECONDS, 503, why, "PoolExhausted")
            heappush(effects.free, start + waited + effects.hold)
            took += waited + effects.hold
        error, foreseen, unhandled = _texts(operation)
        if effects.exception and rng.random() < effects.exception:
            return End(took, 500, unhandled, error)
        again = bool(effects.retries) and rng.random() < effects.retries
        fails = again or (bool(effects.errors) and rng.random() < effects.errors)
        fails = fails or (bool(effects.version) and new and rng.random() < (effects.version or 0.0))
        fails = fails or (bool(effects.tenant) and self._tenant == BAD_TENANT and rng.random() < effects.tenant)
        if fails or operation.work.draw_failure(rng):
            return End(took, 503, foreseen, error, again)
        return End(took)

    def _calls(self, operation: Operation, effects: Effects, span: int, process: int, start: float, took: float) -> End:
        """Everything an operation calls; one after the other, the first that fails ends it."""
        rng = self._rng
        longest = took
        for place, call in enumerate(operation.calls):
            if call.share < 1.0 and rng.random() >= call.share:
                continue
            for _ in range(effects.times if place == 0 else 1):
                if not call.waits:
                    self._message(call, span, process, start + took)
                    continue
                end = self._persist(operation, effects, call, span, process, start + took)
                longest = max(longest, took + end.took)
                if not operation.together:
                    took += end.took
                if end.failed:
                    return _answer(operation, call, max(took, longest), end)
        return End(max(took, longest))

    def _persist(
        self, operation: Operation, effects: Effects, call: Call, span: int, process: int, start: float
    ) -> End:
        """One call with its retries."""
        took, resent = 0.0, 0
        while True:
            dependency = self._graph.dependencies.get(call.to)
            if dependency is None:
                end = self._call(operation, self._graph.operations[call.to], span, process, start + took, resent)
            else:
                end = self._ask(effects, dependency, operation.service, span, process, start + took)
            took += end.took
            if not end.failed or resent >= max(call.retries, RETRIES if end.again else 0):
                return End(took, end.status, end.why, end.error)
            resent += 1

    def _call(self, caller: Operation, to: Operation, parent: int, process: int, start: float, resent: int) -> End:
        """The client's side of one call to another service."""
        rng = self._rng
        span, effects = rng.getrandbits(64), self._effects.get(to.key, NOTHING)
        if effects.refuses:
            end = End(REFUSED_SECONDS, 0, "connection refused", CONNECTION)
        elif effects.timeout and rng.random() < effects.timeout:
            end = End(CLIENT_TIMEOUT_SECONDS, 0, f"no answer within {CLIENT_TIMEOUT_SECONDS:g} s", READ)
        else:
            gap = self._pace.way(to, start, rng)
            lost = effects.network.get("", 0.0) + effects.network.get(caller.service, 0.0)
            served = self._serve(to, start + gap / 2 + lost, span, SERVER, caller.service)
            end = End(served.took + gap + lost, served.status, served.why, again=served.again)
            if end.took > CLIENT_TIMEOUT_SECONDS:
                end = End(CLIENT_TIMEOUT_SECONDS, 0, f"no answer within {CLIENT_TIMEOUT_SECONDS:g} s", READ)
        pairs = [
            ("http.request.method", to.method),
            (names.PEER_SERVICE, to.service),
            *_address(to.service),
            ("url.full", f"http://{to.service}{to.route}"),
            (names.USER_AGENT, f"shop-{caller.service}"),
        ]
        error = (str(end.status) if end.status else end.error) if end.failed else ""
        pairs += _answered(end.status)
        pairs += [(names.ERROR_TYPE, error)] if error else []
        pairs += [(names.RESEND_COUNT, str(resent))] if resent else []
        self._span(
            span, parent, process, to.method, CLIENT, start, end.took, "" if end.status else end.why, end.failed, "",
            to.method, end.status, error, to.service, to.service, "" if end.status else end.error, attributes(*pairs),
        )  # fmt: skip
        return end

    def _ask(self, effects: Effects, to: Dependency, caller: str, parent: int, process: int, start: float) -> End:
        """One call to something that sends no telemetry."""
        span, took = self._rng.getrandbits(64), self._pace.answer(to, start, self._rng) + effects.query
        end = End(REFUSED_SECONDS, 0, "connection refused", CONNECTION) if effects.cut else End(took)
        if to.system:
            pairs = [
                (names.DB_SYSTEM_NAME, to.system),
                (names.DB_NAMESPACE, to.name),
                (names.DB_COLLECTION_NAME, to.collection),
                (names.DB_OPERATION_NAME, to.operation),
                (names.DB_QUERY_SUMMARY, to.summary),
                (names.DB_QUERY_TEXT, to.statement),
            ]
            pairs += [] if end.failed else [(names.DB_ROWS, "20")]
            name, method, status, peer, address = to.summary, "", 0, "", to.address
        else:
            status = end.status
            pairs = [("http.request.method", "POST"), (names.PEER_SERVICE, to.name), *_address(to.name)]
            pairs += [("url.full", f"http://{to.name}/"), (names.USER_AGENT, f"shop-{caller}")]
            pairs += _answered(status)
            name = method = "POST"
            peer = address = to.name
        pairs += [(names.ERROR_TYPE, end.error)] if end.failed else []
        self._span(
            span, parent, process, name, CLIENT, start, end.took, end.why, end.failed, "", method, status, end.error,
            peer, address, end.error, attributes(*pairs),
        )  # fmt: skip
        return end

    def _message(self, call: Call, parent: int, process: int, start: float) -> None:
        """A message to a consumer, which works on its own time; nobody waits for it."""
        rng, to = self._rng, self._graph.operations[call.to]
        span, sent = rng.getrandbits(64), rng.lognormvariate(GAP, GAP_SIGMA)
        texts = attributes(
            ("messaging.destination.name", to.service),
            ("messaging.system", "kafka"),
            (names.PEER_SERVICE, to.service),
            ("server.address", to.service),
        )
        self._span(
            span, parent, process, f"send {to.service}", PRODUCER, start, sent, "", False, "", "", 0, "", to.service,
            to.service, "", texts, to.service,
        )  # fmt: skip
        effects = self._effects.get(to.key, NOTHING)
        if not effects.gone:
            self._serve(to, start + sent + rng.expovariate(1 / MESSAGE_SECONDS), span, CONSUMER)

    def _span(
        self, span: int, parent: int, process: int, name: str, kind: int, start: float, took: float, why: str,
        failed: bool, route: str, method: str, status: int, error: str, peer: str, address: str, exception: str,
        texts: str, destination: str = "",
    ) -> None:  # fmt: skip
        begin = round(start * 1e9)
        end = begin + round(took * 1e9)
        events = thrown(exception, why, end) if failed and exception else ""
        self.rows.append((
            *self._trace, span, parent, process, name, kind, begin, end, 2 if failed else 0,
            why if failed else "", failed, route, method, status, error, peer, address, exception if failed else "",
            why if failed and exception else "", texts, destination, [], False, events,
        ))  # fmt: skip


def _asked(operation: Operation, caller: str, port: int) -> list[tuple[str, str]]:
    """What a server's span says of how it was asked."""
    pairs = [
        ("client.address", LOOPBACK),
        ("client.port", str(FIRST_CLIENT_PORT + port)),
        ("network.protocol.version", PROTOCOL),
        ("server.address", operation.service),
        ("server.port", SERVER_PORT),
        ("url.path", operation.route),
        ("url.scheme", "http"),
    ]
    return pairs + ([(names.USER_AGENT, f"shop-{caller}")] if caller else [])


def _address(host: str) -> list[tuple[str, str]]:
    """Where a client's call goes."""
    return [
        ("network.peer.address", LOOPBACK),
        ("network.peer.port", SERVER_PORT),
        ("server.address", host),
        ("server.port", SERVER_PORT),
    ]


def _answered(status: int) -> list[tuple[str, str]]:
    """What a client's span says of the answer, if there was one."""
    return [("http.response.status_code", str(status)), ("network.protocol.version", PROTOCOL)] if status else []


def _answer(operation: Operation, call: Call, took: float, end: End) -> End:
    """What an operation answers when a call of it has failed."""
    service = call.to.partition(" ")[0]
    if not end.status:
        late = end.error == READ
        return End(took, 504 if late else 502, f"{service} did not answer" if late else f"{service} cannot be reached")
    return End(took, end.status if operation.passes else 502, f"{service} answered {end.status}")


def _texts(operation: Operation) -> tuple[str, str, str]:
    """Exception type, message of a foreseen failure and of an unhandled one."""
    failing = FAILING.get(operation.route)
    if failing is None:
        return (
            "ServiceError",
            f"{operation.service} cannot serve this",
            f"{operation.service} met what it never expected",
        )
    return failing.error.__name__, failing.foreseen, failing.unhandled
