"""The evidence of an incident as the API gives it: of the whole engine, on telemetry with a fault."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiops import explain
from aiops.api import create_app
from aiops.config import Settings
from aiops.presentation.documents.incident import WholeIncident

from .requests import Part, Traffic, called, served
from .world import AT_ONCE, Watched

CALM, FAULT = 35, 10
LARGEST = 32 * 1024
"""Bytes of the evidence of an incident as JSON."""
Request = Callable[[random.Random], Part]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path)
    yield one
    one.close()


def shop(slow: float = 0.0, fails: bool = False, asks_stock: bool = True) -> Request:
    """A gateway calls checkout, which calls stock and payment; payment may be slower, in milliseconds, or fail."""

    def request(rng: random.Random) -> Part:
        took, status = 40 * rng.lognormvariate(0, 0.2) + slow, 500 if fails else 200
        stock = called("checkout", 10, 18, served("stock", "/stock", 11, 17))
        paid = served("payment", "/payment", 22, 22 + took, status=status)
        payment = called("checkout", 20, 24 + took, paid, status=status)
        inside = [stock, payment] if asks_stock else [payment]
        checkout = served("checkout", "/checkout", 5, 30 + took, *inside, status=status)
        call = called("gateway", 3, 32 + took, checkout, status=status)
        return served("gateway", "/buy", 0, 35 + took, call, status=status)

    return request


def incident(watched: Watched, bad: Request) -> dict[str, Any]:
    """The one incident that comes of a fault, as the API gives it."""
    traffic = Traffic(shop(), 10)
    watched.play(CALM, traffic, every=AT_ONCE)
    traffic.request = bad
    watched.play(FAULT, traffic)
    return answered(watched)


def answered(watched: Watched) -> dict[str, Any]:
    client = create_app(watched.use_cases, Settings()).test_client()
    [listed] = client.get("/aiops/incidents").json["active_incidents"]  # type: ignore[index]
    assert "evidence" not in listed, "a list is short"
    found: dict[str, Any] = client.get(f"/aiops/incidents/{listed['id']}").json  # type: ignore[assignment]
    WholeIncident.model_validate(found)
    return found


def largest(anatomy: dict[str, Any], share: str) -> dict[str, Any]:
    found: dict[str, Any] = max(anatomy["nodes"], key=lambda one: one[share])
    return found


def test_the_tree_names_the_place_that_takes_longer(watched: Watched) -> None:
    found = incident(watched, shop(slow=800))
    evidence = found["evidence"]
    anatomy = evidence["anatomy"]
    assert evidence["read"] == "gateway GET /buy", "the requests of users have the whole way to the cause"
    first = largest(anatomy, "share_of_excess")
    assert (first["service"], first["operation"], first["kind"]) == ("payment", "GET /payment", "server")
    assert first["share_of_excess"] > 0.95
    assert first["bad"]["median_ms"] - first["good"]["median_ms"] == pytest.approx(800, rel=0.05)
    path = [one["service"] for one in anatomy["nodes"] if one["critical"]]
    assert path == ["gateway", "gateway", "checkout", "checkout", "payment"]
    for side in ("good", "bad"):
        total = sum(one[side]["time_ms"] for one in anatomy["nodes"])
        assert total == pytest.approx(anatomy[side]["mean_ms"], abs=0.1)
        assert anatomy[side]["requests"] > 20
    assert anatomy["changed_calls"] == []


def test_its_numbers_are_those_that_a_person_can_ask_for_again(watched: Watched) -> None:
    found = incident(watched, shop(slow=800))
    evidence, cause = found["evidence"], found["root_cause"]
    own = evidence["votes"][0]
    assert (own["service"], own["kind"]) == (cause["service"], cause["kind"]) == ("payment", "latency")
    assert 0 < own["traces"] <= own["of"]
    assert evidence["at_cause"]["bad"]["median_ms"] > 800 > evidence["at_cause"]["good"]["median_ms"]
    assert {one["family"] for one in evidence["symptoms"]} == {"latency"}
    bad, good, *_ = evidence["questions"]
    assert (bad["kind"], bad["service"], bad["route"], good["kind"]) == ("slow", "gateway", "/buy", "good")
    assert bad["traces"] == evidence["anatomy"]["bad"]["requests"]
    assert good["until"] < bad["since"]
    assert bad["slower_than_ms"] > 100
    for one in (bad, good):
        window = f"{one['since']} to {one['until']}"
        assert window in one["text"]
        assert one["query"] == f"GET /aiops/spans?since={one['since']}&until={one['until']}"
    exemplars = evidence["anatomy"]["exemplars"]
    assert (len(exemplars["bad"]), len(exemplars["good"])) == (3, 3)
    for one in (*exemplars["bad"], *exemplars["good"]):
        [trace] = watched.source.traces.traces([one["trace_id"]])
        [entry] = [span for span in trace.spans if span.span_id == one["span_id"]]
        assert (entry.service, 1000 * entry.duration) == ("gateway", pytest.approx(one["duration_ms"], abs=0.01))
    assert min(one["duration_ms"] for one in exemplars["bad"]) > 800
    assert max(one["duration_ms"] for one in exemplars["good"]) < 200


def test_failures_and_what_they_leave_out_are_told(watched: Watched) -> None:
    found = incident(watched, shop(fails=True, asks_stock=False))
    anatomy = found["evidence"]["anatomy"]
    first = largest(anatomy, "share_of_failures")
    assert (first["service"], first["kind"], first["share_of_failures"]) == ("payment", "server", 1.0)
    assert (first["good"]["failing"], first["bad"]["failing"]) == (0.0, 1.0)
    [missing] = [one for one in anatomy["changed_calls"] if one["what"] == "missing"]
    assert missing["call"] == "checkout → stock GET"
    assert (missing["bad"]["requests"], missing["bad"]["of"]) == (0, anatomy["bad"]["requests"])
    assert missing["good"]["requests"] == missing["good"]["of"] == anatomy["good"]["requests"]
    assert all(one["failed"] for one in anatomy["exemplars"]["bad"])


def test_it_is_taken_when_traces_are_read_and_kept_over_a_restart(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    monkeypatch.setattr(explain, "evidence_of", lambda *told: taken.append(told) or kept(*told))
    before = incident(watched, shop(slow=800))["evidence"]
    assert 1 <= len(taken) < FAULT
    watched.engine = watched.started()
    assert answered(watched)["evidence"] == before
    traffic = Traffic(shop(slow=800), 10, numbers=1_000_000, rng=random.Random(9))
    watched.play(FAULT, traffic)
    after = answered(watched)["evidence"]
    assert after["at"] > before["at"]
    assert largest(after["anatomy"], "share_of_excess")["service"] == "payment"
    assert len(json.dumps(after)) < LARGEST


kept = explain.evidence_of


def test_evidence_that_cannot_be_taken_leaves_the_incident(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a malformed trace")

    monkeypatch.setattr(explain, "evidence_of", broken)
    found = incident(watched, shop(slow=800))
    assert (found["root_cause"]["service"], found["evidence"]) == ("payment", None)


def test_the_evidence_of_the_widest_requests_has_a_bound(watched: Watched) -> None:
    """A hundred services with long names."""

    def wide(slow: float) -> Request:
        def request(rng: random.Random) -> Part:
            inside = []
            for at in range(1, 50):
                name, route = f"service-{at:03}-" + "x" * 60, "/some/long/route/" + "y" * 60
                inside.append(called("front", 10 * at, 10 * at + 9, served(name, route, 10 * at, 10 * at + 8)))
            return served("front", "/", 0, 600 + slow + rng.random(), *inside)

        return request

    traffic = Traffic(wide(0), 3)
    watched.play(CALM, traffic, every=AT_ONCE)
    traffic.request = wide(2000)
    watched.play(FAULT, traffic)
    evidence = answered(watched)["evidence"]
    assert len(evidence["anatomy"]["nodes"]) == 40
    assert evidence["anatomy"]["left_out"] == 1 + 98 - 40
    assert largest(evidence["anatomy"], "share_of_excess")["service"] == "front"
    assert len(json.dumps(evidence)) < LARGEST
