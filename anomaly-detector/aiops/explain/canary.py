"""Whether a new version is worse than the one that serves beside it: all requests of both, of one time.

Errors are compared by Wilson intervals of 99 %, which must not overlap. Durations are compared by ranks within each
route, so that another mix of routes is no difference: van Elteren's test (Bulletin of the International Statistical
Institute 37, 1960), which is Wilcoxon's of several strata.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, erfc, sqrt
from typing import Final

from aiops.explain import wilson
from aiops.model import Span, SpanKind

Z99: Final = 2.575829
LEAST: Final = 20
"""Requests of either version that make a comparison."""
CHANCE: Final = 0.001
"""The chance under which durations are longer: a version is judged again and again."""
LONGER: Final = 1.1
"""How many times as long the median request of a route must take, so that it matters."""
CLOSE: Final = 0.05
"""The most by which the share of failures may be higher, by its interval, where a version counts as no worse."""
SERVED: Final = (SpanKind.SERVER, SpanKind.CONSUMER)


class CanaryOutcome(StrEnum):
    """How a new version does beside the old one."""

    WORSE = "worse"
    NO_WORSE = "no_worse"
    UNDECIDED = "undecided"
    """there is no difference, but so few requests would hide one"""
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class CanaryRequest:
    """One request that a service served. `seconds`: its duration; `route`: with its method."""

    version: str
    route: str
    seconds: float
    failed: bool


@dataclass(frozen=True, slots=True)
class CanarySide:
    """The requests of one version; `p95` in seconds, of those that did not fail; None where there are none."""

    version: str
    requests: int
    failed: int
    p95: float | None

    @property
    def failing(self) -> float:
        """The share that failed."""
        return self.failed / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A new version beside the old one since a time (Unix seconds). reasons: errors or latency, where it is worse."""

    new: CanarySide
    old: CanarySide
    since: float
    outcome: CanaryOutcome
    reasons: tuple[str, ...] = ()


def canary_requests(service: str, spans: Iterable[Span]) -> dict[str, CanaryRequest]:
    """Return the requests that a service served and whose version is known, by the id of their span."""
    return {
        f"{one.trace_id}:{one.span_id}": CanaryRequest(
            one.version, f"{one.method} {one.route or one.name}", one.duration, one.failed
        )
        for one in spans
        if one.service == service and one.kind in SERVED and one.version and not one.streams
    }


def canary(version: str, requests: Sequence[CanaryRequest], since: float) -> Canary | None:
    """Compare a new version with that of the others which served most; None where no other one served."""
    others = Counter(one.version for one in requests if one.version != version)
    if not others:
        return None
    usual = min(others, key=lambda one: (-others[one], one))
    mine = [one for one in requests if one.version == version]
    theirs = [one for one in requests if one.version == usual]
    new, old = _side(version, mine), _side(usual, theirs)
    if min(new.requests, old.requests) < LEAST:
        return Canary(new=new, old=old, since=since, outcome=CanaryOutcome.TOO_FEW)
    ours, before = (wilson.interval(one.failed, one.requests, Z99) for one in (new, old))
    reasons = []
    if ours[0] > before[1]:
        reasons.append("errors")
    if _slower(mine, theirs):
        reasons.append("latency")
    if reasons:
        outcome = CanaryOutcome.WORSE
    else:
        outcome = CanaryOutcome.NO_WORSE if ours[1] <= old.failing + CLOSE else CanaryOutcome.UNDECIDED
    return Canary(new=new, old=old, since=since, outcome=outcome, reasons=tuple(reasons))


def _side(version: str, requests: Sequence[CanaryRequest]) -> CanarySide:
    times = sorted(one.seconds for one in requests if not one.failed)
    p95 = times[ceil(0.95 * len(times)) - 1] if times else None
    return CanarySide(version, len(requests), sum(one.failed for one in requests), p95)


def _slower(new: Sequence[CanaryRequest], old: Sequence[CanaryRequest]) -> bool:
    """Whether requests of the new version take longer: by ranks within routes, and by enough to matter. Failed ones are
    left out: they end early, or late, for other reasons."""
    routes: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for side, requests in enumerate((new, old)):
        for one in requests:
            if not one.failed:
                routes[one.route][side].append(one.seconds)
    both = [pair for pair in routes.values() if pair[0] and pair[1]]
    matters = sum(len(mine) for mine, theirs in both if _median(mine) >= LONGER * _median(theirs))
    return _chance(both) <= CHANCE and 2 * matters >= sum(len(mine) for mine, _ in both)


def _chance(routes: Sequence[tuple[list[float], list[float]]]) -> float:
    """Return the chance of so high ranks of the first of each pair if both were alike, by the normal approximation
    without ties; 1 where there is nothing to compare."""
    above, variance = 0.0, 0.0
    for mine, theirs in routes:
        m, n = len(mine), len(theirs)
        weight = 1 / (m + n + 1)
        above += weight * (_rank_sum(mine, theirs) - m * (m + n + 1) / 2)
        variance += weight * weight * m * n * (m + n + 1) / 12
    return 0.5 * erfc(above / sqrt(2 * variance)) if variance > 0 else 1.0


def _rank_sum(mine: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the sum of the ranks of `mine` among all; equal values share the mean of their ranks."""
    ordered = sorted([*((value, True) for value in mine), *((value, False) for value in theirs)])
    total, at = 0.0, 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end][0] == ordered[at][0]:
            end += 1
        total += (at + 1 + end) / 2 * sum(own for _, own in ordered[at:end])
        at = end
    return total


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
