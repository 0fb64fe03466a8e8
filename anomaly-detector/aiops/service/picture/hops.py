"""The calls to the cause of an incident: the chain from users, and those of other callers."""

from collections.abc import Iterable, Sequence
from typing import Final

from aiops.model import Cause, CauseKind, Edge, Hop, Incident, Window, labels
from aiops.service.picture.histories import Histories, usual
from aiops.service.picture.shapes import UserImpact

OTHERS: Final = 3
"""Other callers of the cause at most."""


def chain_of(
    incident: Incident,
    way: Sequence[Edge],
    users: UserImpact | None,
    found: Histories,
    lasted: Window,
) -> Iterable[Hop]:
    """The chain from users to the cause, as far as it is known."""
    if incident.root_cause is None:
        return
    cause = incident.root_cause.cause
    door = way[0].caller if way else cause.service
    mine = [one for one in users.hit if one.service == door] if users is not None else []
    requests = sum(one.requests for one in mine)
    if requests:
        most = max(mine, key=lambda one: one.requests)
        yield Hop(
            caller="",
            callee=door,
            failing=sum(one.failed for one in mine) / requests,
            seconds=sum(one.seconds for one in mine) / requests,
            usual=usual(labels(service=most.service, route=most.route, method=most.method), found, lasted),
        )
    for one in way:
        between = cause.kind == CauseKind.NETWORK and cause.service == one.callee
        yield Hop(
            caller=one.caller,
            callee=one.callee,
            failing=one.error_ratio,
            seconds=one.latency,
            usual=usual(labels(caller=one.caller, callee=one.callee), found, lasted),
            cause=between and cause.caller in ("", one.caller),
        )


def others_of(cause: Cause, way: Sequence[Edge], edges: Sequence[Edge]) -> list[Edge]:
    """Return the calls to the cause from callers that are not the last of its way, the busiest first."""
    last = way[-1].caller if way else ""
    if cause.kind == CauseKind.MACHINE:
        return []
    found = [one for one in edges if one.callee == cause.service and one.caller not in (last, cause.service)]
    return sorted(found, key=lambda one: (-one.rate, one.caller))[:OTHERS]


def other_hops(others: Sequence[Edge], found: Histories, lasted: Window) -> Iterable[Hop]:
    """Yield the calls of other callers with what is usual for them."""
    for one in others:
        yield Hop(
            caller=one.caller,
            callee=one.callee,
            failing=one.error_ratio,
            seconds=one.latency,
            usual=usual(labels(caller=one.caller, callee=one.callee), found, lasted),
        )
