"""Series of Prometheus under the names that are told apart."""

from collections.abc import Callable
from dataclasses import replace

from aiops.sources.common.caps import Roll
from aiops.sources.prometheus.meaning import LabelMap, Meaning


def told_apart(meaning: Callable[[LabelMap], Meaning | None], roll: Roll) -> Callable[[LabelMap], Meaning | None]:
    """Return a function for the meaning of a series, with its requests counted under names that have a place."""

    def said(labels: LabelMap) -> Meaning | None:
        one = meaning(labels)
        if one is None:
            return None
        if len(one.key) == 2:
            return replace(one, key=calls(*one.key, roll))
        service, route, method, status = one.key
        service = roll.service(service)
        return replace(one, key=(service, *roll.route(service, route, method), status))

    return said


def calls(caller: str, callee: str, roll: Roll) -> tuple[str, str]:
    """Return the names under which calls are counted."""
    caller = roll.service(caller)
    return caller, roll.callee(caller, callee)
