"""The demo with `--act`: one action is approved and ends the fault, another one is refused by the gate."""

from typing import Final

import click
import yaml

from aiops.cli.demo.stage import Stage
from aiops.model import Action, ActionState, Actor
from aiops.model.safe import visible
from aiops.presentation.actions import action_title, blast_words

PROPOSED_WITHIN: Final = 30.0
EXECUTED_WITHIN: Final = 30.0
VERIFIED_WITHIN: Final = 30.0
APPROVER: Final = Actor("you")


def policy_text(gateway: str) -> str:
    """Write the policy of the demo: faults of the shop may be cleared, and traffic may not be shifted from so many
    users at once."""
    clear = {
        "name": "clear-fault",
        "action": "clear_fault",
        "services": ["*"],
        "executor": "webhook",
        "parameters": {"url": f"{gateway}/simulate/clear"},
        "min_confidence": 0.5,
        "max_blast": {"services": 10, "traffic": 1},
        "when_budget_spent": "allow",
    }
    shift = {
        "name": "shift-traffic",
        "action": "shift_traffic",
        "services": ["*"],
        "executor": "simulated",
        "min_confidence": 1,
        "max_blast": {"services": 1, "traffic": 0.01},
    }
    return yaml.safe_dump({"dry_run": False, "actions": [clear, shift]}, sort_keys=False)


def approve_and_wait(stage: Stage) -> Action | None:
    """Show what the gate refuses, approve what it allows, and wait until that is executed; returns it. None where it
    was not."""
    actions = stage.engine.use_cases.actions

    def found(state: ActionState) -> Action | None:
        return next(iter(actions.page(state, None, None, 1)[0]), None)

    stage.until(
        "waiting for proposals",
        lambda: found(ActionState.PROPOSED) is not None and found(ActionState.REFUSED) is not None,
        PROPOSED_WITHIN,
        None,
    )
    refused, waiting = found(ActionState.REFUSED), found(ActionState.PROPOSED)
    if refused is not None:
        stage.say(f"action refused      {action_title(refused)}")
        for one in refused.decisions[-1].verdicts:
            if not one.passed:
                _detail("because", one.reason)
    if waiting is None:
        stage.say("NO action           waits for approval")
        return None
    stage.say(f"action proposed     {action_title(waiting)}")
    _detail("touches", blast_words(waiting.blast))
    _detail("page", f"{stage.engine.url}/actions/{waiting.id}")
    actions.approve(waiting.id, waiting.digest, APPROVER)
    stage.say("action approved     exactly this one, once")
    stage.until("executing", lambda: actions.get(waiting.id).attempt is not None, EXECUTED_WITHIN, None)
    stage.until("executing", lambda: actions.get(waiting.id).state != ActionState.EXECUTING, EXECUTED_WITHIN, None)
    after = actions.get(waiting.id)
    stage.say(f"action executed     {after.reason}")
    return after if after.state == ActionState.VERIFYING else None


def is_verified(stage: Stage, one: Action) -> bool:
    """Wait until the effect of an action is known, and show it; returns whether it helped."""
    actions = stage.engine.use_cases.actions
    stage.until("verifying", lambda: actions.get(one.id).state != ActionState.VERIFYING, VERIFIED_WITHIN, None)
    after = actions.get(one.id)
    stage.say(f"action {after.state:<13}{after.reason}")
    return after.state == ActionState.SUCCEEDED


def _detail(what: str, text: str) -> None:
    click.echo(f"{'':10}{what:<10}{visible(text)}")
