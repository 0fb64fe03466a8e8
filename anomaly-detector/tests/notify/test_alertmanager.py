"""Incidents as Alertmanager gets them: known by their labels, over when they are over."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from made_up.fakes import NOW, FakeClock
from made_up.samples import TRACE_ID, sample, simple

from aiops.model import Cause, CauseKind, Episode, Incident, IncidentState, Severity, iso
from aiops.notify import Alertmanager
from aiops.notify.alertmanager import Sheet, alert_description

from .fake import FakeAlertmanager, fake_alertmanager

PAGES = "http://aiops.example:8000"


@dataclass
class Incidents:
    """The part of an incident store that is asked."""

    known: list[Incident] = field(default_factory=list)

    def active(self) -> list[Incident]:
        return [one for one in self.known if one.resolved_at is None]

    def resolved_since(self, at: float) -> list[Incident]:
        return [one for one in self.known if one.resolved_at is not None and one.resolved_at >= at]


@dataclass
class World:
    there: FakeAlertmanager
    sender: Alertmanager
    store: Incidents
    clock: FakeClock
    counts: list[tuple[str, str]]

    def send(self, *incidents: Incident, later: float = 15.0) -> None:
        self.store.known = list(incidents)
        self.clock.at += later
        self.sender.send()


@pytest.fixture
def world() -> Iterator[World]:
    with fake_alertmanager() as there:
        store, clock, counts = Incidents(), FakeClock(), list[tuple[str, str]]()
        sender = Alertmanager(
            f"{there.url}/under/",
            PAGES,
            store,
            clock,
            lambda to, outcome: counts.append((to, outcome)),  # type: ignore[arg-type]
        )
        yield World(there, sender, store, clock, counts)
        sender.close()


def over(one: Incident, at: float) -> Incident:
    return replace(one, state=IncidentState.RESOLVED, resolved_at=at, resolution="done")


def test_an_open_incident_is_an_alert_with_cause_and_links(world: World) -> None:
    world.send(sample())
    (path, content_type, _) = world.there.posts[0]
    assert (path, content_type) == ("/under/api/v2/alerts", "application/json")
    assert world.there.last == [
        {
            "labels": {
                "alertname": "AiopsIncident",
                "source": "aiops",
                "incident": "INC-1795253415-1",
                "severity": "critical",
                "service": "payment",
                "kind": "errors",
            },
            "annotations": {
                "summary": "payment POST /payment fails · all failing ones are of payment 1.5.0",
                "description": "80% of requests fail (12 of 15; expected 1%). The cause is almost certain (93%): "
                "payment POST /payment. It hits payment, checkout, gateway.",
                "incident_url": f"{PAGES}/incidents/INC-1795253415-1",
                "trace_url": f"{PAGES}/traces/{TRACE_ID}",
            },
            "startsAt": iso(NOW - 285),
            "endsAt": iso(NOW + 15 + 300),
            "generatorURL": f"{PAGES}/incidents/INC-1795253415-1",
        }
    ]


def test_it_is_sent_again_and_ends_later_each_time(world: World) -> None:
    world.send(sample())
    world.send(replace(sample(), state=IncidentState.ACKNOWLEDGED))
    (first,), (second,) = (alerts for _, _, alerts in world.there.posts)
    assert second == {**first, "endsAt": iso(NOW + 30 + 300)}


def test_it_ends_when_it_is_resolved_and_is_told_so_for_a_while(world: World) -> None:
    world.send(sample())
    for later in (15, 500):
        world.send(over(sample(), NOW + 20), later=later)
        (alert,) = world.there.last
        assert (alert["startsAt"], alert["endsAt"]) == (iso(NOW - 285), iso(NOW + 20))
    world.send(over(sample(), NOW + 20), later=600)
    assert len(world.there.posts) == 3, "nothing is left to say"


def test_one_that_reopens_fires_again_as_the_same_alert(world: World) -> None:
    world.send(sample())
    world.send(over(sample(), NOW + 20))
    world.send(sample())
    (alert,) = world.there.last
    assert (alert["startsAt"], alert["endsAt"]) == (iso(NOW - 285), iso(NOW + 45 + 300))


def test_flaps_that_are_not_told_fire_no_alert(world: World) -> None:
    first = Episode(NOW - 300, NOW - 285, NOW + 20)
    flaps = replace(sample(), episodes=(first, Episode(NOW + 40, NOW + 45, None, told=False)), occurrences=2)
    world.send(replace(sample(), episodes=(replace(first, ended=None),)))
    world.send(flaps, later=60)
    (alert,) = world.there.last
    assert (alert["startsAt"], alert["endsAt"]) == (iso(NOW - 285), iso(NOW + 20)), "it is over since the first"
    told = replace(flaps, episodes=(first, replace(flaps.episode, told=True)))
    world.send(told, later=60)
    (alert,) = world.there.last
    assert (alert["startsAt"], alert["endsAt"]) == (iso(NOW + 45), iso(NOW + 135 + 300))
    assert alert["annotations"]["description"].endswith("It is there for the 2nd time in 6 minutes.")


def test_an_alert_whose_labels_change_ends_in_the_same_post(world: World) -> None:
    before = simple(severity=Severity.MEDIUM)
    world.send(before)
    world.send(replace(before, severity=Severity.HIGH))
    old, new = world.there.last
    assert (old["labels"]["severity"], old["endsAt"]) == ("medium", iso(NOW + 30))
    assert (new["labels"]["severity"], new["endsAt"]) == ("high", iso(NOW + 330))
    world.send(replace(before, severity=Severity.HIGH))
    assert world.there.last[0] == old, "said again, where it was not heard"
    root = sample().root_cause
    assert root is not None
    named = replace(before, severity=Severity.HIGH, root_cause=replace(root, cause=Cause("cart", CauseKind.DOWN)))
    world.send(named)
    assert [(one["labels"]["service"], one["labels"]["kind"]) for one in world.there.last] == [
        ("payment", "errors"),
        ("payment", "errors"),
        ("cart", "down"),
    ]
    world.send(before, later=15)
    assert [one["labels"]["severity"] for one in world.there.last].count("medium") == 1, "it fires again"
    assert world.there.last[-1]["endsAt"] == iso(NOW + 75 + 300)
    world.send(before, later=700)
    assert len(world.there.last) == 1


def test_after_a_restart_the_same_alert_is_sent(world: World) -> None:
    before, after = Sheet(PAGES), Sheet(PAGES)
    assert before.alerts([sample()], [], NOW) == after.alerts([sample()], [], NOW)


def test_no_label_is_empty() -> None:
    mute = simple(affected_services=(), symptoms=(((("service", "*"),), "no_telemetry"),))
    (alert,) = Sheet().alerts([mute], [], NOW)
    assert "service" not in alert["labels"]
    assert alert["labels"]["kind"] == "no_telemetry"
    assert alert["annotations"]["description"].startswith("No cause found in telemetry: no trace")


def test_a_clock_set_back_makes_no_alert_that_ends_before_it_starts() -> None:
    sheet, early = Sheet(), NOW - 7200
    sheet.alerts([simple(severity=Severity.LOW)], [], NOW)
    for alert in sheet.alerts([simple()], [over(simple(2), NOW)], early):
        assert alert["startsAt"] <= alert["endsAt"]
        assert alert["startsAt"] <= iso(early)


def test_who_is_away_is_said_once_counted_and_tried_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world.there.status, world.there.said = 500, '{"error": "no room"}'
    world.send(sample())
    world.send(sample())
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "answers 500 to /api/v2/alerts: no room" in record.message
    world.there.said = '{"error": "no memory"}'
    world.send(sample())
    assert len(caplog.records) == 2, "what changes is said"
    world.there.status = 200
    world.send(sample())
    world.send(sample())
    assert len(caplog.records) == 3
    assert "again" in caplog.records[-1].message
    assert [outcome for _, outcome in world.counts] == ["failed"] * 3 + ["sent"] * 2
    assert world.counts[0][0] == f"{world.there.url}/under/"


def test_nobody_there_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    counts: list[str] = []
    nobody = Alertmanager(
        "http://name:secret@127.0.0.1:9",
        PAGES,
        Incidents([sample()]),  # type: ignore[arg-type]
        FakeClock(),
        lambda _, outcome: counts.append(outcome),
    )
    nobody.send()
    nobody.close()
    assert counts == ["failed"]
    assert "cannot be reached" in caplog.text
    assert "secret" not in caplog.text


def test_descriptions_without_anybody_hit() -> None:
    assert alert_description(simple(affected_services=(), no_cause="")) == (
        "No cause found: the evidence does not carry one."
    )
