"""The present status of every objective: burn rates, urgency, remaining budget, and when it is spent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np

from aiops.model import Adjustment, CalendarPeriods, CompositeSlo, Labels, Missing, Rolling, Slo, Urgency, Window
from aiops.model.arrays import Floats
from aiops.model.promql import label
from aiops.ports import BurnRates, Forecast
from aiops.slo.live.budget import HOUR, Budget, budget, exhausted_in, lasting, projected, weights
from aiops.slo.live.counter import COVERED, SliCounter
from aiops.slo.rules import tiers
from aiops.slo.rules.prometheus import ABSENT_FOR
from aiops.slo.spec.periods import excluded, period_at

LOOKBACK: Final = tiers.HOUR
"""Seconds over which the recent burn rate is taken, for how long a budget lasts."""
LEAVING: Final = tiers.DAY
"""Seconds at the old end of a rolling period; their burn is what leaves the period next."""

SEEN_WHOLE: Final = 0.99
"""The coverage from which on a period counts as seen completely."""


class SloState(StrEnum):
    """The state of an objective: of all that apply, the worst."""

    NO_DATA = "no_data"
    BURNS_FAST = "burns_fast"
    EXHAUSTED = "exhausted"
    BURNS_SLOWLY = "burns_slowly"
    OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class SloStatus:
    """The status of a group of an objective at a time. `burn` is by window (seconds), None where nothing happened in
    it. `ruled`: the burn rates are those that Prometheus' rules recorded. `projected` is the share of the budget
    left at the end of a calendar period. `excluded` names the adjustment in force. `since` is when data began in the
    period."""

    slo: Slo
    group: Labels
    at: float
    heard: float | None
    period: Window
    budget: Budget
    burn: Mapping[int, float | None]
    ruled: bool
    urgency: Urgency | None
    exhausted_in: float | None
    projected: float | None
    excluded: str
    since: float | None = None

    @property
    def until(self) -> float:
        """The end of what the budget counts, Unix seconds."""
        return min(self.period.end, _counted_until(self.slo, self.heard, self.at))

    @property
    def began(self) -> float:
        """When what the budget counts began, Unix seconds: with the period, or with the data in it."""
        return self.period.start if self.since is None else self.since

    @property
    def whole(self) -> bool:
        """Whether there are data for the whole period so far, but for moments."""
        return self.budget.coverage >= SEEN_WHOLE

    @property
    def good(self) -> float | None:
        """The share of good events among the counted ones; None where nothing was counted."""
        return 1 - self.budget.bad / self.budget.events if self.budget.events > 0 else None

    @property
    def short(self) -> bool:
        """Whether the counted ratio is below the target although budget is left, only because the period has time
        without counts."""
        return self.good is not None and self.good < float(self.slo.target) and self.budget.left > 0

    @property
    def state(self) -> SloState:
        """The state: the worst one that applies."""
        if self.heard is None or self.at - self.heard > ABSENT_FOR:
            return SloState.NO_DATA
        if self.urgency == Urgency.PAGE:
            return SloState.BURNS_FAST
        if self.budget.left <= 0:
            return SloState.EXHAUSTED
        return SloState.BURNS_SLOWLY if self.urgency == Urgency.TICKET else SloState.OK


@dataclass(frozen=True, slots=True)
class CompositeStatus:
    """The status of a composite objective: weighted means over the parts that are known."""

    composite: CompositeSlo
    burn: Mapping[int, float | None]
    left: float | None


@dataclass(frozen=True, slots=True)
class _Counted:
    """Burn rates and bad events over each window, `(slots,)`, and burn rates as rules recorded them."""

    counter: SliCounter
    rates: Mapping[int, Floats]
    bad: Mapping[int, Floats]
    ruled: BurnRates


def statuses(
    counter: SliCounter, adjustments: Sequence[Adjustment], now: float, forecast: Forecast, ruled: BurnRates
) -> list[SloStatus]:
    """Return all groups of all objectives that can be counted, in the order of the objectives. An objective without any
    data has one empty group."""
    rates, bad = _burns(counter)
    counted = _Counted(counter, rates, bad, _by_group(counter.slos, ruled))
    places: dict[str, list[int]] = {}
    for row, slo in enumerate(counter.of):
        places.setdefault(slo.name, []).append(row)
    out: list[SloStatus] = []
    for slo in counter.slos:
        if slo.name not in counter.matcher.left_out:
            rows = sorted(places.get(slo.name, ()), key=lambda row: counter.groups[row])
            out.extend(_of(slo, rows, counted, adjustments, now, forecast))
    return out


def composite_status(composite: CompositeSlo, found: Sequence[SloStatus]) -> CompositeStatus:
    """Return the weighted means over the parts; a part that is split counts as the mean of its groups."""
    parts = [(weight, [one for one in found if one.slo.name == name]) for name, weight in composite.parts]
    burn = {
        window: _mean([(weight, [each.burn[window] for each in some]) for weight, some in parts])
        for window in tiers.WINDOWS
    }
    left = _mean([(weight, [each.budget.left for each in some if each.heard]) for weight, some in parts])
    return CompositeStatus(composite, burn, left)


def _mean(parts: Sequence[tuple[Decimal, Sequence[float | None]]]) -> float | None:
    """Return the weighted mean over the parts; each part counts as the mean of its known values."""
    known = [(float(weight), [one for one in values if one is not None]) for weight, values in parts]
    means = [(weight, sum(values) / len(values)) for weight, values in known if values]
    total = sum(weight for weight, _ in means)
    return sum(weight * value for weight, value in means) / total if total else None


def _by_group(slos: Sequence[Slo], ruled: BurnRates) -> dict[tuple[str, Labels], dict[int, float]]:
    """Return what rules recorded, by objective and group alone: the other labels may be old ones, or those of one
    Prometheus. Of several values for a window the largest counts."""
    named = {one.name: one for one in slos}
    out: dict[tuple[str, Labels], dict[int, float]] = {}
    for (name, labels), rates in ruled.items():
        if name in named:
            found = out.setdefault((name, _split(named[name], dict(labels))), {})
            for window, rate in rates.items():
                found[window] = max(rate, found.get(window, rate))
    return out


def _split(slo: Slo, labels: Mapping[str, str]) -> Labels:
    """Return the labels that an objective is split by; a label without a value is left out."""
    split = {label(one) for one in slo.group_by}
    return tuple(sorted((key, value) for key, value in labels.items() if key in split and value))


def _burns(counter: SliCounter) -> tuple[dict[int, Floats], dict[int, Floats]]:
    """Return burn rates and bad events over each window, `(slots,)`. Slices are a share of the window's time."""
    allowed = np.array([float(slo.allowed) for slo in counter.of])
    width = np.array([float(slo.slices.seconds) if slo.slices else np.nan for slo in counter.of])
    rates, wrong = {}, {}
    for window in tiers.WINDOWS:
        events, bad, _ = counter.windows.counts(window).T
        for longer in np.unique(width[width > window]):  # slices that are longer than the window: the last one counts
            rows = width == longer
            events[rows], bad[rows] = counter.windows.counts(int(longer))[rows, :2].T
        sliced = np.where(events > 0, bad * width / np.maximum(window, width), np.nan)
        rates[window] = np.where(np.isnan(width), counter.windows.ratios(window), sliced) / allowed
        wrong[window] = bad
    return rates, wrong


