"""Which trouble opens no incident, because a person said that it is none, and how bad it must be to open one again.

This teaches the detector nothing: the trouble is still found, judged and shown on the pages of series.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from aiops.incidents.fingerprint import fingerprint
from aiops.incidents.matching import symptoms_of
from aiops.model import Dismissal, Explained, Family, Finding
from aiops.presentation.numbers import percent

FACTORS: Mapping[str, float] = {Family.ERRORS: 2.0, Family.SILENCE: 2.0}
"""How many times as bad failures and silence must be; other families FACTOR times."""
FACTOR = 1.5
SHARES = frozenset({Family.ERRORS, Family.TRAFFIC})
"""Families that are measured as a share: it cannot be more than all."""


def how_bad(finding: Finding) -> float:
    """Return how bad a finding is: the share of requests that fail (errors) or that are missing (traffic), how many
    times as long as expected requests take (latency), else its score. 0 where nothing was measured."""
    found = finding.score
    if finding.family == Family.ERRORS:
        found = finding.observed
    elif finding.family == Family.LATENCY:
        found = finding.observed / finding.expected if finding.expected > 0 else math.nan
    elif finding.family == Family.TRAFFIC:
        found = 1.0 - finding.observed / finding.expected if finding.expected > 0 else math.nan
    return found if math.isfinite(found) else 0.0


def worst_levels(known: Sequence[tuple[str, float]], findings: Iterable[Finding]) -> tuple[tuple[str, float], ...]:
    """Return how bad each family is at its worst, by what is known and these findings."""
    levels = dict(known)
    for one in findings:
        levels[str(one.family)] = max(levels.get(str(one.family), 0.0), how_bad(one))
    return tuple(sorted(levels.items()))


def bar(family: str, level: float) -> float:
    """Return how bad a family must be to open an incident again. A share that cannot be so much larger must be half way
    to all."""
    wanted = level * FACTORS.get(family, FACTOR)
    return min(wanted, (1.0 + level) / 2) if family in SHARES else wanted


def is_dismissed(group: Explained, dismissals: Iterable[Dismissal]) -> bool:
    """Whether a group is what a person said is no incident, and not that much worse."""
    mine = fingerprint(group.root_cause, symptoms_of(group.findings))
    now = dict(worst_levels((), group.findings))
    for one in dismissals:
        levels = dict(one.levels)
        if one.fingerprint == mine and all(
            family in levels and level < bar(family, levels[family]) for family, level in now.items()
        ):
            return True
    return False


def opens_again(levels: Iterable[tuple[str, float]]) -> str:
    """Write how bad it must be to open an incident again: `when 80% of requests fail (40% now)`."""
    parts = []
    for family, level in levels:
        least = bar(family, level)
        if family == Family.ERRORS:
            parts.append(f"when {percent(least)} of requests fail ({percent(level)} when it was said)")
        elif family == Family.TRAFFIC:
            parts.append(f"when {percent(least)} of requests are missing ({percent(level)} when it was said)")
        elif family == Family.LATENCY:
            parts.append(f"when requests take {least:.1f} times as long as expected ({level:.1f} when it was said)")
        else:
            parts.append(f"when the score of {family} reaches {least:.1f} ({level:.1f} when it was said)")
    return ", or ".join((*parts, "when other symptoms come"))
