"""What people do on the pages: look on while something breaks, go back, press buttons, with tokens too."""

from collections.abc import Callable
from typing import Final

import pytest
from made_up.samples import simple
from made_up.world import World
from playwright.sync_api import Browser, expect

from aiops.model import Actor, SignIn
from bench import showing

from .browser import PATIENCE, WIDTHS, Theme, opened
from .serving import Shown, served

FAULT: Final = "payment-errors"
INCIDENT: Final = simple()
TOKEN: Final = "a-token-that-is-long-enough-0123"

expect.set_options(timeout=PATIENCE)


def test_an_open_page_follows_a_fault_without_a_reload(chromium: Browser) -> None:
    with (
        showing.begun(FAULT) as (rig, slices),
        served(showing.pages(rig)) as url,
        opened(chromium, url) as one,
    ):
        one.go("/")
        expect(one.page.locator("h1")).to_contain_text("Nothing is wrong")
        one.page.evaluate("window.same = true")
        for slice_ in slices:
            rig.live(slice_)
            if rig.incidents():
                break
        expect(one.page.locator("h1")).to_contain_text("1 incident active")
        assert one.page.title().startswith("(1)")
        assert one.page.evaluate("window.same"), "the page was loaded again"
        assert one.errors == []


def test_times_are_those_of_the_viewer_and_utc_is_at_hand(chromium: Browser, shown: Callable[[str], Shown]) -> None:
    engine = shown(FAULT)
    with opened(chromium, engine.url) as one:
        one.go(engine.incident)
        since = one.page.locator("time").first
        expect(since).to_contain_text("GMT-5")
        assert "UTC" in (since.get_attribute("title") or "")


def test_without_script_a_page_says_the_same(chromium: Browser, shown: Callable[[str], Shown]) -> None:
    engine = shown(FAULT)
    with opened(chromium, engine.url, java_script_enabled=False) as one:
        one.go(engine.incident)
        expect(one.page.locator("h1")).to_contain_text("payment")
        expect(one.page.locator("time").first).to_contain_text("UTC")


def test_from_the_list_to_an_incident_and_back(chromium: Browser, shown: Callable[[str], Shown]) -> None:
    engine = shown(FAULT)
    with opened(chromium, engine.url) as one:
        one.go("/")
        one.page.locator(f"main a[href='{engine.incident}']").first.click()
        one.page.wait_for_url(engine.url + engine.incident)
        one.page.go_back()
        expect(one.page.locator("h1")).to_contain_text("1 incident active")


def test_the_first_key_skips_to_the_content(chromium: Browser, shown: Callable[[str], Shown]) -> None:
    engine = shown(FAULT)
    with opened(chromium, engine.url) as one:
        one.go("/")
        one.page.keyboard.press("Tab")
        expect(one.page.locator(":focus")).to_have_text("Skip to content")
        one.page.keyboard.press("Enter")
        assert one.page.url.endswith("#main")


