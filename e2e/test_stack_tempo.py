"""The stack with Tempo, where one is installed: causes out of its traces, and what happens while it is away."""

import os
import shutil
from collections.abc import Iterator

import pytest
import requests

from aiops.demo.shop import Shop, scenarios
from native.build import ensure
from native.components import Options
from native.stack import Stack

from .conftest import Platform, learned, until
from .faults import live_through, said

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("tempo") is None, reason="there is no tempo on PATH"),
]
OFFSET = int(os.environ.get("AIOPS_TEST_STACK_OFFSET", "8000")) - 2000
PACE = {"AIOPS_CYCLE_SECONDS": "5", "AIOPS_LATENESS_SECONDS": "8", "AIOPS_RESOLVE_SECONDS": "10"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = Options(ensure(), tmp_path_factory.mktemp("stack"), OFFSET, shop=True, engine_settings=PACE)
    with Stack(options) as running:
        yield running


@pytest.fixture(scope="module")
def platform(stack: Stack) -> Platform:
    shop = Shop(stack.urls["otlp-http"], OFFSET)
    one = Platform(shop, scenarios(), stack.urls["aiops"], stack.pid("aiops"))
    until(lambda: learned(one), 300, "every route of the shop has a baseline")
    return one


def test_a_cause_is_read_from_tempo(platform: Platform) -> None:
    live_through(platform, "cascading-failure")


def test_who_calls_whom_is_read_from_its_service_graph(platform: Platform) -> None:
    edges = {(one["caller"], one["callee"]) for one in platform.get("/aiops/topology")["edges"]}
    assert {("gateway", "checkout"), ("checkout", "payment"), ("checkout", "inventory")} <= edges


def test_traces_away_leave_an_incident_without_a_cause_until_they_are_back(stack: Stack, platform: Platform) -> None:
    stack.kill("tempo")
    platform.shop.inject(platform.scenarios["latency-spike"])
    try:
        until(platform.active, 60, "an incident is found without traces")
        assert all(one["root_cause"] is None for one in platform.active()), said(platform)
        assert all(one["no_cause"] for one in platform.active())
        reasons = requests.get(f"{platform.url}/ready", timeout=20).json()["reasons"]
        assert any("Tempo at" in one for one in reasons), reasons
        stack.restart("tempo")

        def explained() -> bool:
            causes = [(one["root_cause"] or {}).get("service") for one in platform.active()]
            return causes == ["payment"]

        until(explained, 150, f"one incident with its cause, not {said(platform)}")
    finally:
        platform.shop.clear()
    until(lambda: not platform.active(), 120, "it resolves")
    assert requests.get(f"{platform.url}/ready", timeout=20).ok
