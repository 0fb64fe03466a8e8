"""What is promised of the embedded engine, promised on the stack too: the same faults, the same verdicts."""

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
import requests
from aiosmtpd.controller import Controller

from aiops.cli.demo.shop import Shop, demo_scenarios
from aiops.testing.waiting import until
from tools.dashboards import catalogue
from tools.dashboards.catalogue import faults, metrics_of
from tools.dashboards.filling import filled
from tools.dashboards.mutants import mutants
from tools.dashboards.panels import When
from tools.dashboards.questions import of_alerts, of_dashboards, of_datasources
from tools.native.build import ensure
from tools.native.components import Options
from tools.native.stack import Stack

from . import agrees
from .asking import Asked, known_to, silent
from .conftest import Platform, answers, learned, over_their_limits
from .faults import live_through, said

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
OFFSET = int(os.environ.get("AIOPS_TEST_STACK_OFFSET", "8000")) + 1000
SMTP = 2525 + OFFSET
# The rows of the contract that are promised live.
FAULTS = ("latency-spike", "error-storm", "cascading-failure", "timeout", "several-services", "service-gone")
OBJECTIVES = {"checkout-availability", "checkout-latency", "payment-availability", "products-available"}
HIT = {"checkout-availability", "payment-availability"}
"""What failing payments break."""
CYCLE = 5.0
STARTED = time.time()
PACE = {"AIOPS_CYCLE_SECONDS": f"{CYCLE:g}", "AIOPS_LATENESS_SECONDS": "8", "AIOPS_RESOLVE_SECONDS": "10"}


class Mailbox:
    """Takes every message, as a mail server for aiosmtpd."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        self.messages.append(envelope.content.decode())
        return "250 taken"


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    """Where Alertmanager's messages to people go."""
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=SMTP)
    server.start()
    settings = {
        "SMTP_SMARTHOST": f"127.0.0.1:{SMTP}",
        "SMTP_FROM": "aiops@example.org",
        "SMTP_TO": "oncall@example.org",
        "SMTP_REQUIRE_TLS": "false",
    }
    with pytest.MonkeyPatch.context() as patched:
        for name, value in settings.items():
            patched.setenv(name, value)
        yield box
    server.stop()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox) -> Iterator[Stack]:
    options = Options(ensure(), tmp_path_factory.mktemp("stack"), OFFSET, shop=True, engine_settings=PACE)
    with Stack(options) as running:
        yield running


@pytest.fixture(scope="module")
def asked(stack: Stack) -> Asked:
    return Asked(stack.urls["prometheus"], STARTED)


@pytest.fixture(scope="module")
def platform(stack: Stack) -> Platform:
    shop = Shop(stack.urls["otlp-http"], OFFSET)  # to break, not to start
    one = Platform(shop, demo_scenarios(), stack.urls["aiops"], stack.pid("aiops"))
    until(lambda: learned(one), 240, "every route of the shop has a baseline")
    return one


