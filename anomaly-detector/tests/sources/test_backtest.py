"""`aiops slo backtest` on stored history, from an engine's store and from a real Prometheus: exactly what happened."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from aiops.cli.main import main
from aiops.model import Urgency, iso
from aiops.model.arrays import Bools
from aiops.slo.rules.simulation import Phase, firing, simulate_counters

from ..slo.documents import CHECKOUT, changed, one
from ..slo.test_openslo import QUERIES, RAW
from .conftest import T0, Embedded, Prometheus
from .otlp import Point, http, points

PHASES = (Phase(240, 100), Phase(20, 100, 50), Phase(400, 100))
MINUTES = sum(phase.minutes for phase in PHASES)
UNTIL = T0 + 60 * MINUTES
LATENCY = changed(CHECKOUT, ("checkout-availability", "quick"), ("method: POST", "threshold: 250ms"))
FREE = changed(CHECKOUT, ("checkout-availability", "free"), (RAW, QUERIES))
GROUPED = changed(CHECKOUT, ("checkout-availability", "grouped"), ("route: /checkout\n", "groupBy: [http.route]\n"))

Ask = Callable[..., dict[str, Any]]


def fed(to: Embedded | Prometheus) -> None:
    """The phases, of requests to the gateway's /checkout; an export of all counters at the end of each minute."""
    counts = simulate_counters(PHASES)
    good, of = counts.events - counts.bad, {"service": "gateway", "start": T0}
    ok, failed = http("/checkout", method="POST"), http("/checkout", 503, method="POST")
    for hour in range(0, MINUTES, 60):
        minutes = range(hour + 1, min(hour + 60, MINUTES) + 1)
        to.feed(
            points(
                *(
                    Point(T0 + 60 * minute, buckets=(int(counter[minute]), 0, 0, 0), attributes=what, **of)  # type: ignore[arg-type]
                    for minute in minutes
                    for what, counter in ((ok, good), (failed, counts.bad))
                )
            )
        )


@pytest.fixture(params=["embedded", pytest.param("prometheus", marks=pytest.mark.stack)])
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Ask:
    """Runs the command on objectives, where the history of the phases is stored; answers its JSON."""
    if request.param == "prometheus":
        server = request.getfixturevalue("prometheus")
        fed(server)
        where = ["--prometheus-url", server.api._client.endpoint.url]
    else:
        embedded = Embedded(str(tmp_path / "telemetry.duckdb"))
        embedded.clock.time = UNTIL + 60
        fed(embedded)
        embedded.source.close()
        where = ["--data-dir", str(tmp_path)]

    def run(*arguments: str, objectives: str = CHECKOUT) -> dict[str, Any]:
        (tmp_path / "slo.yaml").write_text(objectives)
        command = ["slo", "backtest", str(tmp_path / "slo.yaml"), *where, "--until", iso(UNTIL), "--json", *arguments]
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return run


def stretches(fires: Bools, alert: str) -> list[tuple[str, str, str | None]]:
    changes = np.flatnonzero(np.diff(fires.astype(int), prepend=0))
    ends = [*(iso(T0 + 60 * at) for at in changes[1::2]), None]
    return [(alert, iso(T0 + 60 * int(at)), end) for at, end in zip(changes[::2], ends, strict=False)]


def test_what_happened_is_told_exactly(ask: Ask) -> None:
    found = ask("--since", "10h", "--target", "0.9", "--target", "0.9999")
    [slo] = found["slos"]
    assert (found["since"], found["until"]) == (iso(UNTIL - 36_000), iso(UNTIL))
    assert (slo["events"], slo["bad_events"], slo["coverage"]) == (60_000, 1000, 1)
    assert slo["good_ratio"] == pytest.approx(1 - 1000 / 60_000)
    own, loose, strict = slo["targets"]
    assert [(each["target"], each["what_if"]) for each in slo["targets"]] == [
        ("0.9990", False),
        ("0.9", True),
        ("0.9999", True),
    ]
    assert own["burn_rate"] == pytest.approx(1000 / 60_000 / 0.001)
    assert own["budget_spent"] == pytest.approx(1000 / 60_000 / 0.001 * 10 / 24 / 30)
    for each, target in ((own, "0.9990"), (strict, "0.9999")):
        told = one(changed(CHECKOUT, ("0.9990", target)))
        expected = [
            *stretches(firing(told, simulate_counters(PHASES), Urgency.PAGE), "SloBurnsFast"),
            *stretches(firing(told, simulate_counters(PHASES), Urgency.TICKET), "SloBurnsSlowly"),
        ]
        assert sorted((alert["alert"], alert["start"], alert["end"]) for alert in each["alerts"]) == expected
        assert (each["pages"], each["tickets"]) == (1, 1)
    assert (loose["alerts"], loose["can_fire"]) == ([], ["SloBurnsFast", "SloBurnsSlowly"])


def test_history_that_begins_later_is_said(ask: Ask) -> None:
    found = ask("--since", "30d")
    assert found["counted_since"] == iso(T0)
    assert found["slos"][0]["events"] == MINUTES * 100


def test_before_the_trouble_there_was_none(ask: Ask) -> None:
    [slo] = ask("--since", iso(T0 + 3600), "--until", iso(T0 + 4 * 3600))["slos"]
    assert (slo["bad_events"], slo["good_ratio"], slo["targets"][0]["alerts"]) == (0, 1, [])
    # What began before the window is told with its beginning.
    [slo] = ask("--since", iso(T0 + 3600 * 5), "--until", iso(T0 + 6 * 3600))["slos"]
    assert [alert["alert"] for alert in slo["targets"][0]["alerts"]] == ["SloBurnsSlowly"]
    assert slo["targets"][0]["alerts"][0]["start"] < iso(T0 + 3600 * 5)
    assert slo["targets"][0]["alerts"][0]["end"] is None


def test_what_cannot_be_counted_is_left_out_and_the_rest_goes_on(ask: Ask) -> None:
    silent = changed(CHECKOUT, ("checkout-availability", "silent"), ("/checkout", "/nowhere"))
    found = ask("--since", "6h", objectives="---\n".join((LATENCY, FREE, GROUPED, silent)))
    assert {each["slo"]: each["why"] for each in found["left_out"]} == {
        "quick": "no bucket ends at 0.25 s; there are 0.01 s, 0.1 s, 1 s",
        "free": "its PromQL is for Prometheus alone",
    }
    grouped, nothing = found["slos"]
    assert (grouped["group"], grouped["bad_events"]) == ({"http.route": "/checkout"}, 0)
    assert (nothing["slo"], nothing["good_ratio"], nothing["coverage"]) == ("silent", None, 0)
    assert (nothing["targets"][0]["budget_spent"], nothing["targets"][0]["alerts"]) == (None, [])