def _of(
    slo: Slo,
    rows: Sequence[int],
    of: _Counted,
    adjustments: Sequence[Adjustment],
    now: float,
    forecast: Forecast,
) -> Iterator[SloStatus]:
    counter = of.counter
    ends = (counter.hours.ends() * HOUR).astype(np.float64)
    held = _reason(slo, adjustments, now)
    for row in rows or (None,):
        group = counter.groups[row] if row is not None else ()
        heard = None if row is None or np.isnan(counter.slots.heard[row]) else float(counter.slots.heard[row])
        at = _counted_until(slo, heard, now)
        period = period_at(slo.period, at)
        out = excluded(slo, adjustments, period) if adjustments else []
        elapsed = Window(period.start, min(period.end, at))
        share = weights(ends, period, at, out)
        sums = counter.hours.sums[row] if row is not None else np.zeros((4, len(ends)))
        found = budget(slo, sums @ share, lasting(elapsed, out), lasting(period, out))
        told = of.ruled.get((slo.name, _split(slo, {label(key): value for key, value in group})))
        burn = _burn(row, of.rates, told)
        bad = {window: float(of.bad[window][row]) if row is not None else 0.0 for window in tiers.WINDOWS}
        burning = burn[LOOKBACK] or 0.0
        yield SloStatus(
            slo=slo,
            group=group,
            at=now,
            heard=heard,
            period=period,
            budget=found,
            burn=burn,
            ruled=told is not None,
            urgency=None if held is not None else _urgency(slo, burn, bad),
            exhausted_in=_lasts(slo, found, burning, _leaving(slo, sums, ends, period), period, now),
            projected=_projected(slo, group, found, burning, period, now, forecast),
            excluded=held or "",
            since=_began(sums, ends, share, period, at),
        )


