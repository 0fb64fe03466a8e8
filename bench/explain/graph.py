"""A platform drawn by a seed: trees of services behind public routes, shared services, databases, hosts, frameworks.

Call trees do not grow with the platform: a public route reaches at most `PER_ROUTE` services, as in published traces of
large platforms (Luo et al., "Characterizing microservice dependency and performance", SoCC 2021: most call graphs have
few services, a few hot services are shared by many graphs). Own work is log-normal with a heavy tail.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

SIZES = (5, 20, 50, 200)
PER_ROUTE = 9
SHAPES = ("plain", "plain", "handler", "beside", "asgi", "sidecar")
SYSTEMS = ("postgresql", "mysql", "mongodb", "redis")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation, after its first own work.

    to: key of an operation, or name of a dependency. share: of requests that make it. kinds: of requests that make it
    (empty: all). retries: of a failed call. waits: false for a message. swallows: its failure is lived with.
    """

    to: str
    share: float = 1.0
    kinds: tuple[int, ...] = ()
    retries: int = 0
    waits: bool = True
    swallows: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One route of a service. work: median own seconds; sigma: of its logarithm; heavy: the work of some kinds of
    requests, times the usual. together: calls are made side by side. errors: share of requests that fail always."""

    service: str
    method: str
    route: str
    work: float
    sigma: float
    calls: tuple[Call, ...] = ()
    together: bool = False
    heavy: Mapping[int, float] = field(default_factory=dict)
    errors: float = 0.0

    @property
    def key(self) -> str:
        return f"{self.service} {self.route}"


@dataclass(frozen=True, slots=True)
class Service:
    """A service: the shape of its spans, whether it sends any (`dark`: not), whether its clients name whom they call
    (`peerless`: not), whether it speaks RPC, and the host of each of its instances."""

    name: str
    shape: str
    hosts: tuple[str, ...]
    dark: bool = False
    peerless: bool = False
    rpc: bool = False


@dataclass(frozen=True, slots=True)
class Dependency:
    """What sends no telemetry: a database (with a system) or a foreign service."""

    name: str
    system: str
    work: float
    sigma: float = 0.4


@dataclass(frozen=True, slots=True)
class Entry:
    """A public route: its operation, requests a second, and the shares of its kinds of requests."""

    key: str
    rate: float
    kinds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """Everything by name, and how far each host's clock is off (seconds)."""

    services: Mapping[str, Service]
    operations: Mapping[str, Operation]
    dependencies: Mapping[str, Dependency]
    entries: tuple[Entry, ...]
    skews: Mapping[str, float]

    def visits(self, kinds: Mapping[str, tuple[float, ...]] | None = None) -> dict[str, float]:
        """Expected visits a second of every operation and dependency by requests that wait for it."""
        rates = dict.fromkeys([*self.operations, *self.dependencies], 0.0)
        for entry in self.entries:
            shares = (kinds or {}).get(entry.key, entry.kinds)
            for kind, share in enumerate(shares):
                self._flow(entry.key, entry.rate * share, kind, rates)
        return rates

    def seconds(self, key: str, kind: int) -> float:
        """Roughly how long an operation takes for a kind of request: its own median and those of what it waits for."""
        if key in self.dependencies:
            return self.dependencies[key].work
        one = self.operations[key]
        waits = [self.seconds(call.to, kind) * call.share for call in one.calls if call.waits and runs(call, kind)]
        own = one.work * one.heavy.get(kind, 1.0) * 1.2
        return own + (max(waits, default=0.0) if one.together else sum(waits)) + 0.003 * len(waits)

    def callers(self, key: str) -> list[str]:
        """Operations that call an operation or dependency and wait for it, by name."""
        return sorted(one.key for one in self.operations.values() if any(c.to == key and c.waits for c in one.calls))

    def above(self, key: str) -> set[str]:
        """Operations that wait for one, directly or through others."""
        found: set[str] = set()
        stack = [key]
        while stack:
            for caller in self.callers(stack.pop()):
                if caller not in found:
                    found.add(caller)
                    stack.append(caller)
        return found

    def _flow(self, key: str, rate: float, kind: int, rates: dict[str, float]) -> None:
        rates[key] += rate
        one = self.operations.get(key)
        for call in one.calls if one else ():
            if call.waits and runs(call, kind):
                self._flow(call.to, rate * call.share, kind, rates)


def runs(call: Call, kind: int) -> bool:
    """Whether a kind of request makes a call at all."""
    return not call.kinds or kind in call.kinds


