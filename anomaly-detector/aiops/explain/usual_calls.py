"""Failures by calls that were left out, or made too early: what good requests always call, and in which order.

Who leaves a call out, or makes calls in another order, makes others fail. See docs/methods.md, What is called.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiops.explain.tree import SERVING, Tree
from aiops.model import Span, SpanKind

ALWAYS: Final = 0.95
"""Part of the good visits of a place that do the same, for it to be always done."""
ENOUGH: Final = 8
"""Good visits that must be known."""

Called = tuple[str, str]
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class UsualCalls:
    """What always happens in good requests: the calls that each place makes, and those that end before another one
    begins. A call is known by its peer and its name."""

    made: dict[Place, frozenset[Called]]
    before: dict[tuple[Place, Called], frozenset[Called]]

    @classmethod
    def of(cls, good: Sequence[tuple[Tree, Span]]) -> "UsualCalls":
        """Learn from requests that went well."""
        visits: Counter[Place] = Counter()
        made: dict[Place, Counter[Called]] = defaultdict(Counter)
        firsts: Counter[tuple[Place, Called]] = Counter()
        ended: dict[tuple[Place, Called], Counter[Called]] = defaultdict(Counter)
        for tree, entry in good:
            for visit in _visits(tree, entry):
                calls = _calls(tree, visit)
                visits[_place(visit)] += 1
                made[_place(visit)].update({_called(tree, one) for one in calls})
                seen: set[Called] = set()
                for call in calls:
                    key = _place(visit), _called(tree, call)
                    if key[1] not in seen:
                        seen.add(key[1])
                        firsts[key] += 1
                        ended[key].update(_ended(tree, calls, call))
        return cls(
            {place: _always(made[place], count) for place, count in visits.items()},
            {key: _always(ended[key], count) for key, count in firsts.items()},
        )

    def missing(self, tree: Tree, origin: Span) -> tuple[Span, frozenset[Called]] | None:
        """The visit that left calls out, or made them later than usual, so that a failure started at `origin`; and the
        calls. None where nothing is missing."""
        return self._too_early(tree, origin) or self._left_out(tree, origin)

    def _too_early(self, tree: Tree, origin: Span) -> tuple[Span, frozenset[Called]] | None:
        call = origin if origin.kind == SpanKind.CLIENT else tree.by_id.get(tree.serving(origin).parent_id)
        if call is None or call.kind != SpanKind.CLIENT:
            return None
        visit = tree.serving(call)
        usual = self.before.get((_place(visit), _called(tree, call)), frozenset())
        missing = usual - _ended(tree, _calls(tree, visit), call)
        return (visit, missing) if missing else None

    def _left_out(self, tree: Tree, origin: Span) -> tuple[Span, frozenset[Called]] | None:
        """In what the origin waited for: the first visit without a failure that lacks a call."""
        serving = tree.serving(origin)
        for visit in _visits(tree, serving):
            if visit is serving or any(one.failed for one in tree.below(visit)):
                continue
            missing = self.made.get(_place(visit), frozenset()) - {_called(tree, one) for one in _calls(tree, visit)}
            if missing:
                return visit, missing
        return None


def _always(counts: Counter[Called], visits: int) -> frozenset[Called]:
    if visits < ENOUGH:
        return frozenset()
    return frozenset(one for one, times in counts.items() if times >= ALWAYS * visits)


def _visits(tree: Tree, entry: Span) -> Iterator[Span]:
    return (one for one in tree.below(entry) if one.kind in SERVING)


def _calls(tree: Tree, visit: Span) -> list[Span]:
    """What the visit called itself, in the order of the starts."""
    return [one for one in tree.calls(visit) if one.kind == SpanKind.CLIENT and one.service == visit.service]


def _ended(tree: Tree, calls: Sequence[Span], call: Span) -> set[Called]:
    """What had been called and waited for when a call began."""
    return {_called(tree, one) for one in calls if one.end <= call.start and one is not call}


def _place(visit: Span) -> Place:
    return visit.service, visit.route or visit.name


def _called(tree: Tree, call: Span) -> Called:
    server = tree.server_of(call)
    return call.peer or (server.service if server else ""), call.name
