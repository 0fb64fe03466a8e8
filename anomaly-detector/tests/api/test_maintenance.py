"""Maintenance in the calendar: when it is, and that nobody is told of incidents meanwhile."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import sample, simple
from made_up.world import World

from aiops.bootstrap.calendars import BadCalendar, load_calendar
from aiops.model import IncidentEvent, Maintenance, Transition
from aiops.store import SqlOutbox

DISKS = """
maintenance:
  - {name: disks, start: 2026-11-01T09:00:00Z, duration: 2h, rrule: FREQ=WEEKLY;BYDAY=SA, services: [payment],
     reason: new disks}
"""
"""NOW is a Saturday, 09:35 UTC."""


def planned(folder: Path, text: str) -> tuple[Maintenance, ...]:
    file = folder / "calendar.yaml"
    file.write_text(text, encoding="utf-8")
    return load_calendar(file).maintenance


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_a_rule_keeps_its_local_time_when_clocks_change(tmp_path: Path) -> None:
    (one,) = planned(
        tmp_path,
        "time_zone: Europe/Berlin\nmaintenance:\n"
        "  - {name: a, start: 2026-10-01T02:00:00+02:00, duration: 30m, rrule: FREQ=DAILY, reason: backup}",
    )
    summer, winter = one.current(at("2026-10-24T00:10:00Z")), one.current(at("2026-10-26T01:10:00Z"))
    assert summer is not None
    assert winter is not None
    assert (summer.start, winter.start) == (at("2026-10-24T00:00:00Z"), at("2026-10-26T01:00:00Z"))
    assert one.current(at("2026-10-26T01:30:00Z")) is None
    assert one.current(at("2026-09-30T00:10:00Z")) is None
    following = one.following(at("2026-10-26T01:00:00Z"))
    assert following is not None
    assert following.start == at("2026-10-27T01:00:00Z")


def test_without_a_rule_it_comes_once(tmp_path: Path) -> None:
    (one,) = planned(tmp_path, "maintenance: [{name: a, start: 2026-11-21T09:00:00Z, duration: 1d, reason: move}]")
    assert one.current(NOW) is not None
    assert one.following(NOW) is None
    assert one.concerns(["any"])


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("duration: 2 hours", "a duration is like 30m"),
        ("duration: 31d", "at most 30d"),
        ("duration: 0h", "a duration is like 30m"),
        ("rrule: every sunday", "FREQ one of DAILY"),
        ("rrule: FREQ=MINUTELY", "FREQ one of DAILY"),
        ("rrule: FREQ=WEEKLY;BYDAY=XX", "as in RFC 5545"),
        ("rrule: FREQ=DAILY;UNTIL=20261201T000000", "as in RFC 5545"),
        ("start: 2026-11-21T09:00:00", "maintenance.0.start"),
        ("reason: no", "maintenance.0.reason"),
        ("colour: red", "maintenance.0.colour"),
    ],
)
def test_a_wrong_field_is_named_with_the_fix(tmp_path: Path, field: str, said: str) -> None:
    fields = {"name": "a", "start": "2026-11-21T09:00:00Z", "duration": "2h", "reason": "new disks"}
    key, _, value = field.partition(": ")
    with pytest.raises(BadCalendar, match=r"calendar\.yaml") as caught:
        planned(tmp_path, "maintenance:\n- " + "\n  ".join(f"{k}: {v}" for k, v in (fields | {key: value}).items()))
    assert said in str(caught.value)


def test_incidents_of_what_is_maintained_wait(world: World, client: FlaskClient, tmp_path: Path) -> None:
    engine = world.use_cases.engine
    engine.detector.calendar = replace(engine.detector.calendar, maintenance=planned(tmp_path, DISKS))
    other = simple(2, affected_services=("cart",))
    opened = [IncidentEvent(Transition.OPENED, one) for one in (sample(), other)]
    world.store.save_cycle(NOW, NOW, (), engine.muted(opened, [], NOW))
    waiting = SqlOutbox(world.store.database).unplanned()
    assert [one.subject.id for one in waiting] == [other.id]  # type: ignore[union-attr]
    found = client.get("/aiops/incidents/INC-1795253415-1").json
    assert found is not None
    assert (found["muted"]["kind"], found["muted"]["name"]) == ("maintenance", "disks")
    listed = client.get("/aiops/silences").json
    assert listed is not None
    assert listed["maintenance"] == [
        {
            "name": "disks",
            "reason": "new disks",
            "services": ["payment"],
            "current": {"start": "2026-11-21T09:00:00Z", "end": "2026-11-21T11:00:00Z"},
            "following": {"start": "2026-11-28T09:00:00Z", "end": "2026-11-28T11:00:00Z"},
        }
    ]
    page = client.get("/silences").text
    assert "in progress" in page
    assert "2026-11-28 09:00:00 UTC" in page
    assert "in maintenance until" in client.get("/incidents/INC-1795253415-1").text
    world.clock.at = NOW + 2 * 3600
    (event,) = engine.muted([], world.store.active()[:1], world.clock.at)
    assert event.transition == Transition.REMINDED
