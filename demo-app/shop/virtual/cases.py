"""Scenarios as they can be run: the catalogue on the shop, and its kinds of fault somewhere in a generated graph."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from shop import names
from shop.catalogue import SCENARIOS, Cause, Expected, Fault
from shop.profile import BAD_TENANT, NEW_VERSION, POOL_CONNECTIONS
from shop.virtual.generated import generated
from shop.virtual.graph import Dependency, Graph, Operation, shop
from shop.virtual.load import Load
from shop.virtual.stream import Model
from shop.virtual.trouble import Timed

RATE = 8.0
NOISE = 0.05
ENOUGH = 0.25  # requests a second that a target gets, at least


@dataclass(frozen=True, slots=True)
class Case:
    """Faults on a graph and the incidents that should come of them."""

    name: str
    graph: Graph
    faults: tuple[Fault, ...]
    truth: tuple[Expected, ...]
    seed: int
    reporting: frozenset[str] | None = None

    def model(self, start: float, end: float) -> Model:
        """The case under its usual load, with its faults from `start` to `end`, Unix seconds."""
        timed = [Timed(fault, start, end) for fault in self.faults]
        return Model(self.graph, Load(RATE, noise=NOISE, seed=self.seed), timed, self.seed, self.reporting)


def on_shop(name: str, seed: int) -> Case:
    """A scenario of the catalogue. Raises KeyError."""
    scenario = SCENARIOS[name]
    return Case(name, shop(), scenario.faults, scenario.truth, seed)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a scenario of the catalogue looks elsewhere: its kind of fault, a strength, and what causes it names.

    messages: whether an operation that is only sent messages can have it.
    """

    kind: str
    cause: Cause
    strength: Callable[[random.Random, float], float | None]
    dimension: tuple[str, str] | None = None
    whole: bool = False
    messages: bool = False


RECIPES: Mapping[str, Recipe] = {
    "latency-spike": Recipe("latency", "latency", lambda rng, _: rng.uniform(200, 2000), messages=True),
    "error-storm": Recipe("errors", "errors", lambda rng, _: rng.uniform(0.3, 0.9), messages=True),
    "exception": Recipe("exception", "errors", lambda rng, _: rng.uniform(0.5, 1.0), messages=True),
    "timeout": Recipe("timeout", "timeout", lambda *_: 1.0),
    "service-gone": Recipe("gone", "down", lambda *_: None, whole=True),
    "connection-refused": Recipe("refused", "down", lambda *_: None, whole=True),
    "lost-time": Recipe("network", "network", lambda rng, _: rng.uniform(200, 1000)),
    "lost-time-everywhere": Recipe("network", "network", lambda rng, _: rng.uniform(200, 1000)),
    "retry-storm": Recipe("retries", "errors", lambda rng, _: rng.uniform(0.5, 0.9)),
    "exhausted-pool": Recipe("pool", "errors", lambda _, rate: 1000 * POOL_CONNECTIONS / (0.6 * rate)),
    "bad-version": Recipe("version", "errors", lambda rng, _: rng.uniform(0.5, 1.0), ("service.version", NEW_VERSION)),
    "bad-tenant": Recipe("tenant", "errors", lambda rng, _: rng.uniform(0.7, 1.0), (names.TENANT, BAD_TENANT)),
    "slow-query": Recipe("query", "latency", lambda rng, _: rng.uniform(200, 1000)),
    "n-plus-one": Recipe("n-plus-one", "latency", lambda *_: 15.0),
    "dependency-down": Recipe("dependency", "dependency", lambda *_: None),
    "deployment": Recipe("deploy", "errors", lambda *_: None, whole=True),
}
HARMLESS = ("deployment",)


def on_graph(name: str, seed: int, services: int) -> Case:
    """The scenario's kind of fault at an operation of a generated graph, drawn by the seed. Raises KeyError."""
    recipe = RECIPES[name]
    graph = generated(seed, services)
    rng = random.Random(f"case {name} {seed} {services}")
    fits = [one for one in graph.operations.values() if _fits(graph, one, recipe)]
    target = rng.choice(fits)
    rate = RATE * graph.arrivals()[target.key]
    callers = [one.service for one in graph.operations.values() if _waits_for(one, target.key)]
    caller = rng.choice(sorted(callers)) if name == "lost-time" else None
    route = None if recipe.whole and recipe.kind != "version" else target.route
    fault = Fault(recipe.kind, target.service, route, recipe.strength(rng, rate), caller)
    truth = () if name in HARMLESS else (_expected(graph, target, recipe, caller),)
    # The others send spans alone, as many services do.
    reporting = frozenset(service for service in graph.services() if rng.random() < 0.5)
    return Case(name, graph, (fault,), truth, seed, reporting)


def _expected(graph: Graph, target: Operation, recipe: Recipe, caller: str | None) -> Expected:
    above = graph.callers(target.key)
    if recipe.kind == "dependency":
        outside = next(_outside(graph, target))
        return Expected(_known_as(graph, outside), None, "dependency", (target.service, *above), caller=target.service)
    if recipe.kind == "query":
        database = next(to for to in _outside(graph, target) if to.system)
        affected = (target.service, *above)
        return Expected(_known_as(graph, database), database.summary, recipe.cause, affected, caller=target.service)
    if caller is not None:
        above = (caller, *graph.callers(f"{caller} /{caller}"))
    endpoint = None if recipe.whole else target.route
    affected = tuple(dict.fromkeys(above))
    return Expected(target.service, endpoint, recipe.cause, affected, caller, recipe.dimension)


def _known_as(graph: Graph, outside: Dependency) -> str:
    """A foreign service by its name; a database by its system, where no other is of it."""
    if not outside.system:
        return outside.name
    alike = sum(one.system == outside.system for one in graph.dependencies.values())
    return outside.address if alike > 1 else outside.system


def _fits(graph: Graph, one: Operation, recipe: Recipe) -> bool:
    if one.passes or RATE * graph.arrivals()[one.key] < ENOUGH:
        return False
    first = one.calls[0] if one.calls else None
    match recipe.kind:
        case "query" if not any(to.system for to in _outside(graph, one)):
            return False
        case "dependency" if not any(_outside(graph, one)):
            return False
        case "n-plus-one" if first is None or not first.waits or first.to in graph.dependencies or first.share < 1:
            return False
    return recipe.messages or any(_waits_for(above, one.key) for above in graph.operations.values())


def _outside(graph: Graph, one: Operation) -> Iterator[Dependency]:
    """What an operation calls that sends no telemetry."""
    return (graph.dependencies[call.to] for call in one.calls if call.to in graph.dependencies)


def _waits_for(one: Operation, key: str) -> bool:
    return any(call.to == key and call.waits for call in one.calls)
