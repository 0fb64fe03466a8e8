"""What is wrong, by one fixed rule that is the same for every competitor, and traces drawn as sources draw them.

Served requests are counted by service and route, calls by caller and callee, before the onset and since, as it is
known (late); those of one trace are one, for they are not independent. Errors: at least three more than usual, and
their share above the usual one by 3.5 standard deviations and half a point. Latency: the mean above the usual one by
20 % and 10 ms, and the logarithms apart by Welch's t, as rarely as 3.5 standard deviations. Silence: a service that
would have served eight requests by now served none, and is still called. The thirty worst findings are kept.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import log, sqrt
from statistics import fmean

from aiops.model import Edge, Family, Finding, Labels, Population, PopulationKind, Span, SpanKind, Trace, labels
from bench.explain.cases import Case

STEP = 15.0
SURE = 3.5
LEAST = 4  # requests on either side
SERVING = (SpanKind.SERVER, SpanKind.CONSUMER)
CALLING = (SpanKind.CLIENT, SpanKind.PRODUCER)
STEADY = 8.0  # requests that a service would have served, from which on none is silence
SLICES = 10
MOST = 30  # findings of one case: the worst ones


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to see: findings, edges, and services that send spans, that answered since, that are silent; whom
    each called. `forced` findings are no symptoms: they ask what the engine says where nothing is wrong."""

    findings: tuple[Finding, ...]
    edges: tuple[Edge, ...]
    known: frozenset[str]
    answering: frozenset[str]
    silent: frozenset[str]
    called: dict[str, frozenset[str]]
    forced: bool = False


@dataclass(slots=True)
class Counted:
    """Requests at one place in one window, by trace: seconds of each, and whether any failed."""

    by_trace: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failing: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> list[float]:
        """The mean of each trace."""
        return [fmean(one) for one in self.by_trace.values()]

    @property
    def failed(self) -> int:
        """Traces in which one failed."""
        return len(self.failing)


def seen(traces: Sequence[Trace], since: float, until: float, begin: float) -> Seen:
    """Judge all places. since: the onset as it is known; until: when the engine is asked; begin: of the good window."""
    before: dict[Labels, Counted] = defaultdict(Counted)
    after: dict[Labels, Counted] = defaultdict(Counted)
    still: set[str] = set()
    reached: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    known: set[str] = set()
    answering: set[str] = set()
    for trace in traces:
        servers = {span.parent_id: span.service for span in trace.spans if span.kind in SERVING}
        for span in trace.spans:
            if span.end <= begin or span.end > until:
                continue
            late = span.end > since
            known.add(span.service)
            if late and span.kind in SERVING:
                answering.add(span.service)
            series = series_of(span, servers)
            if series is None:
                continue
            side = (after if late else before)[series]
            side.by_trace[trace.trace_id].append(span.duration)
            if span.failed:
                side.failing.add(trace.trace_id)
            if span.kind in CALLING:
                callee = dict(series)["callee"]
                still |= {callee} if late else set()
                sums = reached[span.service, callee]
                sums[0] += 1
                sums[1] += span.failed
                sums[2] += span.duration
    called: dict[str, set[str]] = defaultdict(set)
    for caller, callee in reached:
        called[caller].add(callee)
    silent = frozenset((known - answering) & still)
    findings = [one for series in sorted(after) if series in before
                for one in judged(series, before[series], after[series], since, until)]  # fmt: skip
    served: Counter[str] = Counter()
    for series, side in before.items():
        served[dict(series).get("service", "")] += sum(map(len, side.by_trace.values()))
    steady = {name for name, count in served.items() if count * (until - since) / (since - begin) >= STEADY}
    findings += [_silence(name, since, until) for name in sorted(silent & steady)]
    findings = sorted(sorted(findings, key=lambda one: -one.score)[:MOST], key=lambda one: (one.series, one.family))
    edges = tuple(
        Edge(caller=caller, callee=callee, rate=sums[0] / (until - begin), error_ratio=sums[1] / sums[0],
             latency=sums[2] / sums[0], connection="" if callee in known else "virtual")
        for (caller, callee), sums in sorted(reached.items())
    )  # fmt: skip
    return Seen(tuple(findings), edges, frozenset(known), frozenset(answering), silent,
                {caller: frozenset(found) for caller, found in called.items()})  # fmt: skip