def test_buttons_act(chromium: Browser, world: World) -> None:
    world.keep(INCIDENT)
    with served(world.app()) as url, opened(chromium, url) as one:
        one.go(f"/incidents/{INCIDENT.id}")
        one.page.get_by_role("button", name="Acknowledge").click()
        expect(one.page.locator("main")).to_contain_text("acknowledged by")
        expect(one.page.get_by_role("button", name="Acknowledge")).to_have_count(0)
        one.page.get_by_role("button", name="Resolve", exact=True).click()
        expect(one.page.locator("main")).to_contain_text("resolved")
        expect(one.page.get_by_role("button", name="Resolve", exact=True)).to_have_count(0)
        assert world.use_cases.incidents.get(INCIDENT.id).state == "resolved"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_provider_that_is_down_leaves_the_other_ways_in(
    chromium: Browser, world: World, width: int, theme: Theme
) -> None:
    oidc = {"issuer": "http://127.0.0.1:9", "name": "Example login", "client_id": "aiops", "default_role": "viewer"}
    with (
        served(world.app(oidc=oidc, tokens={"ana": TOKEN})) as url,
        opened(chromium, url, width, theme) as one,
    ):
        one.go("/sign-in?out=1")
        expect(one.page.get_by_role("link", name="sign out of Example login too")).to_be_visible()
        assert one.violations() == []
        one.page.get_by_role("link", name="Sign in with Example login").click()
        expect(one.page.get_by_role("alert").first).to_contain_text("Example login does not answer")
        assert one.violations() == []
        one.picture(f"provider-down-{width}-{theme}")
        one.errors.clear()  # the browser says that the answer was 503
        one.page.get_by_label("Token", exact=True).fill(TOKEN)
        one.page.get_by_role("button", name="Sign in with the token").click()
        one.page.wait_for_url(f"{url}/")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_who_signs_in_once_may_act(chromium: Browser, world: World, width: int, theme: Theme) -> None:
    world.keep(INCIDENT)
    exposed = {"host": "0.0.0.0", "tokens": {"ana": TOKEN}}
    with served(world.app(**exposed)) as url, opened(chromium, url, width, theme) as one:
        one.go(f"/incidents/{INCIDENT.id}")
        expect(one.page.locator("h1")).to_have_text("Sign in")
        assert one.violations() == []
        one.picture(f"sign-in-asked-{width}-{theme}")
        one.page.get_by_label("Token", exact=True).fill("wrong")
        one.page.keyboard.press("Enter")
        expect(one.page.get_by_role("alert").first).to_contain_text("does not know the token")
        assert one.violations() == []
        one.picture(f"sign-in-wrong-{width}-{theme}")
        one.errors.clear()  # the browser says that the answer was 401
        one.page.get_by_label("Token", exact=True).fill(TOKEN)
        one.page.get_by_role("button", name="Sign in").click()
        one.page.wait_for_url(f"{url}/incidents/{INCIDENT.id}")
        one.picture(f"signed-in-{width}-{theme}")
        assert one.violations() == []
        one.page.get_by_role("button", name="Acknowledge").click()
        expect(one.page.locator("main")).to_contain_text("acknowledged by ana")
        one.page.get_by_role("button", name="Sign out").click()
        expect(one.page.locator("h1")).to_have_text("Sign in")
        one.go("/")
        expect(one.page.locator("h1")).to_have_text("Sign in")
        assert one.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_an_admin_makes_a_token_and_reads_the_audit(chromium: Browser, world: World, width: int, theme: Theme) -> None:
    world.keep(INCIDENT)
    world.use_cases.incidents.acknowledge(INCIDENT.id, Actor("ben", SignIn.TOKEN, "10.0.0.7"))
    exposed = {"host": "0.0.0.0", "tokens": {"ana": TOKEN}}
    with served(world.app(**exposed)) as url, opened(chromium, url, width, theme) as one:
        one.go("/tokens")
        one.page.get_by_label("Token", exact=True).fill(TOKEN)
        one.page.get_by_role("button", name="Sign in").click()
        one.page.get_by_label("Name").fill("grafana")
        one.page.get_by_role("button", name="Make a token").click()
        expect(one.page.locator("#secret")).to_contain_text("aiops_")
        one.picture(f"tokens-made-{width}-{theme}")
        assert one.violations() == []
        one.page.get_by_role("button", name="Revoke").click()
        expect(one.page.locator("table")).to_contain_text("revoked")
        expect(one.page.locator("#secret")).to_have_count(0)
        one.page.get_by_role("link", name="Audit", exact=True).click()
        expect(one.page.locator("table")).to_contain_text("revoke token")
        one.picture(f"audit-{width}-{theme}")
        assert one.violations() == []
        wide = one.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], "the page is wider than the screen"
        assert one.errors == []


def test_a_button_pressed_too_late_says_so(chromium: Browser, world: World) -> None:
    world.keep(INCIDENT)
    with served(world.app()) as url, opened(chromium, url) as one:
        one.go(f"/incidents/{INCIDENT.id}")
        world.use_cases.incidents.resolve(INCIDENT.id, Actor("somebody else"))
        one.page.get_by_role("button", name="Acknowledge").click()
        expect(one.page.locator("h1")).to_contain_text("Not possible any more")
        one.page.get_by_role("link", name="back").first.click()
        expect(one.page.locator("main")).to_contain_text("somebody else")
