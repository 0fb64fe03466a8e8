"""When alerts fire, worked out exactly: the tables of the Site Reliability Workbook's method for 99.9 % of 30 days."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from aiops.model import Missing, Slices, Urgency
from aiops.slo.rules import tiers
from aiops.slo.rules.simulation import Phase, burn, burning, firing, simulate_counters

from .documents import CHECKOUT, one

SLO = one(CHECKOUT)
HISTORY = 3 * 24 * 60
OUTAGE = 360


def changes(*phases: Phase) -> list[tuple[int, int]]:
    """For each tier: minutes from the end of the first phase until it fires, and from the end of the second to the last
    in which it does."""
    counts = simulate_counters(phases)
    begins, ends = phases[0].minutes, phases[0].minutes + phases[1].minutes
    out = []
    for tier in tiers.TIERS:
        fires = np.flatnonzero(burning(SLO, counts, tier))
        out.append((int(fires[0]) - begins, int(fires[-1]) - ends))
    return out


def test_an_outage_is_seen_within_minutes_and_over_when_the_short_window_is_clean() -> None:
    found = changes(Phase(HISTORY, 1000), Phase(OUTAGE, 1000, 1000), Phase(HISTORY, 1000))
    # The counters themselves would say so after 5 minutes; the mean of five-minute rates is two minutes behind.
    assert [seen for seen, _ in found] == [1, 3, 7, 7]
    assert [cleared for _, cleared in found] == [4, 29, 119, 359]


def test_five_percent_of_errors() -> None:
    found = changes(Phase(HISTORY, 1000), Phase(OUTAGE, 1000, 50), Phase(HISTORY, 1000))
    assert [seen for seen, _ in found] == [18, 44, 89, 89]


def test_windows_of_the_counters_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiops.slo.rules.simulation.RAW", 3 * 86_400)
    found = changes(Phase(HISTORY, 1000), Phase(OUTAGE, 1000, 1000), Phase(HISTORY, 1000))
    assert found == [(1, 4), (3, 29), (5, 119), (5, 359)]
    found = changes(Phase(HISTORY, 1000), Phase(OUTAGE, 1000, 50), Phase(HISTORY, 1000))
    assert [seen for seen, _ in found] == [18, 44, 87, 87]


def test_burn_of_nothing_is_no_number() -> None:
    rates = burn(SLO, simulate_counters([Phase(60, 10, 1), Phase(60, 0)]), 300)
    assert rates[30] == pytest.approx(100)
    assert np.isnan(rates[119])


def test_slices_count_time_not_events() -> None:
    """Ten bad minutes of a hundred are ten per cent, however many events were in them."""
    sliced = replace(SLO, slices=Slices(60, Decimal("0.95")))
    counts = simulate_counters([Phase(50, 1000), Phase(10, 2, 2), Phase(40, 1000)])
    assert burn(sliced, counts, 100 * 60)[100] == pytest.approx(10 / 100 / 0.001, rel=0.02)
    assert burn(SLO, counts, 100 * 60)[100] == pytest.approx(20 / 90_020 / 0.001, rel=1e-9)


def test_slices_without_data_are_bad_where_that_was_agreed() -> None:
    sliced = replace(SLO, slices=Slices(60, Decimal("0.95")))
    counts = simulate_counters([Phase(60, 1000), Phase(30, 0)])
    assert firing(sliced, counts, Urgency.PAGE).sum() == 0
    missed = firing(replace(sliced, missing=Missing.BAD), counts, Urgency.PAGE)
    assert int(np.flatnonzero(missed)[-1]) == 90
    # Rules miss data at their first evaluation already; history that begins does not.
    begun = firing(replace(sliced, missing=Missing.BAD), replace(counts, watched=1), Urgency.PAGE)
    assert (missed[0], begun[0]) == (True, False)
