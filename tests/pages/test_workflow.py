"""The work on an incident in a browser: assign it, write about it, snooze it, without script as with it."""

import pytest
from made_up.samples import simple
from made_up.world import World
from playwright.sync_api import Browser, expect

from .browser import PATIENCE, WIDTHS, opened
from .serving import served

PATH = "/incidents/INC-1795253415-1"

expect.set_options(timeout=PATIENCE)


@pytest.mark.parametrize("width", WIDTHS)
def test_an_incident_is_worked_on(chromium: Browser, world: World, width: int) -> None:
    world.keep(simple(), simple(2))
    with served(world.app()) as url, opened(chromium, url, width, java_script_enabled=width != 390) as one:
        one.go(PATH)
        page = one.page
        expect(page.locator("#assign")).not_to_be_visible()
        page.locator("#more > summary").press("Enter")
        page.get_by_label("Assign to").fill("ana")
        page.get_by_role("button", name="Assign").press("Enter")
        expect(page.locator("#assignee")).to_have_text("assigned to ana")
        page.locator("#comment-text").fill("It is the **pool**")
        page.locator("#comment").click()
        expect(page.locator("#timeline .said strong")).to_have_text("pool")
        page.locator("#more > summary").click()
        page.get_by_label("Snooze for").select_option("4 hours")
        page.locator("#snooze").click()
        expect(page.locator("#muted")).to_contain_text("snoozed until")
        if width != 390:
            page.locator("#more > summary").click()
            assert one.violations() == []
            one.picture("work-on-an-incident")
        page.locator("#muted a").click()
        expect(page.locator("h1")).to_have_text("Silences")
        page.locator("#add > summary").click()
        page.get_by_label("Reason").fill("new disks")
        page.get_by_label("Service").fill("payment")
        page.locator("#silence").click()
        expect(page.locator("table")).to_contain_text("new disks")
        assert one.errors == []
        assert one.foreign == []


def test_a_reader_sees_what_was_done_and_no_way_to_act(chromium: Browser, world: World) -> None:
    world.keep(simple())
    tokens = {"eve": "the-token-of-eve-0123456789", "ops": "the-token-of-ops-0123456789"}
    app = world.app(tokens=tokens, token_roles={"eve": "viewer", "ops": "responder"})
    with (
        served(app) as url,
        opened(chromium, url, extra_http_headers={"Authorization": f"Bearer {tokens['eve']}"}) as one,
    ):
        one.go(PATH)
        expect(one.page.locator("h1")).to_be_visible()
        assert one.page.locator("main form").count() == 0
        one.go("/silences")
        assert one.page.locator("main form").count() == 0
