"""Objectives in words, and what their query strings mean."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from slo.documents import CHECKOUT, one

from aiops.model import CalendarPeriods, Labels, Period, Protocol, Rolling, Server, Slices, Slo, counted_requests
from aiops.presentation.objectives import (
    good_share,
    group_parameters,
    period_words,
    promise,
    read_group,
    slices_words,
    trace_search,
)
from aiops.presentation.trace_search import read_trace_search

SLO = one(CHECKOUT)


def serving(**more: object) -> Slo:
    assert isinstance(SLO.indicator, Server)
    return replace(SLO, indicator=replace(SLO.indicator, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ratio", "target", "written"),
    [
        (0.995, "0.995", "99.500%"),
        (0.99499999, "0.995", "99.499%"),
        (0.9999999, "0.99", "99.99%"),
        (1.0, "0.99", "100.00%"),
    ],
)
def test_a_missed_target_does_not_look_met(ratio: float, target: str, written: str) -> None:
    assert good_share(ratio, Decimal(target)) == written


@pytest.mark.parametrize(
    ("period", "written"),
    [
        (Rolling(30 * 86_400, "30d"), "30 days"),
        (Rolling(86_400, "1d"), "1 day"),
        (Rolling(5400, "90m"), "1 h 30 min"),
        (CalendarPeriods(1, 0, datetime(2026, 1, 1), "UTC", "1M"), "a calendar month"),
        (CalendarPeriods(2, 0, datetime(2026, 1, 1), "UTC", "2M"), "2 months"),
    ],
)
def test_periods_in_words(period: Period, written: str) -> None:
    assert period_words(period) == written


def test_what_is_promised() -> None:
    assert promise(SLO) == "99.9% of requests in 30 days"
    assert slices_words(replace(SLO, slices=Slices(60, Decimal("0.95")))) == "minutes"
    assert slices_words(replace(SLO, slices=Slices(300, Decimal("0.95")))) == "intervals of 5 min"


def test_a_group_is_read_as_it_is_written() -> None:
    group = (("http.request.method", ""), ("http.route", "/a=b"))
    assert read_group(group_parameters(group)) == group
    assert read_group([]) is None


@pytest.mark.parametrize(
    ("slo", "group", "found"),
    [
        (serving(), (), {"service": ["gateway"], "route": ["POST /checkout"], "status": ["failed"]}),
        (
            serving(threshold=Decimal("0.25")),
            (),
            {"service": ["gateway"], "route": ["POST /checkout"], "min": ["0.25s"]},
        ),
        (serving(method=""), (), {"service": ["gateway"], "route": ["/checkout"], "status": ["failed"]}),
        (
            serving(route=""),
            (),
            {"service": ["gateway"], "status": ["failed"], "attribute": ["http.request.method=POST"]},
        ),
        (
            serving(route="", method=""),
            (("http.route", "/x"),),
            {"service": ["gateway"], "route": ["/x"], "status": ["failed"]},
        ),
        (
            serving(protocol=Protocol.RPC, route="shop.Cart", method="Add"),
            (),
            {"service": ["gateway"], "route": ["shop.Cart/Add"], "status": ["failed"]},
        ),
    ],
)
def test_bad_requests_as_a_search(slo: Slo, group: Labels, found: dict[str, list[str]]) -> None:
    requests = counted_requests(slo, group)
    assert requests is not None
    assert requests.exact
    assert trace_search(requests) == found
    assert read_trace_search(trace_search(requests), 1_700_000_000.0).query.service == "gateway"


def test_all_methods_of_an_rpc_service_are_no_route() -> None:
    requests = counted_requests(serving(protocol=Protocol.RPC, route="shop.Cart", method=""), ())
    assert requests is not None
    assert (requests.route, requests.exact) == ("", False)
