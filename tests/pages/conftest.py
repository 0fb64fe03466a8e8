"""Fixtures of the tests in a browser."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from made_up.world import World, build
from playwright.sync_api import Browser, sync_playwright

from aiops.act.policy import ActionPolicy
from aiops.store import SqlIncidents, open_store
from bench import showing

from .browser import PROGRAM
from .serving import Shown, served

_ENTRY: Final = {"services": ["*"], "executor": "simulated"}
POLICY: Final = ActionPolicy.model_validate(
    {
        "dry_run": False,
        "actions": [
            {**_ENTRY, "name": "clear", "action": "clear_fault", "max_blast": {"traffic": 1}},
            {**_ENTRY, "name": "shift", "action": "shift_traffic", "min_confidence": 1, "max_blast": {"traffic": 0.1}},
        ],
    }
)
"""One action that waits for a person, and one that the gate refuses."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of this machine."""
    if not PROGRAM:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no browser is on the PATH; Debian has `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=PROGRAM, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shown() -> Iterator[Callable[[str], Shown]]:
    """Engines by what they lived through: a scenario of the catalogue, `over …`, `acting …` (with a policy of actions),
    `calm` or `nothing yet`."""
    made: dict[str, Shown] = {}
    with ExitStack() as stack:

        def of(name: str) -> Shown:
            if name not in made:
                if name in ("nothing yet", "calm"):
                    lived = showing.quiet(showing.LEARN if name == "calm" else 0.0)
                else:
                    scenario = name.removeprefix("over ").removeprefix("acting ")
                    lived = showing.lived(scenario, over=name.startswith("over "))
                rig = stack.enter_context(lived)
                app = showing.pages(rig, POLICY if name.startswith("acting ") else None)
                made[name] = Shown(rig, app, stack.enter_context(served(app)))
            return made[name]

        yield of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An engine over made-up sources."""
    store = SqlIncidents(open_store(f"sqlite:///{tmp_path / 'incidents.sqlite'}"))
    yield build(tmp_path, store)
    store.close()
