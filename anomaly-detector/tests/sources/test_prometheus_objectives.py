"""Objectives looked at in a real Prometheus: what counts nothing, or too little, is said."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiops.cli import main
from aiops.sources.prometheus.objectives import look

from ..slo.documents import CHECKOUT, changed, one
from .conftest import T0, Prometheus
from .otlp import Point, http, points

pytestmark = pytest.mark.stack
LATENCY = changed(CHECKOUT, ("method: POST", "threshold: 250ms"))


def fed(prometheus: Prometheus, each: int, now: float = T0 + 3600) -> None:
    """An hour of requests to /checkout, so many a minute."""
    for minute in range(60):
        at, count = now - 3600 + 60 * minute, each * minute
        of = {**http("/checkout"), "http.request.method": "POST"}
        prometheus.feed(points(Point(at, now - 7200, buckets=(count, 0, 0, 0), attributes=of, service="gateway")))


def test_an_objective_that_counts_nothing(prometheus: Prometheus) -> None:
    fed(prometheus, 100)
    other = one(changed(CHECKOUT, ("route: /checkout", "route: /chekout")))
    assert look(prometheus.api, [one(CHECKOUT)], T0 + 3600) == []
    [note] = look(prometheus.api, [other], T0 + 3600)
    assert (note.wrong, note.text.partition(";")[0]) == (True, "nothing was counted in the last day")


def test_a_budget_of_less_than_one_event(prometheus: Prometheus) -> None:
    fed(prometheus, 1)
    [note] = look(prometheus.api, [one(changed(CHECKOUT, ("0.9990", "0.9999")))], T0 + 3600)
    assert not note.wrong
    assert note.text.endswith("one bad event breaks it")


def test_a_threshold_that_no_bucket_has(prometheus: Prometheus) -> None:
    fed(prometheus, 100)
    [note] = look(prometheus.api, [one(LATENCY)], T0 + 3600)
    assert (note.wrong, note.text) == (True, "no bucket ends at 0.25 s; there are 0.01s, 0.1s, 1s")
    assert look(prometheus.api, [one(changed(LATENCY, ("250ms", "100ms")))], T0 + 3600) == []


def test_the_command_looks_too(prometheus: Prometheus, tmp_path: Path) -> None:
    path = tmp_path / "slo.yaml"
    path.write_text(CHECKOUT)
    url = prometheus.api._client.endpoint.url
    done = CliRunner().invoke(main, ["slo", "validate", str(path), "--prometheus-url", url])
    assert done.exit_code == 1
    assert f"{path}:26:7: checkout-availability: nothing was counted in the last day" in done.stdout
    fed(prometheus, 100, time.time())
    done = CliRunner().invoke(main, ["slo", "validate", str(path), "--prometheus-url", url])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(main, ["slo", "validate", str(path), "--prometheus-url", "http://127.0.0.1:9"])
    assert done.exit_code == 2
    assert "Prometheus at http://127.0.0.1:9 cannot be reached" in done.stderr
