"""Who is in a model: services, their operations, what each calls, and what they depend on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shop.profile import DATABASE, MIX, NAMESPACE, PROCESSOR, PROCESSOR_SECONDS, WORK, Share, Work
from shop.topology import ENDPOINTS, GATEWAY


@dataclass(frozen=True, slots=True)
class Call:
    """A call that an operation makes, after its own work and one after the other.

    to: key of an operation, or name of a dependency. share: of requests that make it; a cache answers the others.
    retries: how often a failed call is made again. waits: false for a message, whose consumer works on its own time.
    """

    to: str
    share: float = 1.0
    retries: int = 0
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Operation:
    """One route of one service.

    together: it makes its calls side by side. passes: it hands on what its callee answers, as a proxy does.
    """

    service: str
    method: str
    route: str
    work: Work
    calls: tuple[Call, ...] = ()
    together: bool = False
    passes: bool = False

    @property
    def key(self) -> str:
        return f"{self.service} {self.route}"


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something that sends no telemetry: a database (`system`, its statement, and what that asks for) or a foreign
    service."""

    name: str
    work: Work
    system: str = ""
    statement: str = ""
    collection: str = ""

    @property
    def operation(self) -> str:
        return self.statement.partition(" ")[0]

    @property
    def summary(self) -> str:
        """The statement in short."""
        return f"{self.operation} {self.collection}"

    @property
    def address(self) -> str:
        """A database by its system and namespace; "" for a foreign service."""
        return f"{self.system}:///{self.name}" if self.system else ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Operations by key, dependencies by name, and which operations customers call, with their shares."""

    operations: Mapping[str, Operation]
    entries: tuple[Share, ...]
    dependencies: Mapping[str, Dependency] = field(default_factory=dict)

    def services(self) -> tuple[str, ...]:
        """Every service, in order of first mention."""
        return tuple(dict.fromkeys(one.service for one in self.operations.values()))

    def operation(self, service: str, route: str | None) -> Operation:
        """The operation at a route, or a service's first. Raises KeyError."""
        if route is not None:
            return self.operations[f"{service} {route}"]
        return next(one for one in self.operations.values() if one.service == service)

    def callers(self, key: str) -> tuple[str, ...]:
        """Services that wait for an operation or dependency, directly or through others, nearest first."""
        found: dict[str, None] = {}
        waiting = [key]
        seen = {key}
        while waiting:
            of = waiting.pop(0)
            for one in self.operations.values():
                if one.key not in seen and any(call.to == of and call.waits for call in one.calls):
                    found.setdefault(one.service)
                    seen.add(one.key)
                    waiting.append(one.key)
        return tuple(found)

    def arrivals(self) -> dict[str, float]:
        """How many requests each operation gets for each that a customer makes."""
        rates = dict.fromkeys(self.operations, 0.0)
        for entry in self.entries:
            self._flow(entry.path, entry.share, rates)
        return rates

    def _flow(self, key: str, rate: float, rates: dict[str, float]) -> None:
        if key in rates:
            rates[key] += rate
            for call in self.operations[key].calls:
                self._flow(call.to, rate * call.share, rates)


PRODUCTS_QUERY = "SELECT id, name, price_cents FROM products WHERE category = ? ORDER BY price_cents LIMIT 20"
FORWARD = Work(0.002, 0.3, 0.0)


def shop() -> Graph:
    """The shop as it runs live."""
    operations = [
        Operation(GATEWAY, one.method, one.path, FORWARD, (Call(f"{one.service} {one.path}"),), passes=True)
        for one in ENDPOINTS.values()
    ]
    outside = {"/products": (Call(NAMESPACE),), "/payment": (Call(PROCESSOR),)}
    for one in ENDPOINTS.values():
        calls = tuple(Call(f"{ENDPOINTS[path].service} {path}") for path in one.calls) + outside.get(one.path, ())
        operations.append(Operation(one.service, one.method, one.path, WORK[one.path], calls))
    dependencies = (
        Dependency(NAMESPACE, Work(0.001, 0.3, 0.0), DATABASE, PRODUCTS_QUERY, "products"),
        Dependency(PROCESSOR, Work(PROCESSOR_SECONDS, 0.2, 0.0)),
    )
    return Graph(
        {one.key: one for one in operations},
        tuple(Share(f"{GATEWAY} {share.path}", share.share) for share in MIX),
        {one.name: one for one in dependencies},
    )
