"""The pages by keys alone: move, open, search, and never act by accident."""

from made_up.samples import sample, simple
from made_up.world import World
from playwright.sync_api import Browser, expect

from .browser import opened
from .serving import served


def test_keys_go_to_pages(chromium: Browser, world: World) -> None:
    with served(world.app()) as url, opened(chromium, url) as one:
        one.go("/")
        for key, path in (("s", "/services"), ("m", "/map"), ("t", "/traces"), ("o", "/slos"), ("i", "/")):
            one.page.keyboard.press("g")
            one.page.keyboard.press(key)
            one.page.wait_for_url(url + path)
        assert one.errors == []


def test_a_question_mark_shows_the_keys_and_escape_hides_them(chromium: Browser, world: World) -> None:
    with served(world.app()) as url:
        for theme in ("light", "dark"):
            with opened(chromium, url, theme=theme) as one:
                one.go("/")
                one.page.keyboard.press("?")
                dialog = one.page.get_by_role("dialog", name="Keys")
                expect(dialog).to_contain_text("go to Services")
                one.picture(f"keys-dialog-1440-{theme}")
                assert one.violations() == []
                one.page.keyboard.press("g")
                one.page.keyboard.press("s")
                assert one.page.url == f"{url}/"
                one.page.keyboard.press("Escape")
                expect(dialog).to_have_count(0)
                assert one.errors == []


def test_a_list_is_walked_and_opened(chromium: Browser, world: World) -> None:
    world.keep(sample(), simple(2))
    with served(world.app()) as url, opened(chromium, url) as one:
        one.go("/incidents")
        links = one.page.locator("main tbody th a")
        expect(links).to_have_count(2)
        for key, at in (("j", 0), ("j", 1), ("j", 1), ("k", 0), ("ArrowDown", 1), ("ArrowUp", 0)):
            one.page.keyboard.press(key)
            expect(links.nth(at)).to_be_focused()
        target = links.nth(0).get_attribute("href")
        one.page.keyboard.press("o")
        one.page.wait_for_url(f"{url}{target}")


def test_acknowledge_is_focused_and_not_pressed(chromium: Browser, world: World) -> None:
    one_open = simple()
    world.keep(one_open)
    with served(world.app()) as url, opened(chromium, url) as one:
        one.go(f"/incidents/{one_open.id}")
        one.page.keyboard.press("a")
        expect(one.page.get_by_role("button", name="Acknowledge")).to_be_focused()
        assert world.use_cases.incidents.get(one_open.id).state == "open"


def test_search_is_focused_here_or_in_the_list_of_incidents(chromium: Browser, world: World) -> None:
    world.keep(simple())
    with served(world.app()) as url, opened(chromium, url) as one:
        one.go("/")
        one.page.keyboard.press("/")
        field = one.page.locator("#search")
        expect(field).to_be_focused()
        one.page.keyboard.type("gs?/jka")
        expect(field).to_have_value("gs?/jka")
        assert one.page.url.startswith(f"{url}/incidents")


def test_modifiers_and_other_keys_are_left_alone_and_keys_can_be_switched_off(chromium: Browser, world: World) -> None:
    with served(world.app()) as url, opened(chromium, url) as one:
        one.go("/")
        one.page.keyboard.press("Control+g")
        one.page.keyboard.press("s")
        one.page.keyboard.press("g")
        one.page.keyboard.press("x")
        one.page.keyboard.press("s")
        assert one.page.url == f"{url}/"
        one.go("/keys")
        box = one.page.get_by_label("Use these keys in this browser")
        expect(box).to_be_checked()
        box.uncheck()
        one.go("/")
        one.page.keyboard.press("?")
        one.page.keyboard.press("g")
        one.page.keyboard.press("s")
        expect(one.page.get_by_role("dialog")).to_have_count(0)
        assert one.page.url == f"{url}/"
        assert one.errors == []


def test_without_script_the_list_is_a_page(chromium: Browser, world: World) -> None:
    with served(world.app()) as url, opened(chromium, url, java_script_enabled=False) as one:
        one.go("/")
        one.page.get_by_role("link", name="Keys").click()
        expect(one.page.locator("main")).to_contain_text("go to Services")
        expect(one.page.get_by_label("Use these keys")).to_be_hidden()
