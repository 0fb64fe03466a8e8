"""Objectives looked at in a real Prometheus: what counts nothing, or too little, is said."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiops.cli.main import main
from aiops.model import Slo
from aiops.sources.prometheus.objectives import check_objectives

from ..slo.documents import CHECKOUT, changed, one
from ..slo.test_openslo import RAW
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
    assert check_objectives(prometheus.api, [one(CHECKOUT)], T0 + 3600) == []
    [note] = check_objectives(prometheus.api, [other], T0 + 3600)
    assert (note.wrong, note.text.partition(";")[0]) == (True, "nothing was counted in the last day")


def test_a_budget_of_less_than_one_event(prometheus: Prometheus) -> None:
    fed(prometheus, 1)
    [note] = check_objectives(prometheus.api, [one(changed(CHECKOUT, ("0.9990", "0.9999")))], T0 + 3600)
    assert not note.wrong
    assert note.text.endswith("one bad event breaks it")


def test_a_threshold_that_no_bucket_has(prometheus: Prometheus) -> None:
    fed(prometheus, 100)
    [note] = check_objectives(prometheus.api, [one(LATENCY)], T0 + 3600)
    assert (note.wrong, note.text) == (True, "no bucket ends at 0.25 s; there are 0.01s, 0.1s, 1s")
    assert check_objectives(prometheus.api, [one(changed(LATENCY, ("250ms", "100ms")))], T0 + 3600) == []


def test_requests_in_the_other_form_of_a_histogram(prometheus: Prometheus) -> None:
    native = changed(CHECKOUT, ("method: POST", "histogram: native"))
    of = {**http("/checkout"), "http.request.method": "POST"}
    for minute in range(60):
        at = T0 + 60 * minute
        made = Point(at, T0 - 7200, buckets=(100 * minute,), form="exponential", attributes=of, service="gateway")
        prometheus.feed(points(made))
    [note] = check_objectives(prometheus.api, [one(CHECKOUT)], T0 + 3600)
    assert note.wrong
    assert note.text.endswith("say `histogram: native`")
    assert check_objectives(prometheus.api, [one(native)], T0 + 3600) == []


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


def counted(prometheus: Prometheus, hours: int = 1, gap: bool = False) -> float:
    """Requests that took and ended, with `le` and `code`; returns when the last of them was counted."""
    now = T0 + 4 * 3600
    for minute in range(60 * hours + 1):
        at = now - 3600 * hours + 60 * minute
        if gap and 60 < minute < 120:
            continue
        points_ = [
            Point(at, now - 86_400, 100.0 * minute, metric="asked", form="counter", unit="", attributes={"code": code})
            for code in ("200", "204")
        ]
        took = Point(at, now - 86_400, metric="took", buckets=(100 * minute, 0, 0, 0), attributes={"to": "a"})
        prometheus.feed(points(*points_, took))
    return now


def queries(total: str, bad: str, kind: str = "bad") -> Slo:
    written = "".join(
        f"        {key}: {{metricSource: {{type: prometheus, spec: {{query: '{query}'}}}}}}\n"
        for key, query in (("total", total), (kind, bad))
    )
    return one(changed(CHECKOUT, (RAW, written)))


ALL = "sum(rate(asked_total[{{.window}}]))"
TOOK = "sum(rate(took_seconds_count[{{.window}}]))"


@pytest.mark.parametrize(
    ("total", "bad", "kind", "said", "wrong"),
    [
        (ALL, 'sum(rate(asked_total{code="500"}[{{.window}}]))', "bad", "but there code is 200, 204; has that", False),
        (ALL, 'sum(rate(asked_total{kode="500"}[{{.window}}]))', "bad", "no such series has the label kode", True),
        (
            ALL,
            "sum(rate(asked_failed_total[{{.window}}]))",
            "bad",
            "there is no asked_failed_total, but asked_tot",
            False,
        ),
        (ALL, 'sum(rate(asked_total{code="20"}[{{.window}}]))', "good", "but there code is 200, 204", True),
        (
            TOOK,
            f'{TOOK} - sum(rate(took_seconds_bucket{{le="0.2"}}[{{{{.window}}}}]))',
            "bad",
            "but there le is +Inf, 0.01, 0.1, 1",
            True,
        ),
        (ALL, f"{ALL} - sum(rate(fine_total[{{{{.window}}}}]))", "bad", "there is no fine_total", True),
    ],
)
def test_a_selector_that_matches_nothing(
    prometheus: Prometheus, total: str, bad: str, kind: str, said: str, wrong: bool
) -> None:
    now = counted(prometheus)
    [note] = check_objectives(prometheus.api, [queries(total, bad, kind)], now)
    assert said in note.text
    assert note.wrong == wrong


def test_selectors_that_match(prometheus: Prometheus) -> None:
    now = counted(prometheus)
    slow = f'{TOOK} - sum(rate(took_seconds_bucket{{le="1.0"}}[{{{{.window}}}}]))'
    either = 'sum(rate(asked_total{code="204"}[{{.window}}]) or rate(old_total[{{.window}}]))'
    for total, bad in ((TOOK, slow), (ALL, either)):
        assert check_objectives(prometheus.api, [queries(total, bad)], now) == []


def test_requests_whose_failures_cannot_be_told(prometheus: Prometheus) -> None:
    fed(prometheus, 100)
    assert check_objectives(prometheus.api, [one(CHECKOUT)], T0 + 3600) == []
    now = T0 + 3600
    for minute in range(10):
        of = {"http.route": "/mute", "http.request.method": "POST"}
        mute = Point(
            now - 600 + 60 * minute, now - 7200, buckets=(100 * minute, 0, 0, 0), attributes=of, service="gateway"
        )
        prometheus.feed(points(mute))
    [note] = check_objectives(prometheus.api, [one(changed(CHECKOUT, ("route: /checkout", "route: /mute")))], now)
    assert note.wrong
    assert "no such series has the label http_response_status_code" in note.text


def test_what_is_counted_only_at_times(prometheus: Prometheus) -> None:
    now = counted(prometheus, hours=3, gap=True)
    [note] = check_objectives(prometheus.api, [queries(ALL, 'sum(rate(asked_total{code="204"}[{{.window}}]))')], now)
    assert not note.wrong
    assert note.text.startswith("there was nothing to count for 3")
