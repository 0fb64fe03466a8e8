"""What the bad requests share and the good ones do not (METHODS 3.6)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import erfc, sqrt

from aiops.explain import wilson
from aiops.model import Dimension, Span

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
)
MOST = 3
FALSE_DISCOVERY = 0.01


def dimensions(bad: Sequence[Span], good: Sequence[Span]) -> tuple[Dimension, ...]:
    """Attribute values over-represented among bad spans of one origin: those whose lower bound among the bad lies above
    their upper bound among the good, after Benjamini-Hochberg over all values, widest gap first."""
    if not bad or not good:
        return ()
    of_bad, of_good = _counts(bad), _counts(good)
    found = []
    for pair, hits in of_bad.items():
        others = of_good.get(pair, 0)
        gap = wilson.interval(hits, len(bad))[0] - wilson.interval(others, len(good))[1]
        pooled = (hits + others) / (len(bad) + len(good))
        spread = sqrt(max(pooled * (1 - pooled) * (1 / len(bad) + 1 / len(good)), 1e-12))
        p = 0.5 * erfc((hits / len(bad) - others / len(good)) / spread / sqrt(2))
        found.append((p, gap, pair, hits / len(bad), others / len(good)))
    found.sort(key=lambda one: (one[0], one[2]))
    passed = [rank for rank, one in enumerate(found, 1) if one[0] <= FALSE_DISCOVERY * rank / len(found)]
    kept = [one for one in found[: max(passed, default=0)] if one[1] > 0]
    kept.sort(key=lambda one: (-one[1], one[2]))
    return tuple(Dimension(pair[0], pair[1], round(a, 3), round(b, 3)) for _, _, pair, a, b in kept[:MOST])


def _counts(spans: Iterable[Span]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for span in spans:
        pairs = {**span.resource, **span.attributes}
        if span.version:
            pairs["service.version"] = span.version
        if span.instance:
            pairs["service.instance.id"] = span.instance
        counts.update((key, value) for key, value in pairs.items() if not key.startswith(TELLS_NOTHING))
    return counts
