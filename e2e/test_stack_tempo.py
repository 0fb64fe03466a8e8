"""The stack with Tempo, where one is installed: causes out of its traces, and what happens while it is away."""

import os
import re
import shutil
import time
from collections.abc import Iterator

import pytest
import requests

from aiops.cli.demo.shop import Shop, demo_scenarios
from aiops.testing.waiting import until
from tools.dashboards.catalogue import faults, metrics_of
from tools.dashboards.filling import filled
from tools.dashboards.mutants import mutants
from tools.dashboards.panels import When
from tools.dashboards.questions import of_dashboards
from tools.native.build import ensure
from tools.native.components import Options
from tools.native.stack import Stack

from .asking import Asked, known_to, of_spans, silent
from .conftest import Platform, learned
from .faults import live_through, said

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("tempo") is None, reason="there is no tempo on PATH"),
]
OFFSET = int(os.environ.get("AIOPS_TEST_STACK_OFFSET", "8000")) - 2000
STARTED = time.time()
PACE = {"AIOPS_CYCLE_SECONDS": "5", "AIOPS_LATENESS_SECONDS": "8", "AIOPS_RESOLVE_SECONDS": "10"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = Options(ensure(), tmp_path_factory.mktemp("stack"), OFFSET, shop=True, engine_settings=PACE)
    with Stack(options) as running:
        yield running


@pytest.fixture(scope="module")
def platform(stack: Stack) -> Platform:
    shop = Shop(stack.urls["otlp-http"], OFFSET)
    one = Platform(shop, demo_scenarios(), stack.urls["aiops"], stack.pid("aiops"))
    until(lambda: learned(one), 300, "every route of the shop has a baseline")
    return one


def test_a_cause_is_read_from_tempo(platform: Platform) -> None:
    live_through(platform, "cascading-failure")


def test_who_calls_whom_is_read_from_its_service_graph(platform: Platform) -> None:
    edges = {(one["caller"], one["callee"]) for one in platform.get("/aiops/topology")["edges"]}
    assert {("gateway", "checkout"), ("checkout", "payment"), ("checkout", "inventory")} <= edges


def test_every_question_that_needs_tempo_has_its_answer(stack: Stack, platform: Platform) -> None:
    asked = Asked(stack.urls["prometheus"], STARTED)
    needed = [one for one in of_dashboards() if one.when == When.TEMPO]
    metrics = [one for one in needed if not one.spans]
    assert len(metrics) > 5
    until(lambda: not silent(asked, metrics, "payment"), 120, "answers from Prometheus of what Tempo counts")
    live = asked.series({metric for one in metrics for metric in metrics_of(filled(one.text))})
    for one in metrics:
        assert faults(filled(one.text), known_to(live), one.legend) == []
        for mutant in mutants(filled(one.text), one.legend):
            assert faults(mutant.text, known_to(live), mutant.legend), (one.where, mutant)
    trace = platform.all()[0]["trace_correlation"]["trace_id"]
    for one in [one for one in needed if one.spans]:
        found = of_spans(stack.urls["tempo"], filled(one.text, {"trace": trace, "service": "payment"}), STARTED)
        assert found.ok, (one.where, found.text)
        body = found.json()
        assert body.get("traces") or body.get("series") or body.get("trace"), one.where
    tags = requests.get(f"{stack.urls['tempo']}/api/v2/search/tags", timeout=10).json()["scopes"]
    there = {(scope["name"], tag) for scope in tags for tag in scope["tags"]}
    asks = {found for one in needed if one.spans for found in re.findall(r"\b(resource|span)\.([\w.]+)", one.text)}
    assert asks <= there


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
