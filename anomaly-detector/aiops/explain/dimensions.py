"""What the bad requests share and the good ones do not (docs/methods.md, What the bad share)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import erfc, sqrt

from aiops.explain import wilson
from aiops.model import Dimension, Span, names

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
MOST = 3
FALSE_DISCOVERY = 0.01


COMMON = 0.1  # of the good spans that must have a key for its values to be compared


def dimensions(bad: Sequence[Span], good: Sequence[Span]) -> tuple[Dimension, ...]:
    """Attribute values over-represented among bad spans of one origin: those whose lower bound among the bad lies above
    their upper bound among the good, after Benjamini-Hochberg over all values, widest gap first.

    Shares are of the spans that have the attribute at all. One that good spans lack was not looked at when they were
    sent, so that its values among the bad tell nothing.
    """
    if not bad or not good:
        return ()
    of_bad, of_good = [_pairs(span) for span in bad], [_pairs(span) for span in good]
    totals = Counter(key for pairs in of_bad for key in pairs), Counter(key for pairs in of_good for key in pairs)
    counts = _counts(of_bad), _counts(of_good)
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
    return tuple(Dimension(pair[0], pair[1], round(a, 3), round(b, 3)) for _, _, pair, a, b in kept[:MOST])


def _counts(spans: Iterable[Mapping[str, str]]) -> Counter[tuple[str, str]]:
    return Counter(pair for pairs in spans for pair in pairs.items())


def _pairs(span: Span) -> dict[str, str]:
    """What a span and its process say of themselves that may tell."""
    pairs = {**span.resource, **span.attributes}
    if span.version:
        pairs[names.SERVICE_VERSION] = span.version
    if span.instance:
        pairs[names.SERVICE_INSTANCE] = span.instance
    return {key: value for key, value in pairs.items() if not key.startswith(TELLS_NOTHING)}
