"""MicroRank: personalised PageRank over operations and traces, then a spectrum weighted by it.

Yu et al., "MicroRank: end-to-end latency issue localization with extended spectrum analysis in microservice
environments", WWW 2021, with the constants of the authors' code: damping 0.85, call weight 0.01, phi 0.5, 25 rounds, a
trace is abnormal beyond the sum of means and 1.5 deviations of its operations, and the formula D*2. A service has the
best score of its operations. Own times stand for operations, which favours it; failed requests are abnormal as well.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev

import numpy as np

from bench.explain.anatomy import Anatomy, Evidence

DAMPING, CALLS, PHI, ROUNDS, DEVIATIONS = 0.85, 0.01, 0.5, 25, 1.5


def microrank(on: Evidence) -> list[str]:
    """Services, the most suspicious first."""
    normal = _slo(on.before)
    abnormal = [one for one in on.since if _is_abnormal(one, normal)] or list(on.bad)
    ids = {one.trace_id for one in abnormal}
    fine = [one for one in on.since if one.trace_id not in ids] or list(on.good)
    if not abnormal:
        return []
    bad, good = _pagerank(abnormal, True), _pagerank(fine, False) if fine else {}
    ef, ep = _coverage(abnormal), _coverage(fine)
    scores: dict[str, float] = defaultdict(float)
    for operation, weight in bad.items():
        fails, passes = weight * ef[operation], weight * (len(abnormal) - ef[operation])
        around = good.get(operation, 1e-7) * ep[operation] if operation in good else 1e-7
        place = operation.partition(" ")[0]
        scores[place] = max(scores[place], fails**2 / max(around + passes, 1e-9))
    return sorted(scores, key=lambda one: (-scores[one], one))


def _slo(traces: Sequence[Anatomy]) -> dict[str, float]:
    each: dict[str, list[float]] = defaultdict(list)
    for one in traces:
        for visit in one.visits:
            each[visit.operation].append(visit.own)
    return {name: fmean(own) + DEVIATIONS * pstdev(own) for name, own in each.items()}


def _is_abnormal(one: Anatomy, slo: Mapping[str, float]) -> bool:
    return one.root.failed or one.duration > sum(slo.get(visit.operation, 0.0) for visit in one.visits)


def _coverage(traces: Sequence[Anatomy]) -> Counter[str]:
    return Counter(name for one in traces for name in {visit.operation for visit in one.visits})


def _pagerank(traces: Sequence[Anatomy], abnormal: bool) -> dict[str, float]:
    names = sorted({visit.operation for one in traces for visit in one.visits})
    place = {name: number for number, name in enumerate(names)}
    sets = [frozenset(place[visit.operation] for visit in one.visits) for one in traces]
    member = np.zeros((len(names), len(traces)))
    for column, mine in enumerate(sets):
        member[list(mine), column] = 1.0
    to_operation = member / member.sum(axis=0, keepdims=True)
    to_trace = (member / member.sum(axis=1, keepdims=True)).T
    calls = np.zeros((len(names), len(names)))
    for one in traces:
        chain: dict[int, int] = {}
        for visit in one.visits:
            mine_ = place[visit.operation]
            above = chain.get(visit.depth - 1)
            if above is not None and above != mine_:
                calls[mine_, above] = 1.0
            chain[visit.depth] = mine_
    calls /= np.maximum(calls.sum(axis=0, keepdims=True), 1.0)
    alike = Counter(sets)
    lengths = np.array([1.0 / len(mine) for mine in sets])
    kinds = np.array([1.0 / alike[mine] for mine in sets])
    prefer = lengths / lengths.sum()
    if abnormal:
        prefer = PHI * kinds / kinds.sum() + (1 - PHI) * prefer
    rank = np.full(len(names), 1.0 / (len(names) + len(traces)))
    seen = np.full(len(traces), 1.0 / (len(names) + len(traces)))
    for _ in range(ROUNDS):
        rank, seen = (
            DAMPING * (to_operation @ seen + CALLS * calls @ rank),
            DAMPING * (to_trace @ rank) + (1 - DAMPING) * prefer,
        )
        rank, seen = rank / max(rank.max(), 1e-12), seen / max(seen.max(), 1e-12)
    return dict(zip(names, (rank / max(rank.sum(), 1e-12)).tolist(), strict=True))
