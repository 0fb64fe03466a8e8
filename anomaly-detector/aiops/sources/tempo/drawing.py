"""Which of the traces that a search found are drawn, and whether those that were read are what was looked for."""

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
from aiops.sources.tempo.api import Match
from aiops.sources.tempo.calls import SERVED, Callees
from aiops.sources.tempo.reader import Reader

SLICES: Final = 12
ROUNDS: Final = 4
"""Times that traces are read for a draw: what a search found and the conventions do not is replaced."""
SPARE: Final = 20
"""Traces that are read beyond a draw's limit, at most, to replace others."""

Fits = Callable[[Trace], float | None]
"""When the first (or last) span ended that a trace was looked for by; None when it has none."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What a draw may cost: traces that are read for it, those not counted that were read before; and a time from which
    on only the fewest are, by the clock that only goes on (s)."""

    most: float = math.inf
    stop: float = math.inf


def draw(
    reader: Reader, callees: Callees, ids: Sequence[str], limit: int, fits: Fits, at: float, effort: Effort
) -> list[Trace]:
    """Read the first traces of a ranking that fit, up to a limit; what is read teaches who answers where."""
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


def fitting(wanted: Population, callees: Callees) -> Fits:
    """When the first span ended that a population draws a trace by."""

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
    """Ids in the order of the draw: one of each slice, then the next of each; within a slice by the hash of the id."""
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
    """Traces with a matching span that ended in the window, or may have one, with its end."""
    out = []
    for match in matches:
        ends = [end for end in match.ends if ended(end, window)]
        if ends:
            out.append((choose(ends), match.trace_id))
        elif match.more:
            out.append((min(max(match.start, window.start), window.end), match.trace_id))
    return out


def slices(window: Window, until: float) -> list[Window]:
    """The twelve slices of a window, as far as they lie before a time."""
    width = window.seconds / SLICES
    edges = [*(window.start + width * at for at in range(SLICES)), window.end]
    return [Window(start, min(end, until)) for start, end in pairwise(edges) if start < until]


def ended(end: float, window: Window) -> bool:
    """Whether a time lies in (start, end], to the microsecond: finer, Unix seconds in a float are not exact."""
    return round(window.start, 6) < round(end, 6) <= round(window.end, 6)


def nanoseconds(seconds: float) -> int:
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


def _hash(trace_id: str) -> bytes:
    return blake2b(trace_id.encode(), digest_size=8).digest()
