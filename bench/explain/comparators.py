"""What others would blame: each a function from the evidence to services, the most suspicious first."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median

from bench.explain.anatomy import Anatomy, Evidence, Visit
from bench.explain.microrank import microrank
from bench.explain.tracerca import tracerca

CALLEE, CALLER = 1.0, 0.5
"""How the gap of a call is shared."""


def first_failing(on: Evidence) -> list[str]:
    """The place of the failed span that began first; a vote a bad trace."""
    return _vote(on, lambda failed: min(failed, key=lambda one: one.start))


def deepest_error(on: Evidence) -> list[str]:
    """The place of the deepest failed span, as many tools jump to; a vote a bad trace."""
    return _vote(on, lambda failed: max(failed, key=lambda one: one.depth))


def longest_own(on: Evidence) -> list[str]:
    """The place of the span with the longest own time; a vote a bad trace."""
    votes = Counter(max(one.visits, key=lambda visit: visit.own).place for one in on.bad)
    return _ranked(votes)


def self_time(on: Evidence) -> list[str]:
    """Mean own time of a place in bad traces minus that in good ones."""
    bad, good = _means(on.bad), _means(on.good)
    return _ranked({place: each - good.get(place, 0.0) for place, each in bad.items()})


def edge_gap(on: Evidence) -> list[str]:
    """Mean gaps of bad traces minus those of good ones, shared by callee and caller."""
    bad, good = _gaps(on.bad), _gaps(on.good)
    return _ranked({place: each - good.get(place, 0.0) for place, each in bad.items()})


def population(on: Evidence) -> list[str]:
    """Of each place, the mean over traces since the onset of own time beyond the good median at the same operation,
    minus that over traces from before; gaps are shared by both ends."""
    usual = _usual(on.before)
    since, before = _beyond(on.since, usual), _beyond(on.before, usual)
    return _ranked({place: each - before.get(place, 0.0) for place, each in since.items()})


def last_deployment(on: Evidence) -> list[str]:
    """The service with the most recent new version."""
    return sorted(on.deployed, key=lambda one: (-on.deployed[one], one))


def chance(on: Evidence) -> list[str]:
    """Any place that bad traces visit."""
    places = sorted({visit.place for one in on.bad for visit in one.visits})
    random.Random(on.seed).shuffle(places)
    return places


COMPARATORS: Mapping[str, Callable[[Evidence], list[str]]] = {
    "first failing span": first_failing,
    "deepest error leaf": deepest_error,
    "longest span": longest_own,
    "MicroRank": microrank,
    "TraceRCA": tracerca,
    "edge gap": edge_gap,
    "self time excess": self_time,
    "population score": population,
    "last deployment": last_deployment,
    "random": chance,
}


def _vote(on: Evidence, choose: Callable[[Sequence[Visit]], Visit]) -> list[str]:
    votes: Counter[str] = Counter()
    for one in on.bad:
        failed = [visit for visit in one.visits if visit.failed]
        if failed:
            votes[choose(failed).place] += 1
    return _ranked(votes)


def _ranked(scores: Mapping[str, float]) -> list[str]:
    return [place for place in sorted(scores, key=lambda one: (-scores[one], one)) if scores[place] > 0]


def _means(traces: Sequence[Anatomy]) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for one in traces:
        for visit in one.visits:
            sums[visit.place] += visit.own
    return {place: each / max(len(traces), 1) for place, each in sums.items()}


def _gaps(traces: Sequence[Anatomy]) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for one in traces:
        for gap in one.gaps:
            sums[gap.callee] += CALLEE * gap.seconds
            sums[gap.caller] += CALLER * gap.seconds
    return {place: each / max(len(traces), 1) for place, each in sums.items()}


def _usual(traces: Sequence[Anatomy]) -> dict[str, float]:
    each: dict[str, list[float]] = defaultdict(list)
    for one in traces:
        for visit in one.visits:
            each[visit.operation].append(visit.own)
        for gap in one.gaps:
            each[f"{gap.caller} > {gap.callee}"].append(gap.seconds)
    return {place: median(seconds) for place, seconds in each.items()}


def _beyond(traces: Sequence[Anatomy], usual: Mapping[str, float]) -> dict[str, float]:
    found: dict[str, list[float]] = defaultdict(list)
    for one in traces:
        mine: dict[str, float] = defaultdict(float)
        for visit in one.visits:
            mine[visit.place] += visit.own - usual.get(visit.operation, 0.0)
        for gap in one.gaps:
            more = gap.seconds - usual.get(f"{gap.caller} > {gap.callee}", 0.0)
            mine[gap.callee] += CALLEE * more
            mine[gap.caller] += CALLER * more
        for place, more in mine.items():
            found[place].append(more)
    return {place: fmean(each) * len(each) / max(len(traces), 1) for place, each in found.items()}
