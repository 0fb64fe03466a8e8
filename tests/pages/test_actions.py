"""Two people on the pages: one proposes an action, the other approves it."""

import pytest
from made_up.samples import sample
from made_up.world import World
from playwright.sync_api import Browser, Page, expect

from aiops.act.policy import ActionPolicy
from aiops.service.actions import Remedies
from aiops.service.use_cases import UseCases

from .browser import WIDTHS, opened
from .serving import served

TOKENS = {name: f"the-token-of-{name}-0123456789" for name in ("ana", "ben")}
POLICY = ActionPolicy.model_validate(
    {
        "dry_run": False,
        "actions": [
            {
                "name": "clear",
                "action": "clear_fault",
                "services": ["payment"],
                "executor": "simulated",
                "max_blast": {"traffic": 1},
            }
        ],
    }
)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_second_person_approves_what_the_first_one_proposed(chromium: Browser, world: World, width: int) -> None:
    use_cases = UseCases(world.use_cases.engine, world.store, world.clock.at, remedies=Remedies(POLICY))
    world.use_cases = use_cases
    world.keep(sample())
    exposed = {"host": "0.0.0.0", "tokens": TOKENS, "token_roles": dict.fromkeys(TOKENS, "responder")}
    with served(world.app(**exposed)) as url:
        with opened(chromium, url, width) as one:
            _sign_in(one.page, url, "ana")
            one.page.get_by_label("Propose an action yourself").select_option("clear")
            one.page.get_by_role("button", name="Propose").click()
            expect(one.page.locator("#actions")).to_contain_text("waits for approval")
            assert one.violations() == []
            one.page.get_by_role("button", name="Approve").click()
            expect(one.page.locator("main")).to_contain_text("another person must approve")
            one.errors.clear()  # the browser says that the answer was 409
        with opened(chromium, url, width) as one:
            _sign_in(one.page, url, "ben")
            card = one.page.locator("#actions article")
            expect(card).to_contain_text("Clear the fault of payment")
            one.picture(f"action-waits-{width}")
            card.get_by_role("button", name="Approve").click()
            expect(one.page.locator("#actions")).to_contain_text("approved by ben", ignore_case=True)
            expect(one.page.get_by_role("button", name="Approve")).to_have_count(0)
            use_cases.actions.work()
            one.go("/actions")
            expect(one.page.locator("table")).to_contain_text("executed, watching its effect")
            assert one.violations() == []
            assert one.errors == []
    [action] = use_cases.actions.of(sample().id)
    assert action.approval is not None
    assert (action.proposed_by, action.approval.by, action.state) == ("ana", "ben", "verifying")


def _sign_in(page: Page, url: str, who: str) -> None:
    page.goto(f"{url}/incidents/{sample().id}")
    page.get_by_label("Token", exact=True).fill(TOKENS[who])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/incidents/{sample().id}")
