"""Two populations of requests compared, without a finding: what is wrong with the bad ones, where, and how sure.

Three kinds of evidence speak, in this order: requests that fail and where they start to; what takes longer; what is
called. Each is data that a person can check. See docs/methods.md, Two populations.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Final

import numpy as np

from aiops.explain import errors, wilson
from aiops.explain.blame import Blame
from aiops.explain.callees import Callees
from aiops.explain.consequences import elsewhere_caused
from aiops.explain.excess import LEAST_SECONDS, Excess, Z, excesses
from aiops.explain.failing import entry_tree, every
from aiops.explain.own import places
from aiops.explain.requests import RequestWork
from aiops.explain.shape import NewShape, new_shapes
from aiops.explain.table import RowNumbers, SpanColumns
from aiops.explain.usual_calls import UsualCalls
from aiops.explain.waits import Waits
from aiops.explain.world import KnownServices
from aiops.model import Cause, Span
from aiops.model.arrays import Bools

CHANCE: Final = 0.02
"""How often chance may make any place look slower where none is."""
SLOW: Final = 0.95
"""Quantile of the good requests' durations, from which a request is slow."""
LEADS: Final = 0.1
"""Failures lead where they hit at least this part of the requests that slowness hits."""
TIMES: Final = 10.0
"""Times its usual time, up to which a place that takes longer counts for more. Load makes all a little slower."""
SHAPED: Final = 0.5
"""Slowness comes before new shapes where it hits at least this part of the requests that these hit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A cause, with all that speaks for it.

    weight: the part of the trouble that it holds, of 1. failing: bad requests more, of 1, that start to fail there.
    slower: what the place takes longer, shape: what it calls otherwise; None without. spans: failed spans, earliest
    first. traces: ids of bad requests that show it, the clearest first.
    """

    cause: Cause
    weight: float
    failing: float = 0.0
    slower: Excess | None = None
    shape: NewShape | None = None
    spans: tuple[Span, ...] = ()
    traces: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether chance does not explain it; else it is a suspect."""
        return all(one is None or one.significant for one in (self.slower, self.shape))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is known of two populations, pairs being of the good and the bad one.

    good, bad: how many requests there are. failing, slow: the part of them that fails, and that does not but takes
    longer than `limit` seconds, which few good ones do; 0 to 1. seconds: the median duration. candidates: the most
    likely first.
    """

    good: int
    bad: int
    failing: tuple[float, float]
    slow: tuple[float, float]
    limit: float
    seconds: tuple[float, float]
    candidates: tuple[Candidate, ...]


def compared(table: SpanColumns, entries: RowNumbers, bad: Bools, waits: Waits | None = None) -> Comparison:
    """Compare the requests that begin at these rows of a table. bad: which of them are bad ones; waits: who waited for
    whom, where that is known already. Raises ValueError if there are none of a kind."""
    failed, seconds = table.failed[entries], table.duration[entries]
    if bad.all() or not bad.any():
        raise ValueError("there must be good and bad requests")
    limit = float(np.quantile(seconds[~bad], SLOW))
    failing, slow = ((float(one[~bad].mean()), float(one[bad].mean())) for one in (failed, ~failed & (seconds > limit)))
    found = Comparison(
        good=int((~bad).sum()),
        bad=int(bad.sum()),
        failing=failing,
        slow=slow,
        limit=limit,
        seconds=(float(np.median(seconds[~bad])), float(np.median(seconds[bad]))),
        candidates=(),
    )
    waits = waits or Waits.of(table)
    failures = _failures(RequestWork.of(table, waits, entries, bad))
    requests = RequestWork.of(table, waits, entries[~failed], bad[~failed])
    if not requests.both:
        return replace(found, candidates=tuple(failures))
    return replace(found, candidates=tuple(_ranked(found, failures, requests)))


def _ranked(found: Comparison, failures: list[Candidate], requests: RequestWork) -> list[Candidate]:
    """All candidates, those first of what hits the requests most; of one cause the first counts."""
    named = places(requests)
    # Of many places one is far off by chance (Bonferroni 1936): the more there are, the further one must be.
    beyond = max(Z, NormalDist().inv_cdf(1.0 - CHANCE / max(len(named.causes), 1)))
    found_slower = (replace(one, beyond=beyond) for one in excesses(requests, named))
    slower = [one for one in found_slower if one.seconds >= LEAST_SECONDS and _least(one) > 0]
    shapes = new_shapes(requests, named)
    sure = [one.entries for one in shapes if one.significant]
    hit = len(np.unique(np.concatenate(sure))) / found.bad if sure else 0.0
    more = max(found.slow[1] - found.slow[0], 0.0)
    groups = [
        (sum(one.failing for one in failures) >= LEADS * more, failures),
        (more >= SHAPED * hit and any(one.significant for one in slower), _slower(requests, slower)),
        (True, _shaped(requests, shapes)),
    ]
    out: dict[Cause, Candidate] = {}
    for wanted in (True, False):
        for leads, group in groups:
            for one in group if leads == wanted else ():
                out.setdefault(one.cause, one)
    return sorted(out.values(), key=lambda one: not one.named)