def drawn(rng: random.Random, services: int, rate: float) -> Graph:
    """Draw a graph. rate: requests a second of all public routes together."""
    names = [f"s{number:03d}" for number in rng.sample(range(1000), services)]
    front, rest = names[0], names[1:]
    shared = rest[: max(1, services // 25)] if services > 5 else []
    members = rest[len(shared) :]
    trees = [members[i : i + PER_ROUTE] for i in range(0, len(members), PER_ROUTE)]
    hosts = [f"host-{number}" for number in range(max(2, services // 4))]
    made = {name: _service(rng, name, hosts) for name in names}
    made[front] = Service(front, rng.choice(("plain", "handler", "sidecar", "asgi")), made[front].hosts)
    dependencies: dict[str, Dependency] = {}
    operations: dict[str, Operation] = {}
    for name in shared:
        calls = (Call(_database(rng, name, dependencies)),) if rng.random() < 0.7 else ()
        _put(operations, Operation(name, "GET", f"/{name}/check", rng.uniform(0.001, 0.006), 0.4, calls))
        made[name] = Service(name, "plain", made[name].hosts, rpc=rng.random() < 0.5)
    entries: list[Entry] = []
    weights = [1.0 / (place + 1) ** 0.8 for place in range(len(trees))]
    for tree, weight in zip(trees, weights, strict=True):
        kinds = rng.choice(((1.0,), (0.7, 0.3), (0.5, 0.3, 0.2)))
        roots = _tree(rng, tree, shared, made, operations, dependencies, len(kinds))
        for place, root in enumerate(roots):
            share = (0.7, 0.3)[place] if len(roots) > 1 else 1.0
            route = f"/{tree[0]}/{place}"
            _put(operations, Operation(front, "GET", route, rng.uniform(0.001, 0.004), 0.4, (Call(root),)))
            entries.append(Entry(f"{front} {route}", rate * share * weight / sum(weights), kinds))
    skews = {host: rng.gauss(0, 0.01) * (30 if rng.random() < 0.1 else 1) for host in hosts}
    return Graph(made, operations, dependencies, tuple(entries), skews)


def _service(rng: random.Random, name: str, hosts: list[str]) -> Service:
    count = rng.choice((1, 2, 2, 3))
    return Service(
        name, rng.choice(SHAPES), tuple(rng.choice(hosts) for _ in range(count)), peerless=rng.random() < 0.1,
        rpc=rng.random() < 0.3,
    )  # fmt: skip


def _tree(
    rng: random.Random, members: list[str], shared: list[str], made: dict[str, Service],
    operations: dict[str, Operation], dependencies: dict[str, Dependency], kinds: int,
) -> list[str]:  # fmt: skip
    """Operations of one tree; a service calls only those after it. Returns the keys of its roots."""
    routes = {name: [f"/{name}/{word}" for word in ("list", "item", "save")[: rng.choice((1, 2, 2, 3))]]
              for name in members}  # fmt: skip
    calls: dict[str, list[Call]] = {f"{name} {route}": [] for name in members for route in routes[name]}
    for place, name in enumerate(members[1:], 1):
        above = members[max(0, place - 4) : place]
        for route in routes[name]:
            for caller in rng.sample(above, min(len(above), rng.choice((1, 1, 1, 2)))):
                at = f"{caller} {rng.choice(routes[caller])}"
                if all(one.to != f"{name} {route}" for one in calls[at]) and len(calls[at]) < 5:
                    calls[at].append(_call(rng, f"{name} {route}", kinds))
    for name in members:
        if rng.random() < 0.45:
            database = _database(rng, name, dependencies)
            for route in routes[name]:
                calls[f"{name} {route}"].append(Call(database))
        if rng.random() < 0.15:
            outside = _outside(rng, name, dependencies)
            calls[f"{name} {routes[name][0]}"].append(Call(outside))
        for common in shared:
            if rng.random() < 0.12:
                calls[f"{name} {routes[name][0]}"].insert(0, Call(f"{common} /{common}/check"))
    for name in members:
        for route in routes[name]:
            key = f"{name} {route}"
            heavy = {kind: rng.uniform(2, 6) for kind in range(1, kinds) if rng.random() < 0.15}
            rng.shuffle(calls[key])
            one = Operation(
                name, rng.choice(("GET", "GET", "POST")), route, rng.lognormvariate(-5.0, 0.7), rng.uniform(0.25, 0.8),
                tuple(calls[key]), rng.random() < 0.2, heavy, rng.choice((0.0, 0.0, 0.0, 0.002)),
            )  # fmt: skip
            _put(operations, one)
    leaves = [name for name in members[2:] if not any(calls[f"{name} {route}"] for route in routes[name])]
    if leaves and rng.random() < 0.5:
        dark = rng.choice(leaves)
        made[dark] = Service(dark, "plain", made[dark].hosts, dark=True)
    return [f"{members[0]} {route}" for route in routes[members[0]][:2]]


def _call(rng: random.Random, key: str, kinds: int) -> Call:
    luck = rng.random()
    if luck < 0.12:
        return Call(key, share=rng.uniform(0.3, 0.8))
    if luck < 0.22 and kinds > 1:
        return Call(key, kinds=tuple(sorted(rng.sample(range(kinds), rng.randint(1, kinds - 1)))))
    if luck < 0.32:
        return Call(key, retries=2)
    if luck < 0.38:
        return Call(key, waits=False)
    if luck < 0.46:
        return Call(key, swallows=True)
    return Call(key)


def _database(rng: random.Random, owner: str, dependencies: dict[str, Dependency]) -> str:
    system = rng.choice(SYSTEMS)
    name = f"{system}://{owner}-db"
    dependencies[name] = Dependency(name, system, rng.uniform(0.001, 0.008))
    return name


def _outside(rng: random.Random, owner: str, dependencies: dict[str, Dependency]) -> str:
    name = f"api-{owner}.example"
    dependencies[name] = Dependency(name, "", rng.uniform(0.02, 0.08))
    return name


def _put(operations: dict[str, Operation], one: Operation) -> None:
    operations[one.key] = one
