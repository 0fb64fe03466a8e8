"""Burn rates that a Prometheus recorded by our rules, as the engine reads them."""

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from requests import get

from aiops.model import Labels, Slo
from aiops.slo.rules import tiers
from aiops.slo.rules.prometheus import BURN, Links, groups, selector
from aiops.slo.spec import durations
from aiops.sources.prometheus.burn_rates import PrometheusBurns
from aiops.testing.waiting import until
from tools.native.alone import CONFIGURATION, LonePrometheus
from tools.native.build import ensure

from ..slo.documents import CHECKOUT, one
from ..slo.test_counter import SLICES
from ..slo.test_matcher import GROUPED, LATENCY
from .conftest import Prometheus
from .otlp import Point, http, points

pytestmark = pytest.mark.stack
SLOS = [one(text) for text in (CHECKOUT, LATENCY, GROUPED, SLICES.replace("checkout-availability", "minutes"))]
ROUTES = ("/checkout", "/pay")
SPLIT = (("service_name", "gateway"), ("slo_by", "http_route"))
SETTLED = 2.0
"""Seconds after which everything is written that was recorded."""


def hurried(group: dict[str, Any]) -> dict[str, Any]:
    """The group, evaluated every second. Slices of time come from a group of their own: a moment earlier, so that they
    are written when they are summed up."""
    late = {} if group["name"].startswith("slices-") else {"query_offset": "300ms"}
    return {**group, "interval": "1s", **late}


@pytest.fixture
def ruled(tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus that evaluates the rules of all objectives."""
    rules = tmp_path / "rules.yml"
    rules.write_text(yaml.safe_dump({"groups": [hurried(one) for one in groups(SLOS, Links())]}))
    configuration = f"{CONFIGURATION}rule_files: ['{rules}']\n"
    found = Prometheus(LonePrometheus(ensure()["prometheus"], tmp_path / "prometheus", configuration))
    yield found
    found.close()


def requests(now: float, route: str, random: Random) -> Iterator[Point]:
    """Twenty minutes of requests, the last of them now; some fail, some are slow."""
    start, quick, slow, failed = now - 1200, 0, 0, 0
    for back in range(1185, -1, -15):
        quick, slow, failed = quick + random.randint(0, 50), slow + random.randint(0, 5), failed + random.randint(5, 15)
        for status, buckets in ((200, (0, quick, 0, slow)), (500, (0, failed, 0, 0))):
            of = http(route, status, "POST")
            yield Point(now - back, start, buckets=buckets, attributes=of, service="gateway")


def expression(slo: Slo, window: int) -> str:
    """What the rule of a window's burn rate evaluates."""
    record = BURN + durations.promql_duration(window)
    [found] = [
        rule["expr"] for group in groups([slo], Links()) for rule in group["rules"] if rule.get("record") == record
    ]
    return str(found)


def test_what_is_read_is_what_the_rules_evaluated(ruled: Prometheus) -> None:
    fed, random = time.time(), Random(7)
    ruled.feed(points(*(point for route in ROUTES for point in requests(fed, route, random))))
    burns = PrometheusBurns(ruled.api)
    split: dict[str, list[Labels]] = {slo.name: [(("service_name", "gateway"),)] for slo in SLOS}
    split["grouped"] = [(("http_route", route), *SPLIT) for route in ROUTES]
    wanted = {(name, group, window) for name, found in split.items() for group, window in product(found, tiers.WINDOWS)}

    def recorded_at() -> float:
        at = time.time() - SETTLED
        return at if at > fed + 2 and rates_at(at).keys() == wanted else 0.0

    def rates_at(at: float) -> dict[tuple[str, Labels, float], float]:
        found = burns.burn_rates(at).items()
        return {(*place, window): rate for place, rates in found for window, rate in rates.items()}

    at = until(recorded_at, 60, f"recorded is nothing but {wanted}")
    read = rates_at(at)
    for slo, window in product(SLOS, tiers.WINDOWS):
        recorded = f"{BURN}{durations.promql_duration(window)}{selector(slo)}"
        [moment] = {one.value for one in ruled.api.instant(f"timestamp({recorded})", at)}
        for evaluated in ruled.api.instant(expression(slo, window), moment):
            group = (*evaluated.labels.items(), *(SPLIT if slo.group_by else SPLIT[:1]))
            assert read.pop((slo.name, group, window)) == pytest.approx(evaluated.value, rel=1e-9)
            assert evaluated.value > 0
    assert read == {}


def test_an_objective_that_changes_its_labels_is_evaluated_without_a_gap(tmp_path: Path) -> None:
    """Prometheus is restarted on rules that write another service: for five minutes it sees the old series beside the
    new ones, and for three days it sums up both."""
    rules = tmp_path / "rules.yml"

    def write(slos: list[Slo]) -> None:
        rules.write_text(yaml.safe_dump({"groups": [hurried(one) for one in groups(slos, Links())]}))

    def evaluated(prometheus: Prometheus, slos: list[Slo]) -> bool:
        """Whether every objective has a burn rate over three days that says its service; no rule may fail."""
        answer = get(f"{prometheus.api._client.endpoint.url}/api/v1/rules", timeout=10).json()
        every = [rule for group in answer["data"]["groups"] for rule in group["rules"]]
        assert [(rule["name"], rule["lastError"]) for rule in every if rule.get("lastError")] == []
        moment = time.time()
        found = prometheus.api.instant(f"{BURN}3d and timestamp({BURN}3d) > {moment - 2}", moment)
        return {(one.labels["slo"], one.labels["service_name"]) for one in found} >= {
            (one.name, one.service) for one in slos
        }

    def wait(prometheus: Prometheus, slos: list[Slo]) -> None:
        until(lambda: evaluated(prometheus, slos), 60, "a burn rate of every objective is recorded")

    write(SLOS)
    program = LonePrometheus(
        ensure()["prometheus"], tmp_path / "prometheus", f"{CONFIGURATION}rule_files: ['{rules}']\n"
    )
    prometheus, random = Prometheus(program), Random(7)
    try:
        now = time.time()
        prometheus.feed(points(*(point for route in ROUTES for point in requests(now, route, random))))
        wait(prometheus, SLOS)
        # The same requests are counted: only what the rules write has changed.
        changed = [replace(one, service="front", labels=(("owner", "web"),)) for one in SLOS]
        program.kill()
        write(changed)
        program.start()
        wait(prometheus, changed)
        seen = prometheus.api.instant(f'count by (service_name) ({BURN}5m{{slo="checkout-availability"}})', time.time())
        assert {one.labels["service_name"] for one in seen} == {"gateway", "front"}  # side by side, and no rule failed
        assert evaluated(prometheus, changed)
    finally:
        prometheus.close()
