"""Which of the found traces are drawn, and whether the read traces really match."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Final

from aiops.model import Population, PopulationKind, Span, Trace, Window
from aiops.sources.common import spans
from aiops.sources.tempo.calls import SERVED, KnownCallees
from aiops.sources.tempo.client import Match
from aiops.sources.tempo.reader import TraceReader

SLICES: Final = 12
ROUNDS: Final = 4
"""How often traces are read for one draw: a trace that the search found but the conventions rule out is replaced."""
SPARE: Final = 20
"""The most traces that are read beyond the limit of a draw, to replace others."""

Fits = Callable[[Trace], float | None]
"""A function that returns when the first (or last) matching span of a trace ended; None when it has none."""


@dataclass(frozen=True, slots=True)
class Effort:
    """The limits of a draw: traces to read for it, not counting those already read; and a time (s, monotonic clock)
    from which on only the fewest are read."""

    most: float = math.inf
    stop: float = math.inf


def draw(
    reader: TraceReader, callees: KnownCallees, ids: Sequence[str], limit: int, fits: Fits, at: float, effort: Effort
) -> list[Trace]:
    """Read the first traces of a ranking that match, up to a limit; the read traces also teach which services answer
    where."""
    until = reader.read + effort.most
    whole: dict[str, Trace] = {}
    asked: set[str] = set()
    unfit: set[str] = set()
    for _ in range(ROUNDS):
        firsts = [one for one in ids if one not in unfit][:limit]
        new = [one for one in firsts if one not in asked]
        if not new or reader.read >= until or (asked and time.monotonic() >= effort.stop):
            break
        read = reader.traces(new[: int(min(until - reader.read, len(new)))], at, effort.stop)
        asked.update(new)
        whole |= read
        callees.learn(read.values())
        unfit.update(one for one in new if one not in whole or fits(whole[one]) is None)
    fit = [whole[one] for one in ids if one in whole and one not in unfit and fits(whole[one]) is not None]
    return [callees.named(one) for one in fit[:limit]]


def fitting(wanted: Population, callees: KnownCallees) -> Fits:
    """Return a function for when the first span ended by which a population draws a trace."""

    def served(trace: Trace) -> Iterable[Span]:
        return (one for one in trace.spans if one.kind in SERVED and one.goes_by(wanted.route))

    def called(trace: Trace) -> Iterable[Span]:
        return (one for one, callee in callees.calls(trace) if callee == wanted.callee or one.calls(wanted.callee))

    choose = called if wanted.callee else served

    def first(trace: Trace) -> float | None:
        ends = (
            one.end
            for one in choose(trace)
            if one.service == wanted.service
            and (not wanted.method or one.method in ("", wanted.method))
            and _is_kind(wanted, one)
            and ended(one.end, wanted.window)
        )
        return min(ends, default=None)

    return first


def ranked(matches: Iterable[Match], window: Window) -> list[str]:
    """Return ids in the order of the draw: one of each slice, then the next of each; within a slice by the hash of the
    id."""
    width = max(window.seconds, 1e-6) / SLICES
    first: dict[str, float] = {}
    for end, trace_id in inside(matches, window, min):
        first[trace_id] = min(end, first.get(trace_id, end))
    parts: Mapping[int, list[str]] = defaultdict(list)
    for trace_id, end in first.items():
        parts[min(int((end - window.start - 1e-6) / width), SLICES - 1)].append(trace_id)
    order = [
        (rank, place, trace_id)
        for place, ids in parts.items()
        for rank, trace_id in enumerate(sorted(ids, key=lambda one: (_hash(one), one)))
    ]
    return [trace_id for _, _, trace_id in sorted(order)]


def inside(
    matches: Iterable[Match], window: Window, choose: Callable[[Iterable[float]], float] = max
) -> list[tuple[float, str]]:
    """Return traces with a matching span that ended in the window, or may have one, with its end."""
    out = []
    for match in matches:
        ends = [end for end in match.ends if ended(end, window)]
        if ends:
            out.append((choose(ends), match.trace_id))
        elif match.more:
            out.append((min(max(match.start, window.start), window.end), match.trace_id))
    return out


def window_slices(window: Window, until: float) -> list[Window]:
    """Return the twelve slices of a window, as far as they lie before a time."""
    width = window.seconds / SLICES
    edges = [*(window.start + width * at for at in range(SLICES)), window.end]
    return [Window(start, min(end, until)) for start, end in pairwise(edges) if start < until]


def ended(end: float, window: Window) -> bool:
    """Whether a time lies in (start, end], to the microsecond: Unix seconds as floats are not exact beyond that."""
    return round(window.start, 6) < round(end, 6) <= round(window.end, 6)


def nanoseconds(seconds: float) -> int:
    """Convert seconds to nanoseconds."""
    return round(seconds * spans.NANO)


def _is_kind(wanted: Population, span: Span) -> bool:
    slow = nanoseconds(span.duration) > nanoseconds(wanted.threshold)
    match wanted.kind:
        case PopulationKind.FAILED:
            return span.failed
        case PopulationKind.SLOW:
            return slow
        case PopulationKind.GOOD:
            return not span.failed and not (wanted.threshold and slow)
        case PopulationKind.ANY:
            return True


def _hash(trace_id: str) -> bytes:
    return blake2b(trace_id.encode(), digest_size=8).digest()
