"""The blast radius of an action: what a change of a service touches."""

from collections.abc import Iterable, Mapping

from aiops.model import BlastRadius


def blast_of(
    target: str, calls: Iterable[tuple[str, str, float]], rates: Mapping[str, float], instances: int | None
) -> BlastRadius:
    """Return what an action on a service touches. calls: caller, callee and requests a second; rates: requests a second
    by service. The share of traffic is that of the requests to the target among those to services that nobody calls, at
    most 1: where users make several requests of the target with one of theirs, it is 1."""
    callers: dict[str, set[str]] = {}
    for caller, callee, _ in calls:
        callers.setdefault(callee, set()).add(caller)
    touched, waiting = [target], [target]
    while waiting:
        for caller in sorted(callers.get(waiting.pop(), ())):
            if caller not in touched:
                touched.append(caller)
                waiting.append(caller)
    public = sum(rate for service, rate in rates.items() if not callers.get(service))
    known = rates.get(target, 0.0)
    return BlastRadius(tuple(touched), min(1.0, known / public) if known > 0 and public > 0 else None, instances)
