"""What a comparison shows, as text and as a document."""

from collections.abc import Iterator
from math import isnan
from typing import Any

from aiops.cli.explain.comparing import ExplainAnswer
from aiops.explain import Candidate, sentences, wording
from aiops.explain.excess import Excess
from aiops.explain.shape import NewShape
from aiops.presentation.evidence import anatomy_document
from aiops.presentation.evidence_text import anatomy_rows
from aiops.presentation.numbers import duration, percent

TRACES = 3
"""Trace ids that are shown for a candidate."""
NO_CAUSE = "no cause found: what differs between the bad and the good requests may be chance"


def named_cause(found: ExplainAnswer) -> Candidate | None:
    """The candidate that is named as the cause; None where all are mere suspects."""
    return next((one for one in found.comparison.candidates[:1] if one.named), None)


def lines(found: ExplainAnswer, top: int) -> Iterator[str]:
    """The comparison in lines of text, with so many candidates."""
    one = found.comparison
    yield f"good: {one.good:,} requests, {found.good}"
    yield f"bad:  {one.bad:,} requests, {found.bad}"
    yield f"      {percent(one.failing[1])} fail (good: {percent(one.failing[0])})"
    yield f"      {percent(one.slow[1])} take longer than {duration(one.limit)} (good: {percent(one.slow[0])})"
    yield f"      {duration(one.seconds[1])} is their median (good: {duration(one.seconds[0])})"
    yield ""
    if named_cause(found) is None:
        yield NO_CAUSE
    for number, each in enumerate(one.candidates[:top], 1):
        yield f"{number}. {wording.title(each.cause)}" + ("" if each.named else " (suspected)")
        yield from (f"   {text}" for text in sentences(one, each))
        if each.traces:
            yield f"   traces: {', '.join(each.traces[:TRACES])}"
    yield ""
    yield from (f"{label:<10}{text}" for label, text in anatomy_rows(anatomy_document(found.anatomy).model_dump()))


def document(found: ExplainAnswer) -> dict[str, Any]:
    """The comparison as JSON: all candidates, and services in the order of suspicion."""
    one = found.comparison
    named = named_cause(found)
    return {
        "good": {"requests": one.good, "which": found.good},
        "bad": {"requests": one.bad, "which": found.bad},
        "failing": {"good": one.failing[0], "bad": one.failing[1]},
        "slow": {"good": one.slow[0], "bad": one.slow[1], "longer_than_seconds": one.limit},
        "median_seconds": {"good": one.seconds[0], "bad": one.seconds[1]},
        "cause": None if named is None else wording.title(named.cause),
        "no_cause": None if named is not None else NO_CAUSE,
        "services": list(dict.fromkeys(each.cause.service for each in one.candidates)),
        "candidates": [_candidate(found, each) for each in one.candidates],
        "anatomy": anatomy_document(found.anatomy).model_dump(),
        "notes": list(found.notes),
    }


def _candidate(found: ExplainAnswer, one: Candidate) -> dict[str, Any]:
    cause = one.cause
    return {
        "service": cause.service,
        "kind": str(cause.kind),
        "endpoint": cause.endpoint or None,
        "method": cause.method or None,
        "caller": cause.caller or None,
        "title": wording.title(cause),
        "named": one.named,
        "share": one.weight,
        "failing": one.failing,
        "slower": None if one.slower is None else _slower(one.slower),
        "shape": None if one.shape is None else _shape(one.shape),
        "evidence": sentences(found.comparison, one),
        "traces": list(one.traces),
    }


def _slower(one: Excess) -> dict[str, Any]:
    """What a place takes longer; see Excess."""
    return {
        "seconds_a_request": one.seconds,
        "standard_error": one.error,
        "of_it_by_more_calls": one.more_calls,
        "median_seconds_a_visit": {"good": _known(one.took), "bad": _known(one.takes)},
        "requests": len(one.entries),
    }


def _shape(one: NewShape) -> dict[str, Any]:
    """What a place calls otherwise; see NewShape."""
    return {
        "share_of_visits": {"good": one.usual, "bad": one.share},
        "interval": list(one.interval),
        "visits": one.visits,
        "missing": [" ".join(filter(None, call)) for call in one.missing],
        "added": [" ".join(filter(None, call)) for call in one.added],
    }


def _known(value: float) -> float | None:
    return None if isnan(value) else value
