"""Whom a call was to, where nobody answered: what its span names, or what calls from the same place reached before.

A client that never connected may name an address only, or nothing at all; the span of a call that went well has the
callee's own span below it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aiops.explain.tree import CALLING, Tree
from aiops.explain.urls import host
from aiops.explain.world import KnownServices
from aiops.model import Span

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Callees:
    """The services that answered calls, by the place that they were made from."""

    reached: Mapping[Place, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, good: Sequence[tuple[Tree, Span]]) -> "Callees":
        """Learn from requests that went well."""
        reached: dict[Place, set[str]] = defaultdict(set)
        for tree, entry in good:
            for span in tree.below(entry):
                server = tree.server_of(span) if span.kind in CALLING else None
                if server is not None:
                    for place in _places(tree, span):
                        reached[place].add(server.service)
        return cls({place: frozenset(services) for place, services in reached.items()})

    def name(self, tree: Tree, client: Span, world: KnownServices) -> str:
        """The callee of a call that no span answered; "" where nothing tells.

        What is known to send spans goes by its name. Of several that it may be, it is the one that answers nobody now,
        or the only one that this request did not get an answer from; where no such call was seen before, the one that
        the caller used to call.
        """
        if client.peer in world.known:
            return client.peer
        for place in _places(tree, client):
            candidates = self.reached.get(place, frozenset())
            if candidates and (chosen := _chosen(candidates, tree, client, world)):
                return chosen
        if client.peer:
            return client.peer
        missing = (world.called.get(client.service, frozenset()) & world.known) - world.answering
        return next(iter(missing)) if len(missing) == 1 else ""


def _chosen(candidates: frozenset[str], tree: Tree, client: Span, world: KnownServices) -> str:
    answered = {server.service for one in _beside(tree, client) if (server := tree.server_of(one)) is not None}
    for fitting in (candidates, candidates - world.answering, candidates - answered):
        if len(fitting) == 1:
            return next(iter(fitting))
    return ""


def _beside(tree: Tree, client: Span) -> Iterator[Span]:
    """All calls of the work that made this one."""
    return (one for one in tree.below(tree.serving(client)) if one.kind in CALLING and one.service == client.service)


def _places(tree: Tree, client: Span) -> Iterator[Place]:
    """What tells calls of a service apart, the most telling first."""
    serving = tree.serving(client)
    work = serving.operation if serving is not client else ""
    if client.peer:
        yield "address", client.service, client.peer
        return
    where = host(client)
    if where:
        yield "host", client.service, where
    yield "work", client.service, work, client.name
    yield "name", client.service, client.name
