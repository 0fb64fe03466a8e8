"""The alerts of an objective, computed exactly, minute by minute, from known counters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.model import Missing, Slo, Urgency
from aiops.model.arrays import Bools, Floats
from aiops.slo.rules import tiers
from aiops.slo.rules.prometheus import BASE, RAW
from aiops.slo.rules.tiers import AlertTier

MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of steady traffic: minutes, events per minute, and how many of them are bad."""

    minutes: int
    events: int
    bad: int = 0


@dataclass(frozen=True, slots=True)
class SimulatedCounters:
    """Counters at every minute from 0 on, as sent: `(minutes + 1,)`. Missing data are noticed from the minute `watched`
    on: rules notice them at their first evaluation."""

    events: Floats
    bad: Floats
    watched: int = 0


def simulate_counters(phases: Sequence[Phase]) -> SimulatedCounters:
    """Return the counters that result from phases one after the other."""
    events = np.repeat([one.events for one in phases], [one.minutes for one in phases])
    bad = np.repeat([one.bad for one in phases], [one.minutes for one in phases])
    return SimulatedCounters(np.concatenate([[0.0], np.cumsum(events)]), np.concatenate([[0.0], np.cumsum(bad)]))


def burn(slo: Slo, counts: SimulatedCounters, window: int) -> Floats:
    """Return the burn rate over a window (seconds) that ends at each minute; NaN where nothing happened in it.

    Time before the first minute counts as good. Slices of time end at multiples of their length.
    """
    bad, events = _rates(slo, counts, window)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(events > 0, bad / events, np.nan) / float(slo.allowed)


def firing(slo: Slo, counts: SimulatedCounters, urgency: Urgency) -> Bools:
    """Return whether the alert of this urgency fires at each minute, evaluated every minute."""
    out = np.zeros(len(counts.events), bool)
    for tier in tiers.live(slo):
        if tier.urgency == urgency:
            out |= burning(slo, counts, tier)
    return out


def burning(slo: Slo, counts: SimulatedCounters, tier: AlertTier) -> Bools:
    """Return whether the condition of one tier holds at each minute."""
    factor = float(tier.factor(slo.period))
    fires: Bools = (burn(slo, counts, tier.long) > factor) & (burn(slo, counts, tier.short) > factor)
    if slo.min_bad_events:
        fires &= _rates(slo, counts, tier.long)[0] * tier.long >= slo.min_bad_events
    return fires


def bad_slices(slo: Slo, counts: SimulatedCounters) -> tuple[Floats, Floats]:
    """Return whether the slice that ends at each minute is bad, and whether it is known; both are zero between slices.

    A slice in which nothing happened is unknown, unless missing data are bad.
    """
    assert slo.slices is not None
    width = slo.slices.seconds
    events, bad = (_rate(one, width) for one in (counts.events, counts.bad))
    ends = np.arange(len(events)) % (width // MINUTE) == 0
    known = (events > 0) & ends
    with np.errstate(invalid="ignore", divide="ignore"):
        wrong = known & (1 - bad / events < float(slo.slices.target))
    if slo.missing == Missing.BAD:
        missed = ends & (events <= 0) & (np.arange(len(events)) >= counts.watched)
        wrong, known = wrong | missed, known | missed
    return wrong.astype(np.float64), known.astype(np.float64)


def _rates(slo: Slo, counts: SimulatedCounters, window: int) -> tuple[Floats, Floats]:
    """Return bad and all events per second over a window."""
    if slo.slices is not None:
        wide = max(window, slo.slices.seconds)
        bad, known = bad_slices(slo, counts)
        return _summed(bad, wide) / wide, (_summed(known, wide) > 0) / slo.slices.seconds
    if window <= RAW:
        return _rate(counts.bad, window), _rate(counts.events, window)
    bad, events = (_summed(_rate(one, BASE), window) for one in (counts.bad, counts.events))
    return bad * MINUTE / window, events / _summed(np.ones(len(events)), window)


def _rate(counter: Floats, window: int) -> Floats:
    """Return the increase per second over the window that ends at each minute."""
    minutes = window // MINUTE
    before = np.concatenate([np.full(min(minutes, len(counter)), counter[0]), counter[:-minutes]])[: len(counter)]
    rates: Floats = (counter - before) / window
    return rates


def _summed(values: Floats, window: int) -> Floats:
    """Return the sum of the evaluations in the window that ends at each minute."""
    return _rate(np.concatenate([[0.0], np.cumsum(values)]), window)[1:] * window
