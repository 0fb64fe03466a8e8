"""Errors, latency and traffic are found as well after months as in the beginning: three months of bench/ageing_live.py,
an hour of each day, a step a minute."""

import pytest

from aiops.model import Family
from bench.ageing_live import BOUND, KEPT, Cells, by_month, count, lines, live, missed, recall
from bench.ageing_live_series import FAMILIES, MONTH, RATES, Route, Trouble, fleet, troubles

MONTHS, MINUTES = 3, 60


@pytest.fixture(scope="module")
def lived() -> tuple[list[Route], list[Trouble], Cells]:
    routes = fleet(1)
    faults = troubles(len(routes), 4 * MONTHS, MINUTES)
    return routes, faults, count(routes, faults, live(routes, faults, MONTH * MONTHS, MINUTES), MONTHS, MINUTES)


def test_it_finds_as_much_in_the_end_as_in_the_beginning(lived: tuple[list[Route], list[Trouble], Cells]) -> None:
    routes, faults, cells = lived
    months = by_month(cells)
    assert sum(one.events for one in months) == len(faults) == 4 * MONTHS * len(routes)
    assert recall(months[-1]) >= KEPT * recall(months[0])
    assert sum(one.found for one in months) >= 0.6 * len(faults)
    assert sum(one.false for one in months) <= BOUND * MONTHS * MONTH * len(routes)
    assert missed(months, len(routes)) == []
    assert len(lines("this release", cells, len(routes))) == 2 * (1 + len(cells)) + 2


def test_every_month_has_the_same_incidents() -> None:
    faults = troubles(16, 8, MINUTES)
    by_number = [
        sorted((one.route, one.family, one.size) for one in faults if one.week // 4 == month) for month in (0, 1)
    ]
    assert by_number[0] == by_number[1]
    assert {one.family for one in faults} == set(FAMILIES)
    assert all(one.last - one.first >= 15 and one.first % MINUTES + one.last - one.first < MINUTES for one in faults)


def test_incidents_and_false_troubles_are_counted_by_their_time() -> None:
    routes = fleet(1)[: len(RATES)]
    faults = [Trouble(0, 0, Family.LATENCY, 100, 130, 2.0), Trouble(1, 4, Family.ERRORS, 1700, 1720, 0.5)]
    looks = {
        (routes[0].scope, Family.LATENCY): [104, 109, 300],
        (routes[0].scope, Family.ERRORS): [155],
        (routes[1].scope, Family.ERRORS): [1760, 1765],
    }
    first, second = by_month(count(routes, faults, looks, 2, MINUTES))
    assert (first.events, first.found, first.false) == (1, 1, 1)
    assert (second.events, second.found, second.false) == (1, 0, 1)
