"""Who looks after the service to blame, and who is on call: on the pages, in the API and in notifications."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from api.test_incident_page import PAGE, failing, lived
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.world import World

from aiops.model import Window
from aiops.model.catalog import Catalog, CatalogEntry, OnCallShift
from aiops.model.errors import SourceError
from aiops.service.responsible import AGAIN, AHEAD, ResponsibleService

ENTRY = CatalogEntry(
    service="payment",
    owner="Payments <team>",
    runbooks=(("When payments fail", "https://wiki.example.org/payment"),),
    links=(("Dashboard", "https://grafana.example.org/d/pay"),),
    slack="#pay",
    contact="payments@example.org",
    on_call="https://example.org/secret.ics",
)


@dataclass
class Calendars:
    shifts: Sequence[OnCallShift] = ()
    problem: str = ""
    asked: list[str] = field(default_factory=list)

    def read(self, address: str, _within: Window) -> Sequence[OnCallShift]:
        self.asked.append(address)
        if self.problem:
            raise SourceError(self.problem)
        return self.shifts


def catalogued(world: World, *shifts: OnCallShift) -> Calendars:
    calendars = Calendars(shifts)
    world.use_cases.responsible = ResponsibleService(Catalog({"payment": ENTRY}), world.clock, calendars.read)
    lived(world, failing())
    return calendars


def said(client: FlaskClient, path: str = PAGE, anchor: str = 'id="responsible"') -> str:
    page = client.get(path).text
    part = page[page.index(anchor) :]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part[part.index(">") + 1 :][:1500])).split())


def test_the_incident_says_who_to_call_and_what_to_follow(world: World, client: FlaskClient) -> None:
    catalogued(world, OnCallShift(NOW - 3600, NOW + 3600, "Ana Lopez"), OnCallShift(NOW + 3600, NOW + 7200, "Bo"))
    assert "Who is on call for payment is not known: the calendar was not read yet" in said(client)
    world.use_cases.responsible.refresh()
    text = said(client)
    assert text.startswith(
        "Owner of payment: Payments <team> (#pay, payments@example.org) · "
        "On call for payment now: Ana Lopez, until 2026-11-21 10:35:00 UTC"
    )
    page = client.get(PAGE).text
    todo = page[page.index('class="todo"') :]
    assert 'href="https://wiki.example.org/payment" rel="noreferrer">the runbook</a>' in todo[: todo.index("</ol>")]
    service = said(client, "/services/payment")
    assert "On call for payment now: Ana Lopez" in service
    assert "When payments fail · Dashboard" in service


def test_the_api_has_the_same(world: World, client: FlaskClient) -> None:
    catalogued(world, OnCallShift(NOW - 60, NOW + 60, "Ana"), OnCallShift(NOW - 60, NOW + 120, "Bo"))
    world.use_cases.responsible.refresh()
    found = client.get(f"/aiops{PAGE}").json
    assert found is not None
    one = found["responsible"]
    assert (one["service"], one["owner"], one["slack"]) == ("payment", "Payments <team>", "#pay")
    assert one["runbooks"] == [{"title": "When payments fail", "url": "https://wiki.example.org/payment"}]
    assert one["on_call"] == {
        "names": ["Ana", "Bo"],
        "until": "2026-11-21T09:36:00Z",
        "as_of": "2026-11-21T09:35:00Z",
        "problem": None,
    }
    assert "secret" not in client.get(f"/aiops{PAGE}").text
    assert "On call for payment now: Ana, Bo" in said(client)


def test_the_post_mortem_names_the_owner(world: World, client: FlaskClient) -> None:
    catalogued(world)
    world.use_cases.post_mortems.responsible = world.use_cases.responsible
    found = client.get(f"/aiops{PAGE}/export").json
    assert found is not None
    assert found["summary"]["owner"] == "Payments <team>"
    assert "Payments \\<team\\>" in client.get(f"/aiops{PAGE}/export?format=md").text
    assert "Payments &lt;team&gt;" in client.get(f"/aiops{PAGE}/export?format=html").text


def test_that_nobody_is_on_call_is_said(world: World, client: FlaskClient) -> None:
    catalogued(world, OnCallShift(NOW + 60, NOW + 120, "Ana"))
    world.use_cases.responsible.refresh()
    assert "Nobody is on call for payment now" in said(client)


def test_an_old_reading_is_used_and_marked(world: World, client: FlaskClient) -> None:
    calendars = catalogued(world, OnCallShift(NOW - 60, NOW + 5 * 86_400, "Ana"))
    responsible = world.use_cases.responsible
    assert responsible.refresh() == 1
    assert responsible.refresh() == 0, "it is not read again at once"
    calendars.problem = "the calendar of example.org does not answer"
    world.clock.at += AGAIN
    responsible.refresh()
    assert "(the calendar" not in said(client), "minutes change nothing"
    world.clock.at += 3600
    assert (
        "On call for payment now: Ana, until 2026-11-26 09:35:00 UTC (the calendar was read 1 h 5 min ago: "
        "the calendar of example.org does not answer)"
    ) in said(client)
    world.clock.at += AHEAD
    assert "Who is on call for payment is not known: the calendar of example.org does not answer" in said(client)
    calendars.problem = ""
    responsible.refresh()
    assert "Nobody is on call" in said(client)


def test_pages_read_no_calendar(world: World, client: FlaskClient) -> None:
    calendars = catalogued(world)
    for path in (PAGE, "/services/payment", f"/aiops{PAGE}"):
        assert client.get(path).status_code == 200
    assert calendars.asked == []


def test_without_a_catalogue_nothing_is_said(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    assert 'id="responsible"' not in client.get(PAGE).text
    found = client.get(f"/aiops{PAGE}").json
    assert found is not None
    assert found["responsible"] is None