def _more(shares: tuple[float, float], sizes: tuple[int, int]) -> bool:
    """Whether the bad share is larger beyond chance."""
    return wilson.interval(shares[1] * sizes[1], sizes[1])[0] > wilson.interval(shares[0] * sizes[0], sizes[0])[1]


def _failures(requests: RequestWork) -> list[Candidate]:
    """Where failures start, less what starts there in good times as well: of requests, and of calls in them that did
    not fail the request. Nothing where no more requests have a failure than before."""
    table, caller, rows = requests.table, requests.waits.caller[requests.rows], requests.rows
    first = table.failed[rows] & ((caller < 0) | ~table.failed[np.maximum(caller, 0)])
    tops, of = rows[first], requests.entry[first]
    hit = np.zeros(len(requests.bad), bool)
    hit[of] = True
    sizes = int((~requests.bad).sum()), int(requests.bad.sum())
    if not _more((float(hit[~requests.bad].mean()), float(hit[requests.bad].mean())), sizes):
        return []
    sound = [entry_tree(table, row) for row in every(requests.entries[~requests.bad & ~hit])]
    blame = Blame(_known(requests), Callees.of(sound))
    trees = [[entry_tree(table, row) for row in every(tops[requests.bad[of] == side])] for side in (False, True)]
    lived_with = errors.lived_with(trees[1], sound) if sound and trees[1] else frozenset()
    origins = [[(tree, errors.origins(tree, top, lived_with)) for tree, top in side] for side in trees]
    told_of = [(tree, span) for tree, spans in origins[1] for span in spans]
    moves, _ = elsewhere_caused(told_of, blame, UsualCalls.of(sound))
    shares: list[dict[Cause, float]] = [defaultdict(float), defaultdict(float)]
    told: dict[Cause, list[Span]] = defaultdict(list)
    for side, found in enumerate(origins):
        each = float((requests.bad[of] == bool(side)).sum()) / max(len(trees[side]), 1) / sizes[side]
        for tree, span in ((tree, span) for tree, spans in found for span in spans):
            cause = blame.cause(tree, span)
            cause = moves.get(cause, cause)
            shares[side][cause] += each
            if side:
                told[cause].append(span)
    more = {cause: share - shares[0].get(cause, 0.0) for cause, share in shares[1].items()}
    total = sum(max(one, 0.0) for one in more.values()) or 1.0
    return [
        Candidate(
            cause=cause,
            weight=share / total,
            failing=share,
            spans=tuple(sorted(told[cause], key=lambda one: (one.start, one.span_id))),
            traces=tuple(dict.fromkeys(one.trace_id for one in told[cause])),
        )
        for cause, share in sorted(more.items(), key=lambda pair: (-pair[1], str(pair[0])))
        if share > 0
    ]


def _slower(requests: RequestWork, slower: list[Excess]) -> list[Candidate]:
    clear = {id(one): _least(one) * min(one.times, TIMES) for one in slower}
    total = sum(clear.values()) or 1.0
    return [
        Candidate(
            cause=one.cause,
            weight=clear[id(one)] / total,
            slower=one,
            traces=_traces(requests, one.entries[np.argsort(-one.each)]),
        )
        for one in sorted(slower, key=lambda each: (not each.significant, -clear[id(each)], str(each.cause)))
    ]


def _least(one: Excess) -> float:
    """Seconds that a place costs at least, beyond two standard errors; a place that costs none is no suspect."""
    return one.seconds - 2.0 * one.error


def _shaped(requests: RequestWork, shapes: list[NewShape]) -> list[Candidate]:
    total = sum(one.share for one in shapes) or 1.0
    return [
        Candidate(cause=one.cause, weight=one.share / total, shape=one, traces=_traces(requests, one.entries))
        for one in shapes
    ]


def _traces(requests: RequestWork, entries: RowNumbers) -> tuple[str, ...]:
    table = requests.table
    return tuple(table.traces[table.trace[requests.entries[one]]] for one in entries[:20].tolist())


def _known(requests: RequestWork) -> KnownServices:
    """Services of the table: all send spans; those answer that have spans in bad requests."""
    table = requests.table
    names = frozenset(table.words[code] for code in np.unique(table.service).tolist())
    in_bad = np.zeros(len(table.traces), bool)
    in_bad[table.trace[requests.entries[requests.bad]]] = True
    answering = frozenset(table.words[code] for code in np.unique(table.service[in_bad[table.trace]]).tolist())
    return KnownServices(names, answering, names - answering)
