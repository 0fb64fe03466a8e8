"""What is promised against live processes: a fault goes in, one explained incident comes out, and goes again."""

import os
import time

import pytest

from aiops.testing.waiting import until
from shop.catalogue import SCENARIOS

from .conftest import Platform, pss_mb
from .faults import live_through, said

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

# About a minute each: these few by default (payment-errors is in test_demo.py), any others, or "all" that live
# processes can have, by name.
FAULTS = "latency-spike,error-storm,cascading-failure,timeout,several-services,service-gone"
ASKED = os.environ.get("AIOPS_TEST_FAULTS") or FAULTS
CHOSEN = (
    [one for one in SCENARIOS.values() if one.live and one.faults]
    if ASKED == "all"
    else [SCENARIOS[name] for name in ASKED.split(",")]
)


def test_a_quiet_minute_makes_no_incident(platform: Platform) -> None:
    end = time.monotonic() + 60
    until(lambda: platform.all() or time.monotonic() > end, 90, "a minute to pass")
    assert platform.all() == []


@pytest.mark.parametrize("name", [one.name for one in CHOSEN if one.truth])
def test_fault_is_found_explained_and_resolved(platform: Platform, name: str) -> None:
    live_through(platform, name)


@pytest.mark.parametrize("name", [one.name for one in CHOSEN if not one.truth])
def test_what_does_no_harm_makes_no_incident(platform: Platform, name: str) -> None:
    before = platform.all()
    platform.shop.inject(platform.scenarios[name])
    try:
        end = time.monotonic() + 40
        until(lambda: platform.all() != before or time.monotonic() > end, 60, "a while to pass")
        assert platform.all() == before, said(platform)
    finally:
        platform.shop.clear()
    end = time.monotonic() + 20
    until(lambda: platform.all() != before or time.monotonic() > end, 40, "a while to pass")
    assert platform.all() == before, said(platform)


def test_memory_stays_within_what_was_promised(platform: Platform) -> None:
    engine, shop = pss_mb(platform.engine_pid), pss_mb(platform.shop.pid)
    print(f"engine {engine:.0f} MB, shop and load {shop:.0f} MB")
    assert engine <= 450
    assert shop <= 500
