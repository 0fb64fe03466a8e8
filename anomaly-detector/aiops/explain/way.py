"""The way of requests from users to a cause, as a chain of calls."""

from collections.abc import Collection, Sequence
from typing import Final

from aiops.explain.wording import SLOW
from aiops.model import Cause, CauseKind, Edge

LONGEST: Final = 6
"""Calls of a chain at most: those next to the cause are kept."""


def way_to(cause: Cause, edges: Sequence[Edge], affected: Collection[str]) -> tuple[Edge, ...]:
    """Return the calls through which most of the trouble reaches users, the nearest to the users first; () where nobody
    calls the cause, or where it is a machine.

    From the cause upwards, each step is the caller that suffers and has most of the trouble: failing calls a second,
    or seconds of calls a second where the cause is slow. Callers that do not suffer are taken where no other is known.
    """
    if cause.kind == CauseKind.MACHINE:
        return ()
    slow, here, seen, found = cause.kind in SLOW, cause.service, {cause.service}, list[Edge]()
    while len(found) < LONGEST:
        callers = [one for one in edges if one.callee == here and one.caller not in seen]
        if not found and cause.caller:
            callers = [one for one in callers if one.caller == cause.caller] or callers
        if not callers:
            break
        best = max(callers, key=lambda one: (one.caller in affected, _trouble(one, slow), one.rate, one.caller))
        found.append(best)
        seen.add(best.caller)
        here = best.caller
    return tuple(reversed(found))


def entrances(edges: Sequence[Edge], services: Collection[str]) -> frozenset[str]:
    """Return the services that no other service calls: their callers are users."""
    called = {one.callee for one in edges if one.caller != one.callee}
    return frozenset({*services, *(one.caller for one in edges)} - called)


def _trouble(edge: Edge, slow: bool) -> float:
    return edge.rate * (edge.latency if slow else edge.error_ratio)
