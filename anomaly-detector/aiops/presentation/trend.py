"""Whether a trouble grows, stays or recedes: its last minutes beside its peak."""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Final

LATELY: Final = 120.0
"""Seconds that count as lately."""
LEAST: Final = 3
"""Steps that lately has at least."""
WORSE, BETTER = 1.15, 0.7
"""Lately in parts of what was before it, from which it gets worse; in parts of the peak, up to which it recovers."""


def trend(
    observed: Sequence[float], expected: Sequence[float], step: float, amount: Callable[[float], str]
) -> str | None:
    """Write how a trouble goes: `steady: 80% in the last 2 min, 83% in the worst`; None where it is too young to tell.

    observed, expected: since the onset, one value a step of so many seconds; NaN where nothing is known. It grows by
    its distance from what is expected, so that missing requests are a trouble too.
    """
    known = [pair for pair in zip(observed, expected, strict=True) if all(map(isfinite, pair))]
    size = max(LEAST, round(LATELY / step))
    if len(known) < 2 * size:
        return None
    means = [_means(known[at : at + size]) for at in range(len(known) - size + 1)]
    lately, peak = means[-1], max(means, key=lambda one: abs(one[0] - one[1]))
    before = _means(known[:-size])
    far, farthest, usual = (abs(one[0] - one[1]) for one in (lately, peak, before))
    word = "recovering" if far <= BETTER * farthest else "getting worse" if far >= WORSE * usual else "steady"
    minutes = f"{size * step / 60:.3g} min"
    return f"{word}: {amount(lately[0])} in the last {minutes}, {amount(peak[0])} in the worst"


def _means(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(one for one, _ in pairs) / len(pairs), sum(other for _, other in pairs) / len(pairs)