def _counted_until(slo: Slo, heard: float | None, now: float) -> float:
    """Return until when a budget counts: with missing data a frozen one is that at the time of the last data."""
    return heard if slo.missing == Missing.FREEZE and heard is not None else now


def _burn(row: int | None, rates: Mapping[int, Floats], told: Mapping[int, float] | None) -> dict[int, float | None]:
    if told is not None:
        return {window: told.get(window) for window in tiers.WINDOWS}
    if row is None:
        return dict.fromkeys(tiers.WINDOWS)
    return {window: None if np.isnan(rate[row]) else float(rate[row]) for window, rate in rates.items()}


def _urgency(slo: Slo, burn: Mapping[int, float | None], bad: Mapping[int, float]) -> Urgency | None:
    """Return the urgency that the alert rules would report."""
    firing = {
        tier.urgency
        for tier in tiers.live(slo)
        if min(burn[tier.long] or 0.0, burn[tier.short] or 0.0) > tier.factor(slo.period)
        and bad[tier.long] >= slo.min_bad_events
    }
    return next((urgency for urgency in Urgency if urgency in firing), None)


def _lasts(slo: Slo, found: Budget, burning: float, leaving: float, period: Window, now: float) -> float | None:
    """Return the seconds until the budget is spent; None where the calendar period ends before that."""
    seconds = exhausted_in(found.left, tiers.seconds(slo.period), burning, leaving)
    ends_first = isinstance(slo.period, CalendarPeriods) and seconds is not None and now + seconds > period.end
    return None if ends_first else seconds


def _began(sums: Floats, ends: Floats, share: Floats, period: Window, at: float) -> float | None:
    """Return when data began in a period: to the hour, refined by the covered share of that hour; None without any."""
    there = (share > 0) & (sums[COVERED] > 0)
    if not there.any():
        return None
    end = float(ends[there].min())
    covered = float(sums[COVERED][ends == end][0])
    return max(period.start, min(end, at) - min(covered, HOUR))


def _leaving(slo: Slo, sums: Floats, ends: Floats, period: Window) -> float:
    """Return the burn rate of the time that leaves a rolling period next."""
    if not isinstance(slo.period, Rolling):
        return 0.0
    old = (ends > period.start) & (ends <= period.start + LEAVING)
    events, bad, watched, _ = sums[:, old].sum(axis=1)
    if slo.slices is not None:
        events = watched / slo.slices.seconds
    return float(bad / events / float(slo.allowed)) if events > 0 else 0.0


def _projected(
    slo: Slo, group: Labels, found: Budget, burning: float, period: Window, now: float, forecast: Forecast
) -> float | None:
    if not isinstance(slo.period, CalendarPeriods):
        return None
    rest = Window(min(now, period.end), period.end)
    expected = rest.seconds / slo.slices.seconds if slo.slices else forecast.events(slo.name, group, rest)
    return None if expected is None else projected(slo, found, burning, expected)


def _reason(slo: Slo, adjustments: Sequence[Adjustment], now: float) -> str | None:
    """Return why the present does not count; None where it does."""
    moment = Window(now, now + 1.0)
    return next((one.reason or one.name for one in adjustments if excluded(slo, [one], moment)), None)
