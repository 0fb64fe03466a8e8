"""Graphs of 5 to 200 services, drawn by a seed: layers, fan-out, caches, retries, side-by-side calls, messages."""

import random

from shop.profile import Share, Work
from shop.virtual.graph import FORWARD, Call, Dependency, Graph, Operation

SMALLEST, LARGEST = 5, 200
PER_ROUTE = 12  # services behind one public route, at most: as real call trees, it does not grow with the platform
WORDS = [
    "account",
    "basket",
    "billing",
    "booking",
    "cart",
    "customer",
    "delivery",
    "discount",
    "fraud",
    "invoice",
    "ledger",
    "login",
    "mail",
    "offer",
    "order",
]
SYSTEMS = {"postgresql": "SELECT * FROM {} WHERE id = $1", "redis": "GET {}", "mongodb": "find {}"}


def generated(seed: int, services: int) -> Graph:
    """Draw a graph. Raises ValueError for a size outside 5..200.

    One public service, `edge`, has a route for each subtree; behind it every service is called by one to three
    services of the layers above it, so that failures spread and paths join.
    """
    if not SMALLEST <= services <= LARGEST:
        raise ValueError(f"a graph has {SMALLEST}..{LARGEST} services, not {services}")
    rng = random.Random(f"graph {seed} {services}")
    names = [f"{WORDS[i % len(WORDS)]}-{i // len(WORDS)}" for i in range(services - 1)]
    trees = [names[i : i + PER_ROUTE] for i in range(0, len(names), PER_ROUTE)]
    dependencies: dict[str, Dependency] = {}
    operations: list[Operation] = []
    entries = []
    for members in trees:
        inner = _tree(rng, members, dependencies)
        route = f"/{members[0]}"
        operations.append(Operation("edge", "GET", route, FORWARD, (Call(inner[0].key),), passes=True))
        operations += inner
        entries.append(Share(f"edge {route}", 1.0 / len(trees)))
    return Graph({one.key: one for one in operations}, tuple(entries), dependencies)


def _tree(rng: random.Random, members: list[str], dependencies: dict[str, Dependency]) -> list[Operation]:
    """Operations of one subtree, its root first; a service may only call those after it, so there is no cycle."""
    calls: dict[str, list[Call]] = {name: [] for name in members}
    for place, name in enumerate(members[1:], 1):
        above = members[max(0, place - 6) : place]
        for caller in rng.sample(above, min(len(above), rng.choice((1, 1, 1, 2)))):
            calls[caller].append(_call(rng, name))
    for name in members:
        if rng.random() < 0.4:
            calls[name].append(Call(_dependency(rng, name, dependencies)))
    found = []
    for name in members:
        work = Work(rng.uniform(0.003, 0.03), rng.uniform(0.2, 0.5), 0.0005)
        method = rng.choice(("GET", "GET", "POST"))
        found.append(Operation(name, method, f"/{name}", work, tuple(calls[name]), together=rng.random() < 0.25))
    return found


def _call(rng: random.Random, name: str) -> Call:
    drawn = rng.random()
    key = f"{name} /{name}"
    if drawn < 0.1:
        return Call(key, share=rng.uniform(0.4, 0.8))
    if drawn < 0.2:
        return Call(key, retries=1)
    if drawn < 0.27:
        return Call(key, waits=False)
    return Call(key)


def _dependency(rng: random.Random, service: str, dependencies: dict[str, Dependency]) -> str:
    system = rng.choice(sorted(SYSTEMS))
    name = f"{service}-{system}"
    about = service.partition("-")[0]
    work = Work(rng.uniform(0.001, 0.006), 0.3, 0.0)
    dependencies[name] = Dependency(name, work, system, SYSTEMS[system].format(about), about)
    return name
