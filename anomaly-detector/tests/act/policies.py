"""Policies and incidents for tests of actions."""

from dataclasses import replace
from typing import Any

from made_up.fakes import NOW
from made_up.samples import sample

from aiops.act.policy import ActionPolicy
from aiops.model import Change, ChangeVerdict, ConsideredChange, Incident

ENTRY: dict[str, Any] = {
    "name": "clear",
    "action": "clear_fault",
    "services": ["payment"],
    "executor": "simulated",
    "max_blast": {"services": 5, "traffic": 1.0},
}


def policy(*entries: dict[str, Any], **more: Any) -> ActionPolicy:
    """A policy that is not dry, of entries that differ from ENTRY in what is given."""
    found = [{**ENTRY, **one} for one in entries or ({},)]
    return ActionPolicy.model_validate({"dry_run": False, "actions": found, **more})


def incident(**root: Any) -> Incident:
    """The sample, with some of its root cause changed."""
    one = sample()
    assert one.root_cause is not None
    return replace(one, root_cause=replace(one.root_cause, **root))


def bad_version() -> Incident:
    """An incident with the evidence for a rollback."""
    change = Change(at=NOW - 400, who="ci", kind="deployment", service="payment", version="1.5.0", text="")
    considered = ConsideredChange(change=change, verdict=ChangeVerdict.ACCEPTED, why="it is worse", instead="1.4.2")
    return incident(changes_considered=(considered,))
