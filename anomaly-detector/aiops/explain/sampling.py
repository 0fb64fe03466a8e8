"""How many requests a sampled one stands for.

A sampler keeps a trace if its random number is at least a threshold, and writes the threshold into the trace state as
`ot=th:…`, up to 14 hexadecimal digits without the zeros at their end (OpenTelemetry, Tracestate: probability sampling).
A trace kept with the threshold T stands for 1 / (1 - T / 2⁵⁶) traces: the estimator of Horvitz & Thompson (JASA 47,
1952).
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from aiops.model import Span, names
from aiops.model.arrays import Floats

DIGITS: Final = 14
MOST: Final = 1e6
"""A trace never stands for more: one with a wrong threshold must not outweigh all others."""


def stands_for(span: Span) -> float:
    """Return of how many requests this one was drawn; 1 where nothing is said, or nonsense."""
    text = span.attributes.get(names.SAMPLING_THRESHOLD, "")
    if not text or len(text) > DIGITS or not set(text) <= set("0123456789abcdef"):
        return 1.0
    return min(16**DIGITS / (16**DIGITS - int(text.ljust(DIGITS, "0"), 16)), MOST)


def counts(spans: Iterable[Span]) -> Floats:
    """Return of how many requests each was drawn, one value a span."""
    return np.fromiter(map(stands_for, spans), float)
