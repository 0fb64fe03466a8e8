"""Series of Prometheus under the names that are told apart."""

from collections.abc import Callable
from dataclasses import replace

from aiops.sources.common.caps import Roll
from aiops.sources.prometheus.meaning import Labels, Meaning


def told_apart(meaning: Callable[[Labels], Meaning | None], roll: Roll) -> Callable[[Labels], Meaning | None]:
    """What a series means, its requests counted under names that have a place."""

    def said(labels: Labels) -> Meaning | None:
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
    """The names under which calls are counted."""
    caller = roll.service(caller)
    return caller, roll.callee(caller, callee)
