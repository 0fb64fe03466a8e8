"""The charts of a service and of its series."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Final

import numpy as np

from aiops.health import RouteHistory, ServiceHistory
from aiops.model import Change, Family, Incident, SeriesState, Tier, Verdict, Window
from aiops.model.arrays import Floats
from aiops.presentation import filters
from aiops.presentation.numbers import percent
from aiops.service.details import JudgedHistory
from aiops.web.chart import Chart, Curves, Flag, chart, spark, strip
from aiops.web.drawing import Shade

SPARKS: Final = 60
"""The most points of a small line."""
TITLES: Final = {
    Family.ERRORS: "Failed requests",
    Family.LATENCY: "Mean duration of a request",
    Family.TRAFFIC: "Requests",
    Family.SILENCE: "Spans and points that arrived",
}
AMOUNTS: Final[dict[Family, Callable[[float], str]]] = {
    Family.ERRORS: percent,
    Family.LATENCY: filters.duration,
    Family.TRAFFIC: filters.rate,
    Family.SILENCE: lambda value: f"{value:.3g}/s",
}
MOST_SCORE: Final = 5.0
"""Scores beyond this are drawn as this, so that the boundary stays visible."""
STATES: Final = {
    "learning": "learning: nothing is judged",
    "normal": "normal",
    "suspect": "suspect: abnormal, not confirmed",
    "incident": "alerted",
    "recovering": "recovering",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSparks:
    """A route with its small lines: rate, errors, duration."""

    route: RouteHistory
    rate: str
    errors: str
    duration: str
    points: int
    per_second: float


def red_charts(of: ServiceHistory, flags: Sequence[Flag]) -> list[Chart]:
    """Return the charts of rate, errors and durations of a service, on one axis of time."""
    whole, named = of.whole, ", ".join(("mean", *of.quantiles))
    durations = {"mean": whole.means.tolist(), **{name: one.tolist() for name, one in of.quantiles.items()}}

    def drawn(title: str, family: Family, lines: dict[str, list[float]]) -> Chart:
        usual = of.usual.get(family)
        return chart(
            Curves(
                title=title,
                window=of.window,
                step=of.step,
                times=of.ends.tolist(),
                lines=lines,
                amount=AMOUNTS[family],
                lower=usual.lower.tolist() if usual else (),
                upper=usual.upper.tolist() if usual else (),
                flags=flags,
            )
        )

    return [
        drawn("Request rate", Family.TRAFFIC, {"observed": (whole.requests / of.step).tolist()}),
        drawn("Failed requests", Family.ERRORS, {"observed": whole.error_ratios.tolist()}),
        drawn(f"Duration: {named}", Family.LATENCY, durations),
    ]


def route_sparks(of: ServiceHistory) -> list[RouteSparks]:
    """Return the small lines of all routes; neighbouring steps are put together where there are many."""
    width = max(1, -(-len(of.ends) // SPARKS))
    out = []
    for one in of.routes:
        some = RouteHistory(
            series=one.series,
            requests=_packed(one.requests, width),
            errors=_packed(one.errors, width),
            seconds=_packed(one.seconds, width),
        )
        out.append(
            RouteSparks(
                route=one,
                rate=spark(some.requests.tolist()),
                errors=spark(some.error_ratios.tolist()),
                duration=spark(some.means.tolist()),
                points=max(len(some.requests), 1),
                per_second=one.count / max(of.step * len(of.ends), 1e-9),
            )
        )
    return out


def judged_charts(of: JudgedHistory, step: float, flags: Sequence[Flag]) -> list[Chart]:
    """Return the charts of a series whose verdicts are stored: what was observed and expected, and its score."""
    times = [one.at for one in of.verdicts]
    lines = {"observed": [one.observed for one in of.verdicts], "expected": [one.expected for one in of.verdicts]}
    seen = Curves(
        title=TITLES[of.family],
        window=of.window,
        step=step,
        times=times,
        lines=lines,
        amount=AMOUNTS[of.family],
        lower=[one.lower for one in of.verdicts],
        upper=[one.upper for one in of.verdicts],
        flags=flags,
    )
    score = Curves(
        title="Score: 1 is the boundary",
        window=of.window,
        step=step,
        times=times,
        lines={"score": [min(one.score, MOST_SCORE) for one in of.verdicts]},
        levels={"boundary": 1.0},
        amount=lambda value: f"{value:.3g}",
        flags=flags,
    )
    return [chart(seen), chart(score)]


def plain_chart(family: Family, of: Window, step: float, times: Sequence[float], values: Sequence[float]) -> Curves:
    """Return the curves of a series whose verdicts are not stored."""
    return Curves(
        title=TITLES[family], window=of, step=step, times=times, lines={"observed": values}, amount=AMOUNTS[family]
    )


def state_word(one: Verdict) -> str:
    """Return the name of a state on a strip."""
    return "learning" if one.tier == Tier.WARMUP or isnan(one.score) else SeriesState(one.state).name.lower()


def state_strip(of: JudgedHistory, step: float) -> tuple[Shade, ...]:
    """Return the states of a series over time."""
    return strip(of.window, [one.at for one in of.verdicts], [state_word(one) for one in of.verdicts], step)


def told_strip(of: JudgedHistory, incidents: Sequence[Incident]) -> tuple[Shade, ...]:
    """Return when an incident had the series among its symptoms, for a family whose verdicts are not stored."""
    spans = [
        (max(each.onset, of.window.start), min(each.ended or one.resolved_at or of.window.end, of.window.end))
        for one in incidents
        if (of.series, str(of.family)) in one.symptoms
        for each in one.episodes or (one.episode,)
    ]
    out: list[Shade] = []
    for start, end in sorted(spans):
        if start < end:
            out += strip(of.window, [end], ["incident"], end - start)
    return tuple(out)


def marks(incidents: Sequence[Incident], changes: Sequence[Change]) -> list[Flag]:
    """Return the moments that charts mark."""
    out = [Flag(one.onset, "onset", f"{filters.clock(one.onset)} begins: {one.title}") for one in incidents]
    out += [
        Flag(one.resolved_at, "over", f"{filters.clock(one.resolved_at)} over: {one.title}")
        for one in incidents
        if one.resolved_at is not None
    ]
    for one in changes:
        what = " ".join(filter(None, (one.kind, one.version, one.text)))
        out.append(Flag(one.at, "change", f"{filters.clock(one.at)} {what}"))
    return out


def _packed(values: Floats, width: int) -> Floats:
    """Sum so many neighbours each, counted from the end; NaN only where all are."""
    if width == 1 or not len(values):
        return values
    table = np.concatenate([np.full(-len(values) % width, np.nan), values]).reshape(-1, width)
    out: Floats = np.where(np.isnan(table).all(axis=1), np.nan, np.nansum(table, axis=1))
    return out
