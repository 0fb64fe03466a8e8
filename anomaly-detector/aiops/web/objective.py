"""The page of one objective: the charts of its groups, and links to the traces of bad requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from math import nan
from typing import Final

import numpy as np

from aiops.model import AttributeDifference, Burn, Incident, Window, iso
from aiops.presentation import filters
from aiops.presentation.numbers import span_of_time
from aiops.presentation.objectives import good_share, group_parameters, slices_words, trace_search
from aiops.service.bad_requests import BadRequests
from aiops.slo.live.history import BudgetHistory
from aiops.slo.live.status import SloStatus
from aiops.web.chart import Chart, Curves, Flag, chart

FUTURE: Final = 3.0
"""How many times as long as the time seen a projection may be drawn, so that the past stays readable."""
PROJECTED: Final = 40
"""Moments of a projection that the cursor reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """A group with its charts, of which the first is about good events and the second about the budget; none without
    data. `goes_on` is the time until which the projection is known, where the chart ends before it."""

    status: SloStatus
    charts: tuple[Chart, ...]
    flags: tuple[str, ...]
    interval: str
    projected: bool
    goes_on: float | None


def group_view(
    of: SloStatus, history: BudgetHistory, burns: Sequence[Burn], incidents: Sequence[Incident]
) -> GroupView:
    """Draw a group: its own burns and the incidents that list it are marked."""
    window = charted_window(of, history)
    flags = [
        Flag(one.since, "burn", f"{_when(one.since)} burns {filters.times(one.burn_rate)} as fast as allowed")
        for one in burns
        if one.group == of.group
    ]
    flags += [
        Flag(one.onset, "onset", f"{_when(one.onset)} begins: {one.title}")
        for one in incidents
        if any((each.slo, each.group) == (of.slo.name, of.group) for each in one.slo_impact)
    ]
    last = history.projection[-1][0] if history.projection else window.end
    return GroupView(
        status=of,
        charts=(good_chart(of, history, window, flags), budget_chart(history, window, flags))
        if history.buckets
        else (),
        flags=tuple(sorted({one.kind for one in flags if window.start <= one.at <= window.end})),
        interval=span_of_time(history.width),
        projected=bool(history.projection),
        goes_on=last if last > window.end + 1 else None,
    )


def charted_window(of: SloStatus, history: BudgetHistory) -> Window:
    """Return the time of the charts: the part of the period with data, and what lies before it as projected."""
    start, seen = of.began, max(of.until - of.began, 1.0)
    ahead = history.projection[-1][0] - of.until if history.projection else 0.0
    return Window(start, of.until + min(max(ahead, 0.0), FUTURE * seen))


def good_chart(of: SloStatus, history: BudgetHistory, window: Window, flags: Sequence[Flag]) -> Chart:
    """Draw the share of good events of each bucket as a level line; a bucket without any is a gap."""
    values = [nan if one.good is None else one.good for one in history.buckets]
    return chart(
        Curves(
            title=f"Good {slices_words(of.slo)}, per {span_of_time(history.width)}",
            window=window,
            step=history.width,
            times=_three(history),
            lines={"good": [value for value in values for _ in range(3)]},
            amount=partial(_share, target=of.slo.target),
            flags=flags,
            levels={"promised": float(of.slo.target)},
            gap_steps=0.75,
        )
    )


def budget_chart(history: BudgetHistory, window: Window, flags: Sequence[Flag]) -> Chart:
    """Draw the budget left at the end of each bucket, and its projection."""
    times, left = _three(history), []
    before = 1.0
    for one in history.buckets:
        left += [before, (before + one.left) / 2, one.left]
        before = one.left
    ahead: list[float] = []
    projected: list[float] = []
    if history.projection:
        known = np.array(history.projection)
        ahead = np.linspace(known[0, 0], min(known[-1, 0], window.end), PROJECTED).tolist()
        projected = np.interp(ahead, known[:, 0], known[:, 1]).tolist()
    return chart(
        Curves(
            title="Error budget left",
            window=window,
            step=history.width,
            times=[*times, *ahead],
            lines={"left": [*left, *[nan] * len(ahead)], "projected": [*[nan] * len(times), *projected]},
            amount=filters.signed_percent,
            flags=flags,
            levels={"spent": 0.0},
            joined=("projected",),
            gap_steps=0.75,
        )
    )


def group_address(of: SloStatus) -> dict[str, list[str]]:
    """Return the parameters of the page of one group."""
    return {"group": group_parameters(of.group)} if of.group else {}


def bad_search(of: BadRequests) -> dict[str, list[str]]:
    """Return the parameters of a search for the bad requests that were looked at."""
    assert of.requests is not None
    return {**trace_search(of.requests), **_time(of)}


def value_search(of: BadRequests, one: AttributeDifference) -> dict[str, list[str]]:
    """Return the parameters of a search for spans with a value: of the bad requests themselves, or, where another
    service has the attribute, of any of its spans."""
    pair = f"{one.attribute}={one.value}"
    if of.requests is None or one.service != of.requests.service:
        return {"service": [one.service], "attribute": [pair], **_time(of)}
    mine = bad_search(of)
    return {**mine, "attribute": [*mine.get("attribute", ()), pair]}


def _time(of: BadRequests) -> dict[str, list[str]]:
    return {"since": [iso(of.window.start)], "until": [iso(of.window.end)]}


def _three(history: BudgetHistory) -> list[float]:
    """Return start, middle and end of each bucket: with these a missing bucket is a gap, and a full one is none."""
    return [at for one in history.buckets for at in (one.start, (one.start + one.end) / 2, one.end)]


def _share(ratio: float, target: Decimal) -> str:
    digits = good_share(ratio, target).removesuffix("%")
    return f"{digits.rstrip('0').rstrip('.')}%" if "." in digits else f"{digits}%"


def _when(at: float) -> str:
    return f"{filters.day(at)} {filters.clock(at)} UTC"