def series_of(span: Span, servers: dict[str, str]) -> Labels | None:
    """Where a request counts: who serves it, or who calls whom; None for other spans, and calls to nobody known."""
    if span.kind in SERVING:
        if not span.route and not span.method:
            return labels(service=span.service, route=span.name, method="")
        return labels(service=span.service, route=span.route or span.name, method=span.method)
    if span.kind in CALLING:
        callee = span.peer or servers.get(span.span_id, "")
        if callee and callee != span.service:
            return labels(caller=span.service, callee=callee)
    return None


def judged(series: Labels, before: Counted, after: Counted, since: float, until: float) -> list[Finding]:
    """The findings of one place."""
    took, takes = before.seconds, after.seconds
    n0, n1 = len(took), len(takes)
    if n0 < LEAST or n1 < LEAST:
        return []
    out = []
    p0, p1 = before.failed / n0, after.failed / n1
    pooled = (before.failed + after.failed + 1) / (n0 + n1 + 2)
    z = (p1 - p0) / sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1))
    if after.failed - p0 * n1 >= 3 and p1 - p0 >= 0.005 and z >= SURE:
        out.append(_finding(series, Family.ERRORS, since, until, z / SURE, (p1, p0), (after.failed, n1)))
    m0, m1 = fmean(took), fmean(takes)
    if m1 >= 1.2 * m0 and m1 - m0 >= 0.01 and (t := _welch(took, takes)) >= SURE:
        slow = sum(one > sqrt(m0 * m1) for one in takes)
        out.append(_finding(series, Family.LATENCY, since, until, t / SURE, (m1, m0), (slow, n1)))
    return out


