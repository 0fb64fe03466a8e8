"""The evidence for a candidate in sentences, with the numbers behind it."""

from collections.abc import Iterator
from math import isnan

from aiops.explain.comparison import Candidate, Comparison
from aiops.explain.excess import Excess
from aiops.explain.shape import NewShape
from aiops.model import CauseKind
from aiops.presentation.numbers import duration, percent

NAMES = 3
"""Calls that are named, of those that are missing or new."""


def sentences(found: Comparison, one: Candidate) -> list[str]:
    """What speaks for a candidate."""
    said = list(_failing(found, one))
    if one.slower is not None:
        said += _slower(one.slower)
    if one.shape is not None:
        said += _shape(one.shape)
    return said


def _failing(found: Comparison, one: Candidate) -> Iterator[str]:
    if one.failing:
        count = round(one.failing * found.bad)
        yield f"{percent(one.failing)} more of the requests fail ({count} of {found.bad}), and start to fail there"
    if one.spans:
        span = one.spans[0]
        text = span.exception_message or span.status_message or span.error_type
        if text or span.exception_type:
            yield f"the first of them says: {': '.join(filter(None, (span.exception_type, text)))}"


def _slower(one: Excess) -> Iterator[str]:
    where = "on the way there" if one.cause.kind == CauseKind.NETWORK else "there"
    time = one.seconds - one.more_calls
    if time > 0:
        usual = (
            "" if isnan(one.took) else f": a visit takes {duration(one.takes)} (median), usually {duration(one.took)}"
        )
        yield f"a request spends {duration(time)} more {where}, ± {duration(2 * one.error)}{usual}"
    if one.more_calls > 0:
        yield f"calls beyond the usual number cost a request {duration(one.more_calls)}"
    if not one.significant:
        yield "chance may explain it: it is a suspect only"


def _shape(one: NewShape) -> Iterator[str]:
    yield (
        f"{percent(one.share)} of {one.visits} visits call otherwise than usual (before: {percent(one.usual)}), "
        "and none of these failed"
    )
    for what, calls in (("missing", one.missing), ("new", one.added)):
        if calls:
            named = ", ".join(" ".join(filter(None, call)) for call in calls[:NAMES])
            more = f" and {len(calls) - NAMES} more" if len(calls) > NAMES else ""
            yield f"{what} calls: {named}{more}"
