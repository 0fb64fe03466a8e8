"""The symptom that shows a cause best, and the number that it shows."""

from collections.abc import Iterable, Sequence
from typing import Final

from aiops.model import Cause, CauseKind, CauseMeasure, Family, Finding, Labels, names, value_of

SLOW_FIRST: Final = (Family.LATENCY, Family.ERRORS)
FAILING_FIRST: Final = (Family.ERRORS, Family.LATENCY, Family.SILENCE)
SHOWN_IN: Final = {
    CauseKind.LATENCY: (Family.LATENCY,),
    CauseKind.NETWORK: (Family.LATENCY,),
    CauseKind.ERRORS: (Family.ERRORS,),
    CauseKind.TIMEOUT: SLOW_FIRST,
    CauseKind.DOWN: FAILING_FIRST,
    CauseKind.DEPENDENCY: FAILING_FIRST,
    CauseKind.TRAFFIC: (Family.TRAFFIC,),
    CauseKind.MACHINE: SLOW_FIRST,
}
"""The symptom families in which a cause of a kind is seen, the most telling first."""
UNANSWERED: Final = frozenset({CauseKind.TIMEOUT, CauseKind.DOWN, CauseKind.NETWORK, CauseKind.DEPENDENCY})
"""Kinds of which the callers know more than the service itself."""

Symptom = tuple[Labels, str]


def telling(cause: Cause, symptoms: Iterable[Symptom]) -> Symptom | None:
    """Return the symptom that shows a cause best: of its place, its endpoint and its kind; None where none is of its
    place."""
    found = [(rank, one) for one in symptoms if (rank := _rank(cause, *one)) is not None]
    return min(found)[1] if found else None


def measured(
    cause: Cause, findings: Sequence[Finding], takes: float | None = None, took: float | None = None
) -> CauseMeasure | None:
    """Return the number that shows a cause best. takes, took: median seconds of the spans at the cause in bad and in
    good traces; for what sends no telemetry these are nearer to it than the means of its caller."""
    if cause.kind == CauseKind.LATENCY and cause.caller and takes is not None and took is not None:
        return CauseMeasure(Family.LATENCY, takes, took)
    if cause.kind == CauseKind.TRAFFIC:
        mine = [one for one in findings if one.family == Family.TRAFFIC]
        return CauseMeasure(Family.TRAFFIC, sum(one.observed for one in mine), sum(one.expected for one in mine))
    known = {(one.series, str(one.family)): one for one in findings}
    chosen = telling(cause, known)
    if chosen is None or chosen[1] == Family.SILENCE:
        return None
    return CauseMeasure(chosen[1], known[chosen].observed, known[chosen].expected)


def _rank(cause: Cause, series: Labels, family: str) -> tuple[int, int, int] | None:
    """How well a symptom shows a cause, small is better; None: it is not of its place."""
    shown, caller = SHOWN_IN[cause.kind], value_of(series, names.CALLER)
    if caller:
        here = value_of(series, names.CALLEE) == cause.service and cause.caller in ("", caller)
    else:
        here = value_of(series, names.SERVICE) == cause.service
    if family not in shown or not (here or cause.kind == CauseKind.MACHINE):
        return None
    place = (0 if caller else 1) if cause.kind in UNANSWERED or cause.caller else (1 if caller else 0)
    routed = cause.endpoint in ("", value_of(series, names.ROUTE)) and cause.method in (
        "",
        value_of(series, names.METHOD),
    )
    return place, 0 if routed or caller else 1, shown.index(Family(family))
