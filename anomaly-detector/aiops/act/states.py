"""The state machine of an action: which state may follow which. Each function returns the action after it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from aiops.model import Action, ActionApproval, ActionState, Attempt, GateDecision, TimelineEntry
from aiops.model.errors import NotPossible

S = ActionState
FOLLOWING: Final[Mapping[ActionState, frozenset[ActionState]]] = {
    S.REFUSED: frozenset({S.PROPOSED, S.EXPIRED}),
    S.PROPOSED: frozenset({S.APPROVED, S.REFUSED, S.REJECTED, S.CANCELLED, S.EXPIRED}),
    S.APPROVED: frozenset({S.EXECUTING, S.DRY_RUN, S.REFUSED, S.REJECTED, S.CANCELLED, S.EXPIRED}),
    S.EXECUTING: frozenset({S.VERIFYING, S.FAILED, S.UNKNOWN}),
    S.VERIFYING: frozenset({S.SUCCEEDED, S.INEFFECTIVE, S.ROLLING_BACK, S.UNKNOWN}),
    S.ROLLING_BACK: frozenset({S.ROLLED_BACK, S.INEFFECTIVE, S.UNKNOWN}),
}
"""States without an entry are final."""
LONGEST_HISTORY: Final = 100
"""Entries of the history, and decisions, that are kept: the newest."""


def moved_to(action: Action, state: ActionState, at: float, text: str, **changes: Any) -> Action:
    """Move an action to another state, with a sentence for its history. Raises NotPossible."""
    if state not in FOLLOWING.get(action.state, frozenset()):
        raise NotPossible(f"{action.id} is {action.state}, and cannot become {state}")
    history = (*action.history, TimelineEntry(at, str(state), text))[-LONGEST_HISTORY:]
    return replace(action, state=state, reason=text, history=history, **changes)


def decided(action: Action, decision: GateDecision) -> Action:
    """Keep a decision of the gate."""
    return replace(action, decisions=(*action.decisions, decision)[-LONGEST_HISTORY:])


def approve(action: Action, by: str, at: float, lasts: float) -> Action:
    """Approve an action for so many seconds."""
    approval = ActionApproval(by=by, at=at, digest=action.digest, expires_at=at + lasts)
    return moved_to(action, S.APPROVED, at, f"approved by {by}", approval=approval)


def begin_attempt(action: Action, at: float, attempt: str) -> Action:
    """Store the intent to execute: the approval is used up."""
    used = replace(action.approval, used_at=at) if action.approval is not None else None
    return moved_to(
        action,
        S.EXECUTING,
        at,
        f"executing, attempt {attempt}",
        approval=used,
        attempt=Attempt(id=attempt, started_at=at),
    )


def withdraw(action: Action, state: ActionState, at: float, text: str) -> Action:
    """End what was not executed; an approval that was not used is void."""
    return moved_to(action, state, at, text, approval=None)
