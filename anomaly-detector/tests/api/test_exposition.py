"""Incidents and changes among the engine's own metrics: what dashboards draw."""

from dataclasses import replace

from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import TRACE_ID, sample, simple
from made_up.world import World
from prometheus_client.parser import text_string_to_metric_families

from aiops import __version__
from aiops.model import Actor, Alert, AlertState, Change, IncidentState, TimelineEntry, names

Samples = dict[tuple[tuple[str, str], ...], float]


def exposed(client: FlaskClient, name: str) -> Samples:
    """Value by labels of one metric, after a cycle."""
    client.post("/aiops/analyze")
    found = text_string_to_metric_families(client.get("/metrics").text)
    return {
        tuple(sorted(one.labels.items())): one.value for family in found for one in family.samples if one.name == name
    }


def labels(**of: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(of.items()))


def moments(client: FlaskClient) -> dict[str, float]:
    return {dict(of)["moment"]: at for of, at in exposed(client, names.INCIDENT_TIME).items()}


def test_an_open_incident_is_told_with_its_cause_and_where_its_page_is(world: World, client: FlaskClient) -> None:
    world.use_cases.engine.telemetry.about("http://engine")
    world.keep(sample())
    assert exposed(client, names.INCIDENT_INFO) == {
        labels(
            incident="INC-1795253415-1",
            state="open",
            severity="critical",
            service="payment",
            endpoint="/payment",
            kind="errors",
            title="Error spike in payment POST /payment",
            trace_id=TRACE_ID,
            page="http://engine/incidents/INC-1795253415-1",
        ): 1.0
    }
    assert moments(client) == {"onset": NOW - 300, "detected": NOW - 285}
    assert exposed(client, names.ENGINE_INFO) == {labels(version=__version__, url="http://engine"): 1.0}


def test_without_a_cause_the_first_service_that_is_hit_stands_for_it(world: World, client: FlaskClient) -> None:
    world.keep(simple(2, affected_services=("checkout", "gateway")))
    [of] = exposed(client, names.INCIDENT_INFO)
    assert {"service": "checkout", "endpoint": "", "kind": "errors", "trace_id": ""}.items() <= dict(of).items()


def test_what_is_over_is_told_for_an_hour(world: World, client: FlaskClient) -> None:
    taken = TimelineEntry(NOW - 2000, "acknowledged", "acknowledged by somebody")
    over = simple(3, state=IncidentState.RESOLVED, resolved_at=NOW - 3500, timeline=(*simple(3).timeline, taken))
    world.keep(over, replace(over, id="INC-1-4", key="4" * 16, resolved_at=NOW - 3700))
    [of] = exposed(client, names.INCIDENT_INFO)
    assert dict(of)["state"] == "resolved"
    assert moments(client) == {
        "onset": over.onset,
        "detected": over.first_detected,
        "acknowledged": NOW - 2000,
        "resolved": NOW - 3500,
    }


def test_what_people_do_is_seen_with_the_next_cycle(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    client.post("/aiops/incidents/INC-1795253415-1/acknowledge")
    [of] = exposed(client, names.INCIDENT_INFO)
    assert dict(of)["state"] == "acknowledged"
    assert moments(client)["acknowledged"] == NOW


def test_alerts_of_others_are_counted_by_incident(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    told = [
        Alert(
            fingerprint=name,
            starts_at=NOW - 200,
            state=AlertState.FIRING,
            ends_at=None,
            heard_at=NOW,
            labels=(("alertname", name),),
            services=("payment",),
        )
        for name in ("DiskFull", "TooSlow")
    ]
    world.use_cases.alerts.take(told, Actor("am"))
    assert exposed(client, names.INCIDENT_ALERTS) == {labels(incident="INC-1795253415-1"): 2.0}


def test_a_change_is_told_for_an_hour(world: World, client: FlaskClient) -> None:
    for ago, version in ((7200, "1.4.0"), (600, "1.5.0"), (60, "1.5.0")):
        world.use_cases.incidents.record_change(
            Change(at=NOW - ago, who="ci", kind="deployment", service="payment", version=version, text=""), Actor("ci")
        )
    assert exposed(client, names.CHANGE_TIME) == {
        labels(kind="deployment", service="payment", version="1.5.0"): NOW - 60
    }


def test_only_the_newest_of_very_many_incidents_are_told(world: World, client: FlaskClient) -> None:
    world.keep(*(simple(number) for number in range(1, 211)))
    told = {dict(of)["incident"] for of in exposed(client, names.INCIDENT_INFO)}
    assert told == {f"INC-1795253415-{number}" for number in range(11, 211)}
