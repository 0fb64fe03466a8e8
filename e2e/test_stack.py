"""The stack as it runs: every target up, every rule healthy, telemetry through, outages survived."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from aiops.testing.waiting import until
from tools.native.build import ensure
from tools.native.components import Options
from tools.native.stack import Stack

from .conftest import over_their_limits

pytestmark = [pytest.mark.stack, pytest.mark.timeout(3600)]
OFFSET = int(os.environ.get("AIOPS_TEST_STACK_OFFSET", "8000"))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = Options(ensure(), tmp_path_factory.mktemp("stack"), OFFSET, engine=False, shop=True)
    with Stack(options) as running:
        yield running


def get(stack: Stack, path: str, **params: str) -> Any:
    answer = requests.get(stack.urls["prometheus"] + path, params=params, timeout=10)
    answer.raise_for_status()
    return answer.json()["data"]


def query(stack: Stack, text: str) -> list[dict[str, Any]]:
    return list(get(stack, "/api/v1/query", query=text)["result"])


def test_every_target_is_up(stack: Stack) -> None:
    wanted = {"prometheus", "alertmanager", "otel-collector"} | ({"tempo"} & set(stack.components))

    def up() -> bool:
        targets = get(stack, "/api/v1/targets")["activeTargets"]
        return {one["labels"]["job"] for one in targets if one["health"] == "up"} == wanted

    until(up, 60, f"{wanted} are up")
    assert len(get(stack, "/api/v1/alertmanagers")["activeAlertmanagers"]) == 1


def test_requests_of_every_service_arrive_under_the_promised_names(stack: Stack) -> None:
    services = {"gateway", "checkout", "payment", "inventory", "catalog"}

    def seen() -> set[str]:
        rows = query(stack, "sum by (service_name) (service_route:http_server_requests:rate5m) > 0")
        return {row["metric"]["service_name"] for row in rows}

    until(lambda: seen() == services, 120, "the rates of five services are recorded")
    [info] = query(stack, 'target_info{service_name="payment"}')
    assert info["metric"]["job"] == "shop/payment"
    assert info["metric"]["instance"] == "payment-0"
    requests_served = "http_server_request_duration_seconds_count"
    assert query(stack, f'{requests_served}{{service_name="payment", service_version=""}}') == []
    assert query(stack, 'http_server_request_duration_seconds_bucket{service_name="payment", le="1"}')


def test_every_rule_is_healthy(stack: Stack) -> None:
    def rules() -> list[dict[str, Any]]:
        return [rule for group in get(stack, "/api/v1/rules")["groups"] for rule in group["rules"]]

    until(lambda: all(rule["health"] != "unknown" for rule in rules()), 60, "every rule was evaluated")
    assert [(rule["name"], rule.get("lastError")) for rule in rules() if rule["health"] != "ok"] == []
    assert len(rules()) > 25


def test_the_collectors_own_metrics_have_the_names_that_rules_use(stack: Stack) -> None:
    for name in ("sent_metric_points_total", "queue_size", "queue_capacity"):
        until(lambda name=name: query(stack, f"otelcol_exporter_{name}"), 60, name)
    for name in ("otelcol_receiver_refused_spans_total", "otelcol_receiver_refused_metric_points_total"):
        [row] = query(stack, name + '{transport="http"}')
        assert row["metric"]["receiver"] == "otlp"
    odd = [one for one in get(stack, "/api/v1/labels", **{"match[]": '{job="otel-collector"}'}) if "." in one]
    assert odd == []


def test_nothing_alerts_but_what_the_missing_engine_explains(stack: Stack) -> None:
    """Without Tempo traces go to the engine, which this stack has not."""
    allowed = {"EngineSilent"} if "tempo" in stack.components else {"EngineSilent", "CollectorNotSending"}
    alerts = get(stack, "/api/v1/alerts")["alerts"]
    names = {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}
    assert names <= allowed


def test_metrics_that_waited_for_prometheus_arrive_with_their_own_times(stack: Stack) -> None:
    stack.kill("prometheus")
    began = time.time()
    time.sleep(30)  # the outage itself
    stack.restart("prometheus")
    ended = time.time()
    samples = 'count_over_time(process_uptime_seconds{service_name="payment"}[%ds] @ %f)'

    def inside() -> int:
        rows = query(stack, samples % (int(ended - began), ended))
        return int(rows[0]["value"][1]) if rows else 0

    until(lambda: inside() >= 5, 60, "six exports of the outage, five seconds apart, but for one")


def healthy(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.ConnectionError:  # it does not listen yet
        return False


def test_a_component_that_crashes_is_back_by_itself(stack: Stack) -> None:
    before = stack.pid("otel-collector")
    os.kill(before, 9)
    until(lambda: stack.pid("otel-collector") != before, 20, "the collector was started again")
    until(lambda: healthy(stack.urls["otel-collector-health"]), 20, "it is healthy")


def test_every_component_stays_within_the_memory_of_its_container(stack: Stack) -> None:
    assert over_their_limits(stack) == {}
