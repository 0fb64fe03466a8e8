"""What the bad requests share and the good ones do not (docs/methods.md, What the bad share)."""

from collections import Counter
from collections.abc import Collection, Sequence
from math import erfc, sqrt
from typing import TypeVar

from aiops.explain import wilson
from aiops.model import AttributeDifference, Dimension, Span, Trace, names

K = TypeVar("K", str, tuple[str, str])
# Consequences of a failure, and what is different in every request: neither can be its cause.
TELLS_NOTHING = (
    "http.response.status_code",
    "http.status_code",
    "error.type",
    "exception.",
    "http.response.",
    "thread.",
    "url.full",
    "http.url",
    "url.path",
    "http.target",
    "url.query",
    "client.",
    "net.",
    "network.",
    "server.",
    "user_agent.",
    "process.",
    "telemetry.",
    "service.name",
    names.SAMPLING_THRESHOLD,
)
Pairs = Collection[tuple[K, str]]
MOST = 3
FALSE_DISCOVERY = 0.01


COMMON = 0.1  # of the good spans that must have a key for its values to be compared


def dimensions(bad: Sequence[Span], good: Sequence[Span]) -> tuple[Dimension, ...]:
    """Attribute values over-represented among bad spans of one origin, widest gap first, as `_more_common` says."""
    found = _more_common([_pairs(span).items() for span in bad], [_pairs(span).items() for span in good])
    return tuple(Dimension(key, value, round(a, 3), round(b, 3)) for (key, value), a, b in found[:MOST])


def differences(selected: Sequence[Trace], rest: Sequence[Trace], most: int) -> tuple[AttributeDifference, ...]:
    """Attribute values of services that are more common in selected traces than in the rest, widest gap first, as
    `_more_common` says; shares are of the traces in which a span of the service has the attribute."""
    found = _more_common(*([_told(trace) for trace in side] for side in (selected, rest)))
    return tuple(AttributeDifference(*key, value, a, b) for (key, value), a, b in found[:most])


def _more_common(bad: Sequence[Pairs[K]], good: Sequence[Pairs[K]]) -> list[tuple[tuple[K, str], float, float]]:
    """Values that are more common on the bad side, with their shares of both: those whose lower bound among the bad
    lies above their upper bound among the good, after Benjamini-Hochberg over all values, widest gap first.

    Shares are of those that have the attribute at all. One that good ones lack was not looked at when they were sent,
    so that its values among the bad tell nothing.
    """
    if not bad or not good:
        return []
    totals = [Counter(key for pairs in side for key in {key for key, _ in pairs}) for side in (bad, good)]
    counts = [Counter(pair for pairs in side for pair in pairs) for side in (bad, good)]
    found = []
    for pair, hits in counts[0].items():
        others, total, total_good = counts[1].get(pair, 0), totals[0][pair[0]], totals[1].get(pair[0], 0)
        if total_good < COMMON * len(good):
            continue
        gap = wilson.interval(hits, total)[0] - wilson.interval(others, total_good)[1]
        pooled = (hits + others) / (total + total_good)
        spread = sqrt(max(pooled * (1 - pooled) * (1 / total + 1 / total_good), 1e-12))
        p = 0.5 * erfc((hits / total - others / total_good) / spread / sqrt(2))
        found.append((p, gap, pair, hits / total, others / total_good))
    found.sort(key=lambda one: (one[0], one[2]))
    passed = [rank for rank, one in enumerate(found, 1) if one[0] <= FALSE_DISCOVERY * rank / len(found)]
    kept = [one for one in found[: max(passed, default=0)] if one[1] > 0]
    kept.sort(key=lambda one: (-one[1], one[2]))
    return [(pair, a, b) for _, _, pair, a, b in kept]


def _told(trace: Trace) -> set[tuple[tuple[str, str], str]]:
    """What the spans of a trace tell, by service and attribute."""
    return {((span.service, key), value) for span in trace.spans for key, value in _pairs(span).items()}


def _pairs(span: Span) -> dict[str, str]:
    """What a span and its process say of themselves that may tell."""
    pairs = {**span.resource, **span.attributes}
    if span.version:
        pairs[names.SERVICE_VERSION] = span.version
    if span.instance:
        pairs[names.SERVICE_INSTANCE] = span.instance
    return {key: value for key, value in pairs.items() if not key.startswith(TELLS_NOTHING)}
