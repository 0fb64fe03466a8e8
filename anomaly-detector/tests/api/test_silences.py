"""Silences and snoozed incidents by API and pages: what is announced, and when."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import sample, simple
from made_up.world import World

from aiops.incidents import life
from aiops.model import Incident, IncidentEvent, IncidentState, Severity, Transition
from aiops.notify.alertmanager import Sheet

ONE = "INC-1795253415-1"
PATH = f"/aiops/incidents/{ONE}"
HOUR = 3600.0


def told(world: World) -> list[str]:
    """What waits to be announced, in its order."""
    with world.store.database.connect() as connection:
        rows = connection.exec_driver_sql("select transition from outbox order by number")
        return [row[0] for row in rows]


def post(client: FlaskClient, path: str, **body: object) -> Any:
    answer = client.post(f"/aiops/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def later(world: World, seconds: float) -> None:
    """The next cycle of the engine, so much later; the trouble goes on."""
    world.clock.at += seconds
    going_on = (replace(one, last_seen=world.clock.at) for one in world.store.active())
    world.store.save_cycle(0.0, 0.0, (), [IncidentEvent(Transition.UPDATED, one) for one in going_on])
    world.use_cases.engine.cycle()


def alerts(world: World, sheet: Sheet) -> list[tuple[str, bool]]:
    """The alerts that would be sent now: their severities, and whether they fire."""
    now = world.clock.at
    sent = sheet.alerts(world.store.active(), world.store.resolved_since(now - 600), now)
    return [(one["labels"]["severity"], one["endsAt"] > one["startsAt"] and "not over" not in str(one)) for one in sent]


def test_a_snoozed_incident_is_not_announced_before_its_time(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    found = post(client, f"incidents/{ONE}/snooze", seconds=HOUR, reason="it can wait")
    assert found["muted"] == {
        "kind": "snooze",
        "name": None,
        "by": "local",
        "reason": "it can wait",
        "since": "2026-11-21T09:35:00Z",
        "until": "2026-11-21T10:35:00Z",
    }
    assert found["timeline"][-1]["what"] == "muted"
    page = client.get(f"/incidents/{ONE}").text
    assert "by local: it can wait" in page
    post(client, f"incidents/{ONE}/acknowledge")
    later(world, HOUR - 60)
    assert told(world) == ["opened"]
    later(world, 120)
    assert told(world) == ["opened", "reminded"]
    found = client.get(PATH).json
    assert found is not None
    assert (found["muted"], found["timeline"][-1]["what"]) == (None, "reminded")
    later(world, HOUR)
    assert told(world) == ["opened", "reminded"]


def test_a_snooze_is_ended_by_hand(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    assert client.post(f"/incidents/{ONE}/snooze", data={"lasts": "3600"}).status_code == 303
    assert 'id="wake"' in client.get(f"/incidents/{ONE}").text
    assert post(client, f"incidents/{ONE}/wake")["muted"] is None
    assert told(world) == ["opened", "reminded"]
    assert client.post(f"{PATH}/wake").status_code == 409


def test_what_is_silenced_opens_and_is_shown_and_nobody_is_told(world: World, client: FlaskClient) -> None:
    made = post(client, "silences", service="payment", seconds=2 * HOUR, reason="new disks")
    opened = [IncidentEvent(Transition.OPENED, sample()), IncidentEvent(Transition.OPENED, simple(2))]
    opened[1] = replace(opened[1], incident=replace(simple(2), affected_services=("cart",)))
    world.store.save_cycle(NOW, NOW, (), world.use_cases.engine.muted(opened, [], NOW))
    assert told(world) == ["opened"]
    assert client.get(PATH).json["muted"]["name"] == made["id"]  # type: ignore[index]
    assert "silenced" in client.get("/").text
    assert "new disks" in client.get("/silences").text
    sheet = Sheet()
    assert alerts(world, sheet) == [("high", True)]
    later(world, 2 * HOUR + 1)
    assert told(world) == ["opened", "reminded"]
    assert sorted(alerts(world, sheet)) == [("critical", True), ("high", True)]


def test_people_who_were_told_of_it_are_told_of_its_end(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    sheet = Sheet()
    assert alerts(world, sheet) == [("critical", True)]
    post(client, "silences", incident=ONE, seconds=HOUR, reason="we know")
    assert alerts(world, sheet) == [("critical", False)]
    world.clock.at += 601
    assert alerts(world, sheet) == []
    assert post(client, f"incidents/{ONE}/resolve")["state"] == "resolved"
    assert told(world) == ["opened", "resolved"]


def test_nobody_is_told_of_the_end_of_what_they_never_heard(world: World, client: FlaskClient) -> None:
    post(client, "silences", everything=True, seconds=HOUR, reason="we move")
    event = IncidentEvent(Transition.OPENED, sample())
    world.store.save_cycle(NOW, NOW, (), world.use_cases.engine.muted([event], [], NOW))
    post(client, f"incidents/{ONE}/resolve")
    later(world, 2 * HOUR)
    assert told(world) == []
    assert alerts(world, Sheet()) == []


def test_ending_a_silence_tells_what_is_open_unless_another_holds(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    first = post(client, "silences", service="payment", seconds=HOUR, reason="new disks")
    second = post(client, "silences", kind="errors", until="2026-11-21T10:00:00Z", reason="new code")
    assert post(client, f"silences/{first['id']}/end")["state"] == "ended"
    assert told(world) == ["opened"]
    assert client.get(PATH).json["muted"]["name"] == second["id"]  # type: ignore[index]
    assert client.post(f"/silences/{second['id']}/end").status_code == 303
    assert told(world) == ["opened", "reminded"]
    assert client.post(f"/aiops/silences/{first['id']}/end").status_code == 409
    assert client.post("/aiops/silences/00000000/end").status_code == 404
    listed = client.get("/aiops/silences").json["silences"]  # type: ignore[index]
    assert sorted(one["state"] for one in listed) == ["ended", "ended"]
    rows = client.get("/aiops/audit").json["rows"]  # type: ignore[index]
    assert [row["what"] for row in rows] == ["end silence", "end silence", "silence", "silence"]


def test_worse_news_wait_too(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    post(client, f"incidents/{ONE}/snooze", seconds=HOUR)
    before = world.store.active()
    worse = life.noted(replace(before[0], severity=Severity.CRITICAL), NOW + 5, "severity", "severity is critical now")
    events = world.use_cases.engine.muted([IncidentEvent(Transition.CHANGED, worse)], before, NOW + 5)
    world.store.save_cycle(NOW + 5, NOW + 5, (), events)
    assert told(world) == ["opened"]


MATCHERS: list[tuple[Mapping[str, str], bool]] = [
    ({"incident": ONE}, True),
    ({"incident": "INC-9"}, False),
    ({"service": "gateway"}, True),
    ({"service": "cart"}, False),
    ({"kind": "errors"}, True),
    ({"kind": "unknown"}, False),
    ({"severity": "critical"}, True),
    ({"severity": "low"}, False),
    ({"family": "errors"}, True),
    ({"family": "latency"}, False),
    ({"service": "payment", "severity": "low"}, False),
    ({"service": "payment", "severity": "critical"}, True),
]


@pytest.mark.parametrize(("matcher", "hit"), MATCHERS)
def test_a_silence_matches_what_has_all_that_is_given(
    world: World, client: FlaskClient, matcher: dict[str, str], hit: bool
) -> None:
    world.keep(sample())
    post(client, "silences", seconds=HOUR, reason="new disks", **matcher)
    assert (client.get(PATH).json["muted"] is not None) is hit  # type: ignore[index]


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("silences", {"seconds": 60, "reason": "why not"}, 400, "everything"),
        ("silences", {"seconds": 60, "reason": "why not", "service": "a", "everything": True}, 400, "everything"),
        ("silences", {"seconds": 60, "service": "a"}, 400, "reason"),
        ("silences", {"seconds": 60, "service": "a", "reason": "no"}, 400, "reason"),
        ("silences", {"seconds": 60, "service": "a", "reason": "x" * 1001}, 400, "reason"),
        ("silences", {"service": "a", "reason": "why not"}, 400, "either `until` or `seconds`"),
        ("silences", {"seconds": 60, "until": NOW + 9, "service": "a", "reason": "why not"}, 400, "either"),
        ("silences", {"until": NOW - 9, "service": "a", "reason": "why not"}, 400, "next 30 days"),
        ("silences", {"seconds": 31 * 86400, "service": "a", "reason": "why not"}, 400, "next 30 days"),
        ("silences", {"seconds": 60, "kind": "strange", "reason": "why not"}, 400, "kind"),
        (f"incidents/{ONE}/snooze", {"until": "2026-11-21T09:00:00Z"}, 400, "next 30 days"),
        (f"incidents/{ONE}/snooze", {"until": "noon"}, 400, "RFC 3339"),
        (f"incidents/{ONE}/snooze", {}, 400, "either"),
        (f"incidents/{ONE}/wake", {}, 409, "is not snoozed"),
        ("incidents/INC-9/snooze", {"seconds": 60}, 404, "there is no incident"),
        ("incidents/INC-1795253415-2/snooze", {"seconds": 60}, 409, "is resolved since"),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    world: World, client: FlaskClient, path: str, body: dict[str, object], status: int, said: str
) -> None:
    over: Incident = simple(2, state=IncidentState.RESOLVED, resolved_at=NOW - 60)
    world.keep(sample(), over)
    answer = client.post(f"/aiops/{path}", json=body)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert client.get("/aiops/silences").json == {"silences": [], "maintenance": []}
    assert client.get("/aiops/audit").json["rows"] == []  # type: ignore[index]


def test_the_form_of_a_silence_says_what_is_wrong(world: World, client: FlaskClient) -> None:
    form = {"service": "payment", "reason": "new disks", "lasts": "3600"}
    for wrong in ({"lasts": "5"}, {"until": "noon"}, {"severity": "bad"}, {"reason": ""}, {"service": ""}):
        assert client.post("/silences", data=form | wrong).status_code == 400, wrong
    assert client.post("/silences", data=form).status_code == 303
    page = client.get("/silences").text
    assert "new disks" in page
    assert "payment" in page
