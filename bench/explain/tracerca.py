"""TraceRCA: abnormal invocations, frequent sets of services among abnormal traces, the callee before the caller.

Li et al., "Practical root cause localization for microservice systems via trace analysis", IWQoS 2021: an invocation is
abnormal if its latency is beyond three deviations of the normal mean or it failed where few did; a trace is abnormal if
it has one. Sets of services are mined (support at least 0.1, up to three services, Apriori instead of FP-growth: the
sets are the same) and scored by the Jaccard-like 2sc/(s+c) of support s and confidence c. A service has the best score
of its sets, weighted by how much more often it is the callee than the caller of abnormal invocations.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean, pstdev

from bench.explain.anatomy import Anatomy, Evidence

DEVIATIONS, SUPPORT, LARGEST = 3.0, 0.1, 3

Pair = tuple[str, str]


def tracerca(on: Evidence) -> list[str]:
    """Services, the most suspicious first."""
    usual = _usual(on.before)
    abnormal: list[frozenset[str]] = []
    every: list[frozenset[str]] = []
    called: Counter[str] = Counter()
    calling: Counter[str] = Counter()
    for one in on.since:
        every.append(frozenset(place for pair, _, _ in _invocations(one) for place in pair if place))
        hit = [pair for pair, took, failed in _invocations(one) if _is_odd(usual, pair, took, failed)]
        if hit:
            abnormal.append(frozenset(place for pair in hit for place in pair if place))
            for caller, callee in hit:
                called[callee] += 1
                calling[caller] += 1
    if not abnormal:
        return []
    scores: dict[str, float] = defaultdict(float)
    singles = Counter(place for mine in abnormal for place in mine)
    frequent = [place for place, count in singles.items() if count >= SUPPORT * len(abnormal)]
    frequent = sorted(frequent, key=lambda one: (-singles[one], one))[:20]
    for size in range(1, LARGEST + 1):
        for chosen in combinations(sorted(frequent), size):
            wanted = frozenset(chosen)
            support = sum(wanted <= mine for mine in abnormal) / len(abnormal)
            if support < SUPPORT:
                continue
            confidence = support * len(abnormal) / max(sum(wanted <= mine for mine in every), 1)
            score = 2 * support * confidence / (support + confidence)
            for place in chosen:
                scores[place] = max(scores[place], score)
    weighted = {
        place: score * called[place] / max(called[place] + calling[place], 1) for place, score in scores.items()
    }
    return sorted(weighted, key=lambda one: (-weighted[one], one))


def _invocations(one: Anatomy) -> list[tuple[Pair, float, bool]]:
    answered = [((gap.caller, gap.callee), gap.took, gap.failed) for gap in one.gaps]
    others = [(("", visit.place), visit.own, visit.failed) for visit in one.visits if "://" in visit.place]
    return [*answered, *others, (("", one.root.place), one.duration, one.root.failed)]


def _usual(traces: Sequence[Anatomy]) -> dict[Pair, tuple[float, float, float]]:
    took: dict[Pair, list[tuple[float, bool]]] = defaultdict(list)
    for one in traces:
        for pair, seconds, failed in _invocations(one):
            took[pair].append((seconds, failed))
    return {
        pair: (fmean(s for s, _ in each), pstdev([s for s, _ in each]), fmean(f for _, f in each))
        for pair, each in took.items()
    }


def _is_odd(usual: Mapping[Pair, tuple[float, float, float]], pair: Pair, took: float, failed: bool) -> bool:
    if pair not in usual:
        return True
    mean, deviation, failing = usual[pair]
    return took > mean + DEVIATIONS * max(deviation, 1e-4) or (failed and failing < 0.05)
