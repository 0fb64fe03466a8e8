"""Traces from Tempo: the TraceSource."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from itertools import pairwise
from typing import Final

from aiops.model import Population, PopulationKind, Span, Trace, TraceQuery, TraceSummary, Window
from aiops.sources.common import spans
from aiops.sources.tempo import traceql
from aiops.sources.tempo.api import Match
from aiops.sources.tempo.calls import SERVED, Callees
from aiops.sources.tempo.reader import Reader, pieces

SLICES: Final = 12
LOOK_BACK_SECONDS: Final = 300.0
"""How long before a window a callee may have answered for the last time and still be known by its address."""
LEARN_FROM: Final = 20
"""Traces that tell who answers where."""
ROUNDS: Final = 4
"""Times that traces are read for a draw: what a search found and the conventions do not is replaced."""

Fits = Callable[[Trace], float | None]
"""When the first (or last) span ended that a trace was looked for by; None when it has none."""


class TempoTraces:
    """Whole traces out of Tempo."""

    def __init__(self, reader: Reader, callees: Callees) -> None:
        self._reader = reader
        self._callees = callees

    def search(self, query: TraceQuery, window: Window, limit: int) -> list[TraceSummary]:
        """Find traces with a span that ended in the window and fits every field given, newest first.

        `failed` of a summary says whether any span of the trace failed. What ended within Tempo's cut-off is not found
        yet. Raises SourceError.
        """
        if limit <= 0:
            return []
        asked = traceql.sought(query)
        found: list[tuple[float, Trace]] = []
        for piece in pieces(window):
            if len(found) >= limit:
                break

            fits = partial(_last, query, piece)
            # Twice as many, because Tempo's newest are those that began last.
            matches = self._reader.searches([(asked, piece, 2 * limit)])[0]
            likely = sorted(_inside(matches, piece), key=lambda pair: -pair[0])
            whole: dict[str, Trace] = {}
            [drawn] = self._drawn([([one for _, one in likely], limit, fits)], whole)
            found += [(fits(trace) or 0.0, trace) for trace in drawn]
        unique = {trace.trace_id: (end, trace) for end, trace in reversed(found)}
        newest = sorted(unique.values(), key=lambda pair: (-pair[0], pair[1].trace_id))[:limit]
        return [spans.summary(trace) for _, trace in newest]

    def traces(self, ids: Sequence[str]) -> list[Trace]:
        """Read whole traces by id (32 hexadecimal digits), in the order asked; unknown ones are left out.

        Raises SourceError."""
        return list(self._reader.traces(f"{int(one, 16):032x}" for one in ids if _is_id(one)).values())

    def populations(self, wanted: Sequence[Population]) -> list[list[Trace]]:
        """Draw at most `limit` whole traces for each, evenly over time slices of its window; the same ones each time.

        Within a slice the hash of the trace id decides among the newest `limit` that Tempo finds there. Raises
        SourceError.
        """
        whole = self._learn(wanted)
        different = list(dict.fromkeys(wanted))
        asked = [
            (traceql.population(one, self._addresses(one)), piece, max(one.limit, 1))
            for one in different
            for part in _slices(one.window)
            for piece in pieces(part)
        ]
        answers = iter(self._reader.searches(asked))
        ranked = []
        for one in different:
            matches = [match for part in _slices(one.window) for _ in pieces(part) for match in next(answers)]
            ranked.append((_ranked(matches, one.window), one.limit, self._fits(one)))
        drawn = dict(zip(different, self._drawn(ranked, whole), strict=True))
        return [drawn[one] for one in wanted]

    def _drawn(self, ranked: Sequence[tuple[list[str], int, Fits]], whole: dict[str, Trace]) -> list[list[Trace]]:
        """The first traces of each ranking that fit, up to its limit; each is read once, into `whole`."""
        unfit: list[set[str]] = [set() for _ in ranked]
        asked = set(whole)
        for _ in range(ROUNDS):
            firsts = [
                [one for one in ids if one not in out][:limit]
                for (ids, limit, _), out in zip(ranked, unfit, strict=True)
            ]
            missing = [one for ids in firsts for one in ids if one not in asked]
            read = self._reader.traces(missing)
            asked.update(missing)
            whole.update(read)
            self._callees.learn(read.values())
            before = sum(map(len, unfit))
            for ids, (_, _, fits), out in zip(firsts, ranked, unfit, strict=True):
                out.update(one for one in ids if one not in whole or fits(whole[one]) is None)
            if sum(map(len, unfit)) == before:
                break
        return [
            [whole[one] for one in ids if one in whole and one not in out and fits(whole[one]) is not None][:limit]
            for (ids, limit, fits), out in zip(ranked, unfit, strict=True)
        ]

    def _learn(self, wanted: Iterable[Population]) -> dict[str, Trace]:
        """Read a few traces of those who call, to know who answers where."""
        asking = {
            (one.service, Window(one.window.start - LOOK_BACK_SECONDS, one.window.end)) for one in wanted if one.callee
        }
        asked = [
            (traceql.answers(caller), pieces(window)[0], LEARN_FROM)
            for caller, window in sorted(asking, key=lambda pair: (pair[0], pair[1].start))
        ]
        found = self._reader.searches(asked)
        whole = self._reader.traces(match.trace_id for matches in found for match in matches)
        self._callees.learn(whole.values())
        return whole

    def _addresses(self, wanted: Population) -> list[str]:
        return self._callees.addresses(wanted.service, wanted.callee, wanted.window) if wanted.callee else []

    def _fits(self, wanted: Population) -> Fits:
        def served(trace: Trace) -> Iterable[Span]:
            return (one for one in trace.spans if one.kind in SERVED and one.goes_by(wanted.route))

        def called(trace: Trace) -> Iterable[Span]:
            return (one for one, callee in self._callees.calls(trace) if callee == wanted.callee)

        choose = called if wanted.callee else served

        def first(trace: Trace) -> float | None:
            ends = (
                one.end
                for one in choose(trace)
                if one.service == wanted.service
                and (not wanted.method or one.method in ("", wanted.method))
                and _is_kind(wanted, one)
                and _ended(one.end, wanted.window)
            )
            return min(ends, default=None)

        return first


def _ranked(matches: Iterable[Match], window: Window) -> list[str]:
    """Ids in the order of the draw: one of each slice, then the next of each; within a slice by the hash of the id."""
    width = max(window.seconds, 1e-6) / SLICES
    first: dict[str, float] = {}
    for end, trace_id in _inside(matches, window, min):
        first[trace_id] = min(end, first.get(trace_id, end))
    slices: Mapping[int, list[str]] = defaultdict(list)
    for trace_id, end in first.items():
        slices[min(int((end - window.start - 1e-6) / width), SLICES - 1)].append(trace_id)
    order = [
        (rank, place, trace_id)
        for place, ids in slices.items()
        for rank, trace_id in enumerate(sorted(ids, key=lambda one: (_hash(one), one)))
    ]
    return [trace_id for _, _, trace_id in sorted(order)]


def _inside(
    matches: Iterable[Match], window: Window, choose: Callable[[Iterable[float]], float] = max
) -> list[tuple[float, str]]:
    """Traces with a matching span that ended in the window, or may have one, with its end."""
    out = []
    for match in matches:
        ends = [end for end in match.ends if _ended(end, window)]
        if ends:
            out.append((choose(ends), match.trace_id))
        elif match.more:
            out.append((min(max(match.start, window.start), window.end), match.trace_id))
    return out


def _slices(window: Window) -> list[Window]:
    width = window.seconds / SLICES
    edges = [*(window.start + width * at for at in range(SLICES)), window.end]
    return [Window(*pair) for pair in pairwise(edges)]


def _last(query: TraceQuery, window: Window, trace: Trace) -> float | None:
    """When the last span of a trace ended that a query looks for."""
    return max((one.end for one in trace.spans if _sought(query, one) and _ended(one.end, window)), default=None)


def _sought(query: TraceQuery, span: Span) -> bool:
    return (
        query.service in ("", span.service)
        and query.route in ("", span.route)
        and query.failed in (None, span.failed)
        and _nanoseconds(span.duration) >= _nanoseconds(query.min_duration)
    )


def _is_kind(wanted: Population, span: Span) -> bool:
    slow = _nanoseconds(span.duration) > _nanoseconds(wanted.threshold)
    match wanted.kind:
        case PopulationKind.FAILED:
            return span.failed
        case PopulationKind.SLOW:
            return slow
        case PopulationKind.GOOD:
            return not span.failed and not (wanted.threshold and slow)


def _ended(end: float, window: Window) -> bool:
    """Whether a time lies in (start, end], to the microsecond: finer, Unix seconds in a float are not exact."""
    return round(window.start, 6) < round(end, 6) <= round(window.end, 6)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * spans.NANO)


def _hash(trace_id: str) -> bytes:
    return blake2b(trace_id.encode(), digest_size=8).digest()


def _is_id(text: str) -> bool:
    return 0 < len(text) <= 32 and all(digit in "0123456789abcdefABCDEF" for digit in text) and int(text, 16) > 0
