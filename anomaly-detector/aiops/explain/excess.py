"""Where the time goes, over populations: what each place takes longer in bad requests than in good ones.

No single trace votes. Each visit of a place is compared with the good median of the same place, so that requests of
different kinds under one route, and trouble in few of them, decide nothing. See docs/methods.md, Where the time goes.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aiops.explain.calls import more_calls
from aiops.explain.own import Places
from aiops.explain.requests import RequestWork, Shift, medians
from aiops.explain.table import RowNumbers
from aiops.model import Cause, CauseKind, SpanKind
from aiops.model.arrays import Floats

Z: Final = 3.0
"""Standard errors by which a place must be slower."""
LEAST_SECONDS: Final = 0.0005
"""Seconds a request by which a place must be slower."""
LATE: Final = 0.5
"""Of its usual time, by which the way to another service must be longer to be late."""
GRAIN: Final = 0.001
"""Seconds beside which a usual time of less means nothing."""
SEEN: Final = 3
"""Visits on either side, to compare a place."""
MOST: Final = 0.6
"""Part of the ways from a service that must be late at once, for the service itself to be late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """What a place takes longer.

    seconds: of a request, on average over the bad ones; error: the standard error of it. more_calls: the part of it
    that calls beyond the usual number cost. took, takes: median seconds of one visit in good and in bad requests, NaN
    without visits. a_visit: seconds of one visit, on average over the bad ones. entries, each: which bad entries it
    cost how many seconds.
    """

    cause: Cause
    seconds: float
    error: float
    more_calls: float
    took: float
    takes: float
    a_visit: float
    entries: RowNumbers
    each: Floats
    beyond: float = Z

    @property
    def times(self) -> float:
        """How many times its usual time a visit takes longer."""
        return max(self.a_visit, 0.0) / (max(self.took, 0.0) + GRAIN)

    @property
    def significant(self) -> bool:
        """Whether chance does not explain it."""
        return self.seconds >= max(LEAST_SECONDS, self.beyond * self.error)


def excesses(requests: RequestWork, named: Places) -> list[Excess]:
    """What each place takes longer in bad requests, the most first; there must be requests of either kind."""
    found = _slower(requests, named)
    found = _with_their_callers(found, _late_callers(found))
    costs = more_calls(requests, named)
    found = [_joined(one, costs[one.cause]) if one.cause in costs else one for one in found]
    return sorted(found, key=lambda one: (-one.seconds, str(one.cause)))


def _slower(requests: RequestWork, named: Places) -> list[Excess]:
    seconds = requests.waits.own[requests.rows] * requests.waited
    count, is_bad = len(named.causes), requests.is_bad
    took, takes = (medians(named.at[side], seconds[side], count) for side in (~is_bad, is_bad))
    took = _answered(requests, named, took)
    # A place that good requests do not visit has no usual time: that it is visited counts as a call.
    usual = np.where(np.isnan(took), takes, took)
    shift = Shift.of(requests, named.at, requests.entry, seconds - usual[named.at], count)
    visits = [np.bincount(named.at[side], minlength=count) for side in (~is_bad, is_bad)]
    a_request = np.bincount(named.at[is_bad], requests.weight[requests.entry[is_bad]], count)
    cut = np.searchsorted(shift.group, np.arange(count + 1))
    out = []
    for one, cause in enumerate(named.causes):
        if visits[1][one] < SEEN or not a_request[one] or (visits[0][one] < SEEN and np.isnan(took[one])):
            continue
        mine = slice(cut[one], cut[one + 1])
        here = requests.bad[shift.entry[mine]]
        mean = float(shift.mean[one])
        out.append(
            Excess(
                cause=cause,
                seconds=mean,
                error=float(shift.error[one]),
                more_calls=0.0,
                took=float(took[one]),
                takes=float(takes[one]),
                a_visit=mean / float(a_request[one]),
                entries=shift.entry[mine][here],
                each=shift.value[mine][here],
            )
        )
    return out


def _answered(requests: RequestWork, named: Places, took: Floats) -> Floats:
    """The usual seconds of each place; where a callee sends no spans now, those of calls to it when it did."""
    missing = {
        (one.caller, one.service): at
        for at, one in enumerate(named.causes)
        if one.caller and one.kind == CauseKind.LATENCY and np.isnan(took[at])
    }
    if not missing:
        return took
    table, waits, rows = requests.table, requests.waits, requests.rows
    answered = (waits.kind[rows] == SpanKind.CLIENT) & ~requests.is_bad & (waits.server[rows] >= 0)
    out = took.copy()
    for (caller, callee), at in missing.items():
        who, whom = (table.words.index(one) for one in (caller, callee))
        mine = answered & (table.service[rows] == who) & (table.peer[rows] == whom)
        if mine.any():
            out[at] = np.median(table.duration[rows[mine]] * requests.waited[mine])
    return out


def _joined(one: Excess, cost: tuple[float, float]) -> Excess:
    seconds, error = cost
    return replace(one, seconds=one.seconds + seconds, error=float(np.hypot(one.error, error)), more_calls=seconds)


def _late_callers(found: list[Excess]) -> frozenset[str]:
    """Services that wait too long on most of their ways to others at once: who is late to notice every answer is late
    itself."""
    late: dict[str, set[str]] = defaultdict(set)
    prompt: dict[str, set[str]] = defaultdict(set)
    for one in found:
        if not one.cause.caller:
            continue
        a_visit = one.a_visit / one.seconds if one.seconds else 0.0
        if one.significant and one.a_visit >= LATE * one.took:
            late[one.cause.caller].add(one.cause.service)
        elif a_visit * (one.seconds + 2.0 * one.error) < LATE * one.took:  # else there is too little of it to tell
            prompt[one.cause.caller].add(one.cause.service)
    return frozenset(
        caller
        for caller, callees in late.items()
        if len(callees) > 1 and len(callees) >= MOST * len(callees | prompt[caller])
    )


def _with_their_callers(found: list[Excess], callers: frozenset[str]) -> list[Excess]:
    """The same, with what is lost on the ways from these callers in the heaviest place of their own work."""
    if not callers:
        return found
    lost = {caller: [one for one in found if one.cause.caller == caller] for caller in callers}
    work = {
        caller: max(own, key=lambda one: (one.seconds, str(one.cause)))
        for caller in callers
        if (own := [one for one in found if one.cause.service == caller and not one.cause.caller])
    }
    moved = {id(one) for caller in work for one in lost[caller]}
    return [
        _sum(one, [way for way in lost[one.cause.service] if way.significant])
        if one is work.get(one.cause.service)
        else one
        for one in found
        if id(one) not in moved
    ]


def _sum(one: Excess, more: list[Excess]) -> Excess:
    entries, inverse = np.unique(np.concatenate([one.entries, *(each.entries for each in more)]), return_inverse=True)
    return replace(
        one,
        seconds=one.seconds + sum(each.seconds for each in more),
        error=float(np.sqrt(one.error**2 + sum(each.error**2 for each in more))),
        entries=entries.astype(np.int32),
        each=np.bincount(inverse, np.concatenate([one.each, *(each.each for each in more)]), len(entries)).astype(
            float
        ),
    )
