"""The objectives of an incident: what it spends of their budgets, and which others are watched."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from aiops.model import Impact, Incident, Server, Slo
from aiops.service.picture.shapes import SpentBudget, WatchedSlo
from aiops.slo.live.status import SloStatus
from aiops.slo.rules import tiers

SILENT_STEPS: Final = 2.0
"""Steps without a request after which an objective is said to count none."""


def spent(impact: Impact, slo: Slo | None, lasted: float) -> SpentBudget:
    """At a burn rate of 1, the budget of a period is spent in the period."""
    if slo is None:
        return SpentBudget(impact=impact, slo=None, minutes=None, whole=None)
    allowed = float(slo.allowed) / 60
    whole = tiers.seconds(slo.period) * allowed
    return SpentBudget(impact=impact, slo=slo, minutes=impact.burn_rate * lasted * allowed, whole=whole)


def watched(incident: Incident, found: Iterable[SloStatus], step: float) -> Iterator[WatchedSlo]:
    """Yield the objectives of the services that an incident hits whose budgets it does not spend, by name."""
    hit = {one.slo for one in incident.slo_impact}
    named: dict[str, list[SloStatus]] = {}
    for one in found:
        if one.slo.name not in hit and _service(one.slo) in incident.affected_services:
            named.setdefault(one.slo.name, []).append(one)
    for name, groups in sorted(named.items()):
        yield WatchedSlo(name, _silent_since(groups, step))


def _service(slo: Slo) -> str:
    return slo.indicator.service if isinstance(slo.indicator, Server) else slo.service


def _silent_since(groups: Collection[SloStatus], step: float) -> float | None:
    """Since when no group was heard; None where one is, or none ever was."""
    heard = max((one.heard for one in groups if one.heard is not None), default=None)
    at = max(one.at for one in groups)
    return heard if heard is not None and at - heard > SILENT_STEPS * step else None
