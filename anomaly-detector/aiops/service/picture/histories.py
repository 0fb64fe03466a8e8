"""The series of an incident over time, and which of them are shown."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Final

from aiops.model import Family, Incident, IncidentEvidence, Labels, Verdict, Window, names, value_of
from aiops.service.picture.shapes import JudgedHistory

HIT: Final = 4
"""Series that suffer beside the cause's, at most."""

Histories = Mapping[tuple[Labels, str], JudgedHistory]


def worst(incident: Incident, evidence: IncidentEvidence | None) -> list[tuple[Labels, str]]:
    """The symptoms of an incident, the worst known ones first."""
    measured = [(one.series, one.family) for one in evidence.symptoms] if evidence is not None else []
    return list(dict.fromkeys([*(one for one in measured if one in incident.symptoms), *incident.symptoms]))


def histories(verdicts: Iterable[Verdict]) -> dict[tuple[Labels, str], JudgedHistory]:
    """Put verdicts, by time, together by series and family."""
    found: dict[tuple[Labels, str], list[Verdict]] = defaultdict(list)
    for one in verdicts:
        found[one.series, str(one.family)].append(one)
    return {
        key: JudgedHistory(
            series=key[0],
            family=Family(key[1]),
            times=tuple(one.at for one in some),
            observed=tuple(one.observed for one in some),
            expected=tuple(one.expected for one in some),
            lower=tuple(one.lower for one in some),
            upper=tuple(one.upper for one in some),
            score=tuple(one.score for one in some),
            states=tuple(one.state for one in some),
        )
        for key, some in found.items()
    }


def hit(
    symptoms: Sequence[tuple[Labels, str]],
    chosen: tuple[Labels, str] | None,
    found: Mapping[tuple[Labels, str], JudgedHistory],
    lasted: Window,
) -> tuple[JudgedHistory, ...]:
    """The series that suffer beside the cause's, the worst first, one of a place: requests that services serve, or
    calls where there are none."""
    known = [found[one] for one in symptoms if one in found and one != chosen]
    served = [one for one in known if not value_of(one.series, names.CALLER)]
    ranked = sorted(served or known, key=lambda one: (-_score(one, lasted), one.series, one.family))
    shown = chosen[0] if chosen else ()
    places: dict[Labels, JudgedHistory] = {}
    for one in ranked:
        if one.series != shown:
            places.setdefault(one.series, one)
    return tuple(places.values())[:HIT]


def _score(of: JudgedHistory, lasted: Window) -> float:
    scores = [
        score
        for at, score in zip(of.times, of.score, strict=True)
        if lasted.start < at <= lasted.end and isfinite(score)
    ]
    return sum(scores) / len(scores) if scores else 0.0


def usual(
    series: Labels, found: Mapping[tuple[Labels, str], JudgedHistory], lasted: Window
) -> tuple[float | None, float | None]:
    """The share of failures and the seconds that were expected when the trouble began; None where nothing is known."""
    return _expected(found.get((series, Family.ERRORS)), lasted), _expected(found.get((series, Family.LATENCY)), lasted)


def _expected(of: JudgedHistory | None, lasted: Window) -> float | None:
    if of is None:
        return None
    known = [(at, value) for at, value in zip(of.times, of.expected, strict=True) if isfinite(value)]
    before = [value for at, value in known if at <= lasted.start]
    return before[-1] if before else known[0][1] if known else None