def forced(traces: Sequence[Trace], found: Seen, since: float, until: float, begin: float, seed: int) -> Seen:
    """Findings where nothing is wrong, at four places drawn by the seed: what a detector with false alarms would say.
    They say what was measured; the latency of the first is said to be a fifth above the usual."""
    counts: dict[Labels, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    failed: dict[Labels, list[int]] = defaultdict(lambda: [0, 0])
    for trace in traces:
        for span in trace.spans:
            if span.kind == SpanKind.SERVER and begin < span.end <= until and (series := series_of(span, {})):
                counts[series][span.end > since].append(span.duration)
                failed[series][span.end > since] += span.failed
    places = sorted((one for one, (good, bad) in counts.items() if len(good) >= 10 and len(bad) >= 10),
                    key=lambda one: zlib.crc32(f"{seed} {one}".encode()))[:4]  # fmt: skip
    out = list(found.findings)
    for series in places:
        good, bad = counts[series]
        m0, m1 = fmean(good), fmean(bad)
        slow = (sum(one > m0 for one in bad), len(bad))
        out.append(_finding(series, Family.LATENCY, since, until, 1.0, (max(m1, 1.2 * m0), m0), slow))
        if failed[series][True]:
            share, usual = failed[series][True] / len(bad), failed[series][False] / len(good)
            said = (max(share, usual + 0.005), usual)
            out.append(_finding(series, Family.ERRORS, since, until, 1.0, said, (failed[series][True], len(bad))))
    return Seen(tuple(out), found.edges, found.known, found.answering, found.silent, found.called, True)


def asked(traces: Sequence[Trace], at: Span, since: float, until: float) -> Finding:
    """A finding of latency at the place of a span, whatever is measured there: to ask where the rule finds nothing."""
    series = series_of(at, {})
    if series is None:
        raise ValueError(f"{at.name} neither serves nor calls")
    sides: tuple[list[float], list[float]] = ([], [])
    for trace in traces:
        for span in trace.spans:
            if span.kind in SERVING and span.end <= until and series_of(span, {}) == series:
                sides[span.end > since].append(span.duration)
    good, bad = sides
    m0, m1 = fmean(good), fmean(bad)
    return _finding(series, Family.LATENCY, since, until, 1.0, (m1, m0), (len(bad), len(bad)))


def of_case(case: Case, harmless: bool) -> Seen:
    """What there is to see of a case, at its end, with its onset known late."""
    since, begin = case.onset + case.late, case.onset - 900.0
    found = seen(case.traces, since, case.end, begin)
    return forced(case.traces, found, since, case.end, begin, case.seed) if harmless else found


class Drawing:
    """Draws populations from traces, which it has put in order by the services in them."""

    def __init__(self, traces: Iterable[Trace]) -> None:
        self._entries: dict[str, list[tuple[Span, str, Trace]]] = defaultdict(list)
        for trace in traces:
            servers = {span.parent_id: span.service for span in trace.spans if span.kind in SERVING}
            for span in trace.spans:
                if span.kind in SERVING or span.kind in CALLING:
                    self._entries[span.service].append((span, servers.get(span.span_id, ""), trace))

    def drawn(self, wanted: Population) -> list[Trace]:
        """At most `limit` traces, evenly over slices of the window, in a slice by the hash of their id: as the
        platform's own sources draw them."""
        ends: dict[str, tuple[float, Trace]] = {}
        for span, answered, trace in self._entries[wanted.service]:
            if _fits(wanted, span, answered):
                before = ends.get(trace.trace_id)
                ends[trace.trace_id] = (min(span.end, before[0]) if before else span.end, trace)
        width = max(wanted.window.seconds / SLICES, 1e-9)
        slices: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for name, (end, _) in ends.items():
            slice_ = min(SLICES - 1, int((end - wanted.window.start) / width))
            slices[slice_].append((zlib.crc32(name.encode()), name))
        ranked = sorted(
            (rank, slice_, name) for slice_, mine in slices.items() for rank, (_, name) in enumerate(sorted(mine))
        )
        return [ends[name][1] for _, _, name in ranked[: wanted.limit]]


def _fits(wanted: Population, span: Span, answered: str) -> bool:
    if not wanted.window.start < span.end <= wanted.window.end:
        return False
    if wanted.callee:
        if span.kind not in CALLING or wanted.callee not in (span.peer, answered if not span.peer else ""):
            return False
    elif span.kind not in SERVING or not span.goes_by(wanted.route):
        return False
    if wanted.method and span.method not in ("", wanted.method):
        return False
    if wanted.kind == PopulationKind.FAILED:
        return span.failed
    if wanted.kind == PopulationKind.SLOW:
        return span.duration > wanted.threshold
    return not span.failed and (not wanted.threshold or span.duration <= wanted.threshold)


def _welch(before: Sequence[float], after: Sequence[float]) -> float:
    """Welch's t of the logarithms (Biometrika 34, 1947) as the normal deviate that is as rare (Wallace, Annals of
    Mathematical Statistics 30, 1959): of four requests a t of 3.5 says little."""
    one, other = [log(max(each, 1e-6)) for each in before], [log(max(each, 1e-6)) for each in after]
    m0, m1 = fmean(one), fmean(other)
    parts = [
        max(sum((each - mean) ** 2 for each in side) / (len(side) - 1) / len(side), 1e-12)
        for side, mean in ((one, m0), (other, m1))
    ]
    freedom = sum(parts) ** 2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, (one, other), strict=True))
    t = (m1 - m0) / sqrt(sum(parts))
    deviate = (8 * freedom + 1) / (8 * freedom + 3) * sqrt(freedom * log(1 + t * t / freedom))
    return deviate if t > 0 else -deviate


def _finding(
    series: Labels, family: Family, since: float, until: float, score: float, means: tuple[float, float],
    counts: tuple[int, int],
) -> Finding:  # fmt: skip
    return Finding(
        series=series, family=family, onset=since + STEP, at=until, score=score, observed=means[0], expected=means[1],
        bad=float(counts[0]), total=float(counts[1]), confidence=min(0.99, 0.5 + 0.2 * score),
    )  # fmt: skip


def _silence(service: str, since: float, until: float) -> Finding:
    return _finding(labels(service=service), Family.SILENCE, since, until, 2.0, (0.0, 10.0), (0, 0))