def parsed(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def ready(platform: Platform) -> dict[str, Any]:
    return dict(requests.get(f"{platform.url}/ready", timeout=20).json())


def judged(platform: Platform) -> list[float]:
    """When each step of a busy route ended that was judged, Unix seconds."""
    series = platform.get("/aiops/series", service="gateway", route="/checkout")["series"]
    return sorted({parsed(point["at"]) for row in series if row["family"] == "errors" for point in row["points"]})


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found_explained_and_resolved(platform: Platform, name: str) -> None:
    live_through(platform, name)


def test_people_are_told_by_mail(mailbox: Mailbox) -> None:
    def told() -> bool:
        subjects = [line for one in mailbox.messages for line in one.splitlines() if line.startswith("Subject:")]
        begun = any("of requests to" in line for line in subjects)
        return begun and any("resolved" in line.lower() for line in subjects)

    until(told, 120, f"mails of an incident and of its end, but there are {mailbox.messages}")
    assert any("To: oncall@example.org" in one for one in mailbox.messages)


def test_an_alert_of_others_reaches_the_engine(stack: Stack, platform: Platform) -> None:
    url = f"{stack.urls['alertmanager']}/api/v2/alerts"
    alert = {"labels": {"alertname": "DiskFull", "service_name": "payment", "severity": "warning"}}

    def states() -> list[str]:
        found = platform.get("/aiops/alerts", service="payment")["alerts"]
        return [one["state"] for one in found if one["name"] == "DiskFull"]

    requests.post(url, json=[alert], timeout=10).raise_for_status()
    until(lambda: states() == ["firing"], 60, "the engine knows that it fires")
    ended = datetime.now(UTC).isoformat()
    requests.post(url, json=[{**alert, "endsAt": ended}], timeout=10).raise_for_status()
    until(lambda: states() == ["resolved"], 90, "the engine knows that it is over")


def test_what_the_engine_judged_is_in_prometheus(stack: Stack, platform: Platform) -> None:
    series = platform.get("/aiops/series", service="payment", route="/payment")["series"]
    assert {row["family"] for row in series} >= {"errors", "latency"}
    url = stack.urls["prometheus"]
    found = requests.get(f"{url}/api/v1/query", {"query": 'aiops_verdict_score{service="payment"}'}, timeout=10).json()
    assert found["data"]["result"]
    query = 'aiops_edge_requests_per_second{caller="gateway"}'
    found = requests.get(f"{url}/api/v1/query", {"query": query}, timeout=10).json()
    assert "checkout" in {one["metric"]["callee"] for one in found["data"]["result"]}


def test_an_exemplar_leads_to_its_trace(stack: Stack, platform: Platform) -> None:
    now = time.time()
    asked = {
        "query": 'http_server_request_duration_seconds_bucket{service_name="payment"}',
        "start": str(now - 120),
        "end": str(now),
    }
    url = f"{stack.urls['prometheus']}/api/v1/query_exemplars"

    def exemplars() -> list[str]:
        found = requests.get(url, asked, timeout=10).json()["data"]
        return [each["labels"]["trace_id"] for one in found for each in one["exemplars"]]

    traces = until(exemplars, 60, "an exemplar of payment")
    assert requests.get(f"{platform.url}/traces/{traces[-1]}", timeout=10).ok


def not_only_slow(platform: Platform) -> list[str]:
    """The ids of all incidents but those of latency alone: on a busy machine the shop is slow indeed."""
    return [one["id"] for one in platform.all() if any(each["family"] != "latency" for each in one["symptoms"])]


def test_prometheus_away_is_said_and_makes_no_incident(stack: Stack, platform: Platform) -> None:
    before = not_only_slow(platform)
    stack.kill("prometheus")
    try:
        gone = time.monotonic()
        reasons = until(lambda: ready(platform).get("reasons"), 60, "/ready says so")
        assert any("Prometheus at" in one for one in reasons), reasons
        down = 'aiops_source_up{source="metrics"} 0.0'
        until(lambda: down in requests.get(f"{platform.url}/metrics", timeout=10).text, 30, "/metrics says so")
        until(lambda: time.monotonic() - gone > 120, 130, "two minutes to pass")
        assert not_only_slow(platform) == before, said(platform)
    finally:
        stack.restart("prometheus")
    until(lambda: not ready(platform).get("reasons"), 90, "all is well again")
    back = time.time()
    until(lambda: judged(platform)[-1] > back + 15, 90, "what queued to be judged")
    assert not_only_slow(platform) == before, said(platform)
    times = judged(platform)
    assert max(later - earlier for earlier, later in pairwise(times)) <= 2 * CYCLE, "every step was judged"


def test_a_collector_that_restarts_is_no_incident(stack: Stack, platform: Platform) -> None:
    before = not_only_slow(platform)
    last = judged(platform)[-1]
    stack.kill("otel-collector")
    away = time.monotonic() + 20
    until(lambda: time.monotonic() > away, 30, "the collector to be away")
    stack.restart("otel-collector")
    until(lambda: judged(platform)[-1] > last + 60, 120, "judging goes on")
    assert not_only_slow(platform) == before, said(platform)


@pytest.fixture(scope="module")
def incident(platform: Platform) -> Iterator[dict[str, Any]]:
    """Payments that fail, as an incident that is open until somebody ends the fault."""
    platform.shop.inject(platform.scenarios["payment-errors"])
    try:
        [found] = until(platform.active, 60, "an incident is found")
        yield found
    finally:
        platform.shop.clear()


def test_an_incident_says_which_objectives_it_hits(stack: Stack, platform: Platform, incident: dict[str, Any]) -> None:
    def hit() -> set[str]:
        found = platform.get(f"/aiops/incidents/{incident['id']}")["slo_impact"]
        return {one["slo"] for one in found if one["burn_rate"] > 1}

    until(lambda: hit() >= HIT, 60, f"{HIT} are among what it hits")
    found = platform.get("/aiops/slos")
    assert {one["slo"] for one in found["slos"]} == OBJECTIVES
    assert (found["left_out"], found["problems"]) == ([], [])
    assert {one["slo"] for one in found["slos"] if one["burn_rates"]["5m"] > 1} >= HIT
    text = requests.get(f"{platform.url}/metrics", timeout=10).text
    for gauge in ("budget_left_ratio", "burn_rate", "coverage_ratio", "events", "bad_events"):
        for slo in OBJECTIVES:
            assert re.search(rf'^aiops_slo_{gauge}\{{.*slo="{slo}"', text, re.MULTILINE), (gauge, slo)

    def scraped() -> set[str]:
        asked = {"query": "aiops_slo_budget_left_ratio"}
        found = requests.get(f"{stack.urls['prometheus']}/api/v1/query", asked, timeout=10).json()["data"]["result"]
        return {one["metric"]["slo"] for one in found}

    until(lambda: scraped() == OBJECTIVES, 60, "Prometheus has the budgets")


def test_an_incident_speaks_for_burn_alerts(stack: Stack, incident: dict[str, Any]) -> None:
    """One that is made up, since it must not be waited for, and those that fire."""
    url = f"{stack.urls['alertmanager']}/api/v2/alerts"
    slo, service = "payment-availability", "payment"
    labels = {"alertname": "SloBurnsFast", "slo": slo, "service_name": service, "severity": "critical", "made": "up"}

    def alerts(name: str) -> list[dict[str, Any]]:
        found = requests.get(url, {"filter": f'slo="{slo}"'}, timeout=10).json()
        return [one for one in found if one["labels"]["alertname"].startswith(name)]

    def speaking() -> set[str]:
        found = alerts("IncidentImpact")
        return {one["fingerprint"] for one in found if incident["id"] in one["annotations"]["summary"]}

    def held() -> bool:
        burns = [one["status"] for one in alerts("SloBurns")]
        by = speaking()
        return bool(burns) and all(one["state"] == "suppressed" and by & set(one["inhibitedBy"]) for one in burns)

    until(speaking, 60, f"the incident speaks for {slo}")
    requests.post(url, json=[{"labels": labels}], timeout=10).raise_for_status()
    try:
        until(held, 60, f"every burn alert of {slo} is held back")
    finally:
        ended = datetime.now(UTC).isoformat()
        requests.post(url, json=[{"labels": labels, "endsAt": ended}], timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def taken(platform: Platform, incident: dict[str, Any]) -> dict[str, Any]:
    """The incident, once somebody has taken it."""
    requests.post(f"{platform.url}/aiops/incidents/{incident['id']}/acknowledge", timeout=10).raise_for_status()
    return dict(platform.get(f"/aiops/incidents/{incident['id']}"))


def test_dashboards_show_what_the_engine_says(asked: Asked, platform: Platform, taken: dict[str, Any]) -> None:
    until(lambda: agrees.incident(asked, platform, taken["id"]), 90, "the row of the open incident")
    until(lambda: agrees.budgets(asked, platform), 90, "what is left of budgets")
    until(lambda: agrees.signals(asked, platform), 90, "requests and errors of each service")
    until(lambda: agrees.calls(asked, platform), 90, "calls between services")
    agrees.verdicts(asked, platform)


def test_from_an_incident_every_link_opens_with_its_service_time_and_trace(
    asked: Asked, platform: Platform, taken: dict[str, Any]
) -> None:
    row, told = until(lambda: agrees.incident(asked, platform, taken["id"]), 90, "the row of the open incident")
    agrees.links(asked, platform, row, told)


def test_an_engine_that_restarts_goes_on_with_its_incident(
    stack: Stack, platform: Platform, incident: dict[str, Any]
) -> None:
    before = {one["id"]: one["occurrences"] for one in platform.all()}
    stack.kill("aiops")
    stack.restart("aiops")
    until(lambda: answers(f"{platform.url}/health"), 60, "the engine is back")
    until(lambda: [one["id"] for one in platform.active()] == [incident["id"]], 30, "the incident is still open")
    platform.shop.clear()
    until(lambda: not platform.active(), 120, "it resolves")
    assert {one["id"]: one["occurrences"] for one in platform.all()} == before


QUESTIONS = [one for one in (*of_dashboards(), *of_alerts(), *of_datasources()) if not one.spans]
CERTAIN = [one for one in QUESTIONS if one.when in (When.ALWAYS, When.TROUBLE, When.SOME)]


def test_every_question_of_dashboards_and_alerts_has_its_answer(asked: Asked) -> None:
    """Over the whole run, in which nothing was wrong at first, and much later."""
    for one in QUESTIONS:
        asked.over(filled(one.text))  # it is understood, whatever the answer
    for one in QUESTIONS:
        assert not one.exemplars or asked.exemplars(filled(one.text)), one.where
    wait = time.monotonic() + 60  # the last scrapes
    while missing := silent(asked, CERTAIN, "payment"):
        assert time.monotonic() < wait, missing


def test_every_mistake_in_a_question_is_seen_in_what_was_recorded(asked: Asked) -> None:
    live = asked.series({metric for one in CERTAIN for metric in metrics_of(filled(one.text))})
    written, optional, known = catalogue.written(), catalogue.optional(), known_to(live)
    for metric, labels in live.items():
        # Labels of alerts are those of the alerts that were told in this run.
        assert metric == "ALERTS" or written[metric].keys() - optional[metric] <= labels.keys(), metric
    found: Counter[str] = Counter()
    for one in CERTAIN:
        assert faults(filled(one.text), known, one.legend) == []
        for mutant in mutants(filled(one.text), one.legend):
            assert faults(mutant.text, known, mutant.legend), (one.where, mutant)
            found[mutant.kind] += 1
    print(f"{len(CERTAIN)} questions of {len(live)} metrics; mistakes seen: {dict(found)}")
    assert min(found[kind] for kind in ("metric", "label", "value")) > 50


def test_every_component_stays_within_the_memory_of_its_container(stack: Stack, platform: Platform) -> None:
    assert over_their_limits(stack) == {}
