"""Every endpoint, when all is well."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW, Route
from made_up.samples import TRACE_ID, sample, sample_evidence, sample_trace, simple
from made_up.world import World

from aiops.model import (
    Edge,
    Family,
    IncidentEvent,
    IncidentState,
    SeriesState,
    Severity,
    Tier,
    Transition,
    Verdict,
    iso,
    labels,
)

NAN = float("nan")


def ids(answer: Any) -> list[str]:
    return [one["id"] for one in answer["active_incidents"]]


def test_the_sample_incident_has_every_field_that_was_promised(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    assert client.get("/aiops/incidents/INC-1795253415-1").json == {
        "id": "INC-1795253415-1",
        "state": "open",
        "severity": "critical",
        "title": "Error spike in payment POST /payment",
        "headline": "payment POST /payment fails · all failing ones are of payment 1.5.0",
        "root_cause": {
            "service": "payment",
            "endpoint": "/payment",
            "method": "POST",
            "kind": "errors",
            "caller": None,
            "description": "80% of requests fail (12 of 15; expected 1%)",
            "confidence": 0.93,
            "interval": [0.71, 0.99],
            "dimensions": [
                {"attribute": "service.version", "value": "1.5.0", "share_of_bad": 1.0, "share_of_good": 0.04}
            ],
            "change": "deployment of payment 1.5.0, 4 min before",
            "alternatives": [
                {
                    "service": "inventory",
                    "endpoint": "/inventory",
                    "method": "GET",
                    "kind": "network",
                    "caller": "checkout",
                    "confidence": 0.22,
                }
            ],
            "changes_considered": [],
            "from_metrics": [],
            "measured": None,
        },
        "no_cause": None,
        "first_failing_span": {
            "trace_id": TRACE_ID,
            "span_id": "00f067aa0ba902b7",
            "service": "payment",
            "name": "POST /payment",
            "status": "card processor refused",
            "exception": "PaymentError",
            "share_of_traces": 0.93,
        },
        "affected_endpoints": ["/payment", "/checkout"],
        "affected_services": ["payment", "checkout", "gateway"],
        "onset": iso(NOW - 300),
        "first_detected": iso(NOW - 285),
        "last_seen": iso(NOW - 15),
        "resolved_at": None,
        "resolution": None,
        "helped": None,
        "ending": None,
        "fingerprint": None,
        "occurrences": 1,
        "recurrence": None,
        "episodes": [{"onset": iso(NOW - 300), "detected": iso(NOW - 285), "ended": None, "told": True}],
        "acknowledged_by": None,
        "assignee": None,
        "severity_set": None,
        "held_by": None,
        "merged": [],
        "merged_into": None,
        "split_from": None,
        "muted": None,
        "symptoms": [
            {"family": "errors", "service": "payment", "route": "/payment", "method": "POST"},
            {"family": "errors", "service": "checkout", "route": "/checkout", "method": "POST"},
        ],
        "trace_correlation": {
            "trace_id": TRACE_ID,
            "trace_ids": [TRACE_ID, "a" * 32, "b" * 32],
            "traces_analyzed": 41,
            "correlated_failures": ["payment_errors", "checkout_errors"],
        },
        "slo_impact": [],
        "responsible": None,
        "links": {
            "self": "/aiops/incidents/INC-1795253415-1",
            "page": "/incidents/INC-1795253415-1",
            "trace": f"/traces/{TRACE_ID}",
            "dashboard": None,
        },
        "timeline": [{"at": iso(one.at), "what": one.what, "text": one.text} for one in sample().timeline],
        "alerts": [],
        "alike": [],
        "comments": [],
        "accepted": [],
        "evidence": None,
    }


def test_the_evidence_of_an_incident_has_every_number_with_its_unit(world: World, client: FlaskClient) -> None:
    one = replace(sample(), evidence_at=NOW - 285)
    world.store.save_cycle(NOW, NOW, (), [IncidentEvent(Transition.OPENED, one, sample_evidence())])
    found = client.get("/aiops/incidents/INC-1795253415-1").json
    assert found is not None
    evidence = found["evidence"]
    node = {
        "parent": None,
        "service": "checkout",
        "operation": "POST /checkout",
        "kind": "server",
        "callee": None,
        "good": {"requests": 60, "calls": 1.0, "median_ms": 310.0, "failing": 0.0, "time_ms": 40.0},
        "bad": {"requests": 41, "calls": 1.0, "median_ms": 280.0, "failing": 0.93, "time_ms": 50.0},
        "excess_ms": 10.0,
        "share_of_excess": 0.0,
        "share_of_failures": 0.0,
        "critical": True,
    }
    first, second = evidence["anatomy"].pop("nodes")
    assert first == node
    assert (second["parent"], second["callee"], second["good"]["median_ms"]) == (0, "payment", None)
    look = {
        "trace_id": TRACE_ID,
        "span_id": "00f067aa0ba902b7",
        "service": "checkout",
        "operation": "POST /checkout",
        "start": iso(NOW - 200),
        "duration_ms": 310.0,
        "failed": True,
    }
    assert evidence == {
        "at": iso(NOW - 285),
        "symptoms": [
            {
                "labels": {"service": "payment", "route": "/payment", "method": "POST"},
                "family": "errors",
                "text": "80% of requests to payment POST /payment fail",
                "onset": iso(NOW - 300),
                "at": iso(NOW - 285),
                "score": 3.5,
                "observed": 0.8,
                "expected": 0.01,
                "bad": 12.0,
                "total": None,
            }
        ],
        "more_symptoms": 1,
        "votes": [
            {
                "service": "payment",
                "endpoint": "/payment",
                "method": "POST",
                "kind": "errors",
                "caller": None,
                "traces": 38.5,
                "of": 41,
                "confidence": 0.9,
                "interval": [0.81, 0.98],
            }
        ],
        "at_cause": {"good": {"spans": 0, "median_ms": None}, "bad": {"spans": 41, "median_ms": 185.0}},
        "read": "checkout POST /checkout",
        "anatomy": {
            "good": {"requests": 60, "median_ms": 310.0, "mean_ms": 40.0, "failing": 0.0},
            "bad": {"requests": 41, "median_ms": 280.0, "mean_ms": 300.0, "failing": 0.93},
            "left_out": 7,
            "left_out_share": 0.125,
            "changed_calls": [
                {
                    "what": "added",
                    "caller": "checkout POST /checkout",
                    "call": "checkout → payment POST",
                    "good": {"requests": 0, "of": 60, "calls": 0.0},
                    "bad": {"requests": 41, "of": 41, "calls": 1.25},
                }
            ],
            "exemplars": {
                "bad": [look],
                "good": [{**look, "trace_id": "a" * 32, "duration_ms": 40.0, "failed": False}],
            },
        },
        "questions": [
            {
                "kind": "slow",
                "service": "checkout",
                "route": "/checkout",
                "method": "POST",
                "callee": None,
                "since": iso(NOW - 315),
                "until": iso(NOW - 285),
                "slower_than_ms": 250.0,
                "limit": 60,
                "traces": 41,
                "text": "requests to checkout POST /checkout that took longer than 250 ms, "
                f"from {iso(NOW - 315)} to {iso(NOW - 285)}",
                "query": "{ kind = server }",
            }
        ],
    }
    [listed] = client.get("/aiops/incidents").json["active_incidents"]  # type: ignore[index]
    assert "evidence" not in listed


def test_an_incident_leads_to_its_service_in_grafana_at_its_time(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    world.use_cases.grafana_url = "http://grafana:3000/"
    for path in ("/aiops/incidents/INC-1795253415-1", "/aiops/incidents"):
        found = client.get(path).json
        assert found is not None
        one = found["active_incidents"][0] if "active_incidents" in found else found
        link = urlsplit(one["links"]["dashboard"])
        assert (link.netloc, link.path) == ("grafana:3000", "/d/aiops-service")
        asked = parse_qs(link.query)
        assert asked["var-service"] == ["payment"]
        assert int(asked["from"][0]) < 1000 * (NOW - 300)
        assert asked["to"] == ["now"]


def test_an_incident_without_a_cause_says_why(world: World, client: FlaskClient) -> None:
    world.keep(simple())
    found = client.get("/aiops/incidents/INC-1795253415-1").json
    assert found is not None
    assert found["root_cause"] is None
    assert found["no_cause"].startswith("no cause found in telemetry")


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        pytest.param("", [3, 2], id="active by default"),
        pytest.param("state=open", [3], id="open"),
        pytest.param("state=acknowledged", [2], id="acknowledged"),
        pytest.param("state=resolved", [1], id="resolved"),
        pytest.param("state=all", [3, 2, 1], id="all"),
        pytest.param("severity=low", [2], id="severity"),
        pytest.param("service=cart", [3], id="service"),
        pytest.param("service=car", [], id="no part of a service's name"),
        pytest.param(f"state=all&since={NOW - 3598}", [3, 2], id="since in Unix seconds"),
        pytest.param(f"state=all&until={iso(NOW - 3599)}", [1], id="until in RFC 3339"),
        pytest.param(f"state=all&since={iso(NOW)[:-1]}%2B01:00&until={NOW}", [3, 2, 1], id="with an offset"),
        pytest.param("state=all&limit=1", [3], id="limit"),
    ],
)
def test_incidents_are_filtered(world: World, client: FlaskClient, query: str, numbers: list[int]) -> None:
    world.keep(
        simple(1, state=IncidentState.RESOLVED, resolved_at=NOW - 100),
        simple(2, state=IncidentState.ACKNOWLEDGED, acknowledged_by="maria", severity=Severity.LOW),
        simple(3, affected_services=("cart", "payment")),
    )
    answer = client.get(f"/aiops/incidents?{query}")
    assert answer.status_code == 200, answer.json
    assert ids(answer.json) == [f"INC-1795253415-{number}" for number in numbers]


def test_pages_follow_each_other_to_the_end(world: World, client: FlaskClient) -> None:
    world.keep(*(simple(number) for number in range(1, 8)))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = client.get(f"/aiops/incidents?limit=3{f'&cursor={cursor}' if cursor else ''}").json
        assert answer is not None
        seen += ids(answer)
        cursor = answer["next"]
    assert seen == [f"INC-1795253415-{number}" for number in range(7, 0, -1)]


def test_an_incident_is_acknowledged_once_and_resolved(world: World, client: FlaskClient) -> None:
    world.keep(simple())
    for _ in range(2):
        taken = client.post("/aiops/incidents/INC-1795253415-1/acknowledge").json
        assert taken is not None
        assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", "local")
    assert [one["what"] for one in taken["timeline"]] == ["anomaly", "acknowledged"]  # type: ignore[index]
    over = client.post("/aiops/incidents/INC-1795253415-1/resolve", json={}).json
    assert over is not None
    assert (over["state"], over["resolved_at"]) == ("resolved", iso(NOW))
    assert ids(client.get("/aiops/incidents").json) == []


def test_analyze_finds_trouble_and_nothing_more_when_asked_again(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment", rate=8)]
    assert client.post("/aiops/analyze").json["findings"] == []  # type: ignore[index]
    world.metrics.routes[0].errors = 0.8
    world.clock.at += 60
    first = client.post("/aiops/analyze").json
    assert first is not None
    assert [one["family"] for one in first["findings"]] == ["errors"]
    assert first["findings"][0]["labels"]["service"] == "payment"
    assert [one["transition"] for one in first["events"]] == ["opened"]
    again = client.post("/aiops/analyze").json
    assert again is not None
    assert again["judged_until"] == first["judged_until"]
    assert "opened" not in [one["transition"] for one in again["events"]]
    assert len(ids(client.get("/aiops/incidents").json)) == 1


def test_metrics_have_the_promised_fields(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment", rate=2, errors=0.25, seconds=0.1234)]
    assert client.get("/aiops/metrics").json == {
        "metrics": {
            "payment /payment": {
                "service": "payment",
                "route": "/payment",
                "method": "POST",
                "avg_latency_ms": 123.4,
                "baseline_latency_ms": None,
                "expected_range_ms": None,
                "p95_latency_ms": pytest.approx(242.5, abs=10),
                "error_rate": 0.25,
                "request_count": 600,
                "status_distribution": {"200": 450, "500": 150},
                "health": {"status": "unknown", "health_score": 100},
            }
        }
    }


def test_metrics_know_what_is_expected_after_a_while(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment", rate=8, seconds=0.1)]
    world.use_cases.operation.analyze()
    found = client.get("/aiops/metrics").json["metrics"]["payment /payment"]  # type: ignore[index]
    low, high = found["expected_range_ms"]
    assert low < found["baseline_latency_ms"] < high
    assert found["baseline_latency_ms"] == pytest.approx(100, rel=0.05)
    assert found["health"]["status"] == "healthy"


def test_methods_that_share_a_route_are_told_apart(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("cart", "GET", "/cart"), Route("cart", "POST", "/cart"), Route("cart", "GET", "/")]
    assert set(client.get("/aiops/metrics").json["metrics"]) == {  # type: ignore[index]
        "cart GET /cart",
        "cart POST /cart",
        "cart /",
    }


def test_services_name_their_incidents(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment"), Route("cart", "GET", "/cart")]
    world.keep(simple())
    found = {one["service"]: one for one in client.get("/aiops/services").json["services"]}  # type: ignore[index]
    assert found["payment"]["incidents"] == ["INC-1795253415-1"]
    assert found["cart"]["incidents"] == []
    assert found["cart"]["requests_per_second"] == 2.0
    assert [one["route"] for one in found["cart"]["routes"]] == ["/cart"]


def test_topology_lists_edges_and_services(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment")]
    world.topology.known = [
        Edge(caller="gateway", callee="payment", rate=2.0, error_ratio=0.5, latency=0.0421),
        Edge(caller="payment", callee="bank", rate=1, error_ratio=0, latency=NAN, connection="virtual"),
    ]
    found = client.get("/aiops/topology").json
    assert found is not None
    assert found["services"] == ["bank", "gateway", "payment"]
    assert found["edges"] == [
        {
            "caller": "gateway",
            "callee": "payment",
            "requests_per_second": 2.0,
            "error_rate": 0.5,
            "avg_latency_ms": 42.1,
            "expected_latency_ms": None,
            "expected_range_ms": None,
            "slow": False,
            "failing": False,
            "connection": "",
        },
        {
            "caller": "payment",
            "callee": "bank",
            "requests_per_second": 1.0,
            "error_rate": 0.0,
            "avg_latency_ms": None,
            "expected_latency_ms": None,
            "expected_range_ms": None,
            "slow": False,
            "failing": False,
            "connection": "virtual",
        },
    ]
    bank, gateway, payment = found["nodes"]
    assert [one["service"] for one in found["nodes"]] == found["services"]
    assert (bank["virtual"], bank["requests_per_second"], bank["avg_latency_ms"]) == (True, 1.0, None)
    assert (payment["virtual"], payment["requests_per_second"]) == (False, 2.0)
    assert gateway["health"]["status"] == "unknown"


def test_a_series_has_observed_expected_bounds_and_score(world: World, client: FlaskClient) -> None:
    of = labels(service="payment", route="/payment", method="POST")
    first = Verdict(
        series=of,
        family=Family.LATENCY,
        at=NOW - 30,
        observed=0.2,
        expected=0.1,
        lower=0.05,
        upper=0.15,
        score=2.0,
        confidence=0.3,
        tier=Tier.DEFAULTS,
        state=SeriesState.SUSPECT,
    )
    old, warming = replace(first, at=NOW - 1000), replace(first, at=NOW - 15, expected=NAN, score=NAN)
    world.verdicts.recorded = [old, first, warming]
    found = client.get("/aiops/series?service=payment&route=/payment").json
    assert found is not None
    assert (found["since"], found["until"]) == (iso(NOW - 900), iso(NOW))
    (series,) = found["series"]
    assert (series["family"], series["unit"], series["labels"]["method"]) == ("latency", "seconds", "POST")
    assert series["points"][0] == {
        "at": iso(NOW - 30),
        "observed": 0.2,
        "expected": 0.1,
        "lower": 0.05,
        "upper": 0.15,
        "score": 2.0,
        "confidence": 0.3,
        "tier": "defaults",
        "life": "suspect",
    }
    assert (series["points"][1]["expected"], series["points"][1]["score"]) == (None, None)


def test_any_metric_can_be_read_by_attributes(world: World, client: FlaskClient) -> None:
    found = client.get("/aiops/series?metric=queue.depth&by=queue,host&step=300&service=cart").json
    assert found is not None
    assert (found["by"], found["step_seconds"], len(found["ends"])) == (["queue", "host"], 300.0, 3)
    assert found["series"] == [{"labels": {"queue": "a", "host": "a"}, "values": [None, None, None]}]
    assert world.metrics.asked[0].where == labels(service="cart")
    assert np.isclose(world.metrics.clock.at, NOW)


@pytest.mark.parametrize(
    "at", [pytest.param({}, id="now"), pytest.param({"at": "2026-11-21T10:00:00+00:00"}, id="then")]
)
def test_a_change_is_recorded_and_listed(world: World, client: FlaskClient, at: dict[str, str]) -> None:
    world.clock.at = 1_795_256_000.0
    sent = {"kind": "deployment", "service": "payment", "version": "1.5.0", "text": "  fees  ", **at}
    made = client.post("/aiops/changes", json=sent)
    assert made.status_code == 201
    assert made.json == {
        "at": "2026-11-21T10:00:00Z" if at else iso(world.clock.at),
        "who": "local",
        "kind": "deployment",
        "service": "payment",
        "version": "1.5.0",
        "text": "fees",
        "source": "api",
        "comparison": None,
        "verdict": None,
    }
    assert client.get("/aiops/changes").json == {"changes": [made.json]}
    assert client.get("/aiops/changes?since=0&until=1").json == {"changes": []}


def test_the_engine_is_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/health").json == {"status": "ok"}
    assert client.get("/ready").json == {"ready": True, "notes": []}


def test_not_ready_says_why(world: World, client: FlaskClient) -> None:
    world.clock.at += 1000
    answer = client.get("/ready")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.json is not None
    assert answer.json["ready"] is False
    assert answer.json["reasons"] == ["the last cycle ended 1000 s ago"]


def test_prometheus_can_read_the_engines_metrics(client: FlaskClient) -> None:
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain; version=")
    assert "aiops_cycle_duration_seconds" in answer.text


def test_raw_spans_are_answered_as_otlp(world: World, client: FlaskClient) -> None:
    trace = sample_trace()
    world.traces.known[trace.trace_id] = trace
    until = max(one.end for one in trace.spans) + 1
    answer = client.get("/aiops/spans", query_string={"since": until - 60, "until": until}).json
    assert answer is not None
    assert answer["complete"] is True
    found = [one for group in answer["resourceSpans"] for one in group["scopeSpans"][0]["spans"]]
    assert {one["spanId"] for one in found} == {one.span_id for one in trace.spans}
    assert client.get("/aiops/spans", query_string={"since": until, "until": until}).json == {
        "resourceSpans": [],
        "complete": True,
    }


def test_too_many_spans_are_refused_with_advice(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiops.service.telemetry.SPANS", 1)
    trace = sample_trace()
    world.traces.known[trace.trace_id] = trace
    until = max(one.end for one in trace.spans) + 1
    answer = client.get("/aiops/spans", query_string={"since": until - 60, "until": until})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["detail"].startswith("more than 1 spans ended in that time: take less time")


def test_without_objectives_there_are_no_documents(client: FlaskClient) -> None:
    assert client.get("/aiops/objectives").json == {"documents": []}
