"""A remediation: an action that is proposed, decided on by the gate, executed, verified and perhaps undone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiops.model.incident import TimelineEntry


class ActionKind(StrEnum):
    """What an action does to its target."""

    ROLLBACK = "rollback"
    RESTART = "restart"
    SCALE_OUT = "scale_out"
    FLAG_OFF = "flag_off"
    SHIFT_TRAFFIC = "shift_traffic"
    CLEAR_FAULT = "clear_fault"
    RUNBOOK = "runbook"


class ActionState(StrEnum):
    """The state of an action, in the order in which an action goes through them."""

    REFUSED = "refused"
    """the gate refused it; it may be proposed again when the reasons are gone"""
    PROPOSED = "proposed"
    """it waits for an approval"""
    APPROVED = "approved"
    EXECUTING = "executing"
    """the intent is stored; from here on it is never started a second time"""
    VERIFYING = "verifying"
    """it was executed, and its symptoms are watched"""
    ROLLING_BACK = "rolling_back"
    """the intent to undo it is stored"""
    SUCCEEDED = "succeeded"
    INEFFECTIVE = "ineffective"
    """it was executed, and the symptoms went on"""
    ROLLED_BACK = "rolled_back"
    """it had no effect, and was undone"""
    FAILED = "failed"
    """the executor says that it was not done"""
    UNKNOWN = "unknown"
    """nobody knows whether it was done, or whether it helped: people must look"""
    DRY_RUN = "dry_run"
    """everything but the execution"""
    REJECTED = "rejected"
    """a person refused it"""
    CANCELLED = "cancelled"
    EXPIRED = "expired"


ACTIVE_STATES = frozenset(
    {
        ActionState.PROPOSED,
        ActionState.APPROVED,
        ActionState.EXECUTING,
        ActionState.VERIFYING,
        ActionState.ROLLING_BACK,
    }
)
EXECUTED_STATES = frozenset(
    {
        ActionState.EXECUTING,
        ActionState.VERIFYING,
        ActionState.ROLLING_BACK,
        ActionState.SUCCEEDED,
        ActionState.INEFFECTIVE,
        ActionState.ROLLED_BACK,
        ActionState.UNKNOWN,
    }
)
"""States of actions that were, or may have been, executed."""
WITHOUT_EFFECT = frozenset({ActionState.INEFFECTIVE, ActionState.ROLLED_BACK})


class Origin(StrEnum):
    """Where a proposal comes from."""

    CAUSE = "cause"
    ALERT = "alert"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionEvidence:
    """What a proposal rests on. `subject` is the id of an incident, or the fingerprint of an alert, and `episode` the
    onset of its trouble (Unix seconds). `confidence` is None where there is no cause. `version` is the version that is
    worse than the others, and `instead` the one to go back to, "" where it is not known. `flag` is a flag that was
    changed before the trouble."""

    subject: str
    episode: float
    cause: str = ""
    service: str = ""
    endpoint: str = ""
    confidence: float | None = None
    version: str = ""
    instead: str = ""
    flag: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """What an action touches. `services`: the target and all that call it, directly or through others. `traffic`: the
    share of the requests of users that pass the target, 0 to 1; `instances`: of the target. None where not known."""

    services: tuple[str, ...]
    traffic: float | None = None
    instances: int | None = None


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule of the gate says, and why."""

    rule: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class GateDecision:
    """One decision of the gate, at a stage: propose, approve, execute or roll back."""

    at: float
    stage: str
    by: str
    verdicts: tuple[RuleVerdict, ...]

    @property
    def allowed(self) -> bool:
        """Whether every rule passed. No rule, no permission."""
        return bool(self.verdicts) and all(one.passed for one in self.verdicts)

    @property
    def reasons(self) -> str:
        """The reasons of the rules that did not pass, in one sentence part."""
        return "; ".join(one.reason for one in self.verdicts if not one.passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionApproval:
    """An approval of exactly one action as it was shown: bound to its digest, until a time, and used once."""

    by: str
    at: float
    digest: str
    expires_at: float
    used_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One execution. `id` is the idempotency key. `observed` is what the executor found before it acted, for the undo.
    `outcome` is what is known of the end."""

    id: str
    started_at: float
    ended_at: float | None = None
    outcome: str = ""
    observed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action. `key` is the same for the same proposal. `policy` names the entry of the policy that it follows.
    `target` is a service. `parameters` are complete: nothing else decides what the executor does. `undo` says in words
    how it is undone, "" where it cannot be. `digest` is that of action, target, parameters and evidence. `version`
    counts the changes, so that two writers cannot both win."""

    id: str
    key: str
    kind: ActionKind
    policy: str
    executor: str
    target: str
    parameters: Mapping[str, Any]
    evidence: ActionEvidence
    blast: BlastRadius
    undo: str
    dry_run: bool
    origin: Origin
    proposed_by: str
    proposed_at: float
    expires_at: float
    digest: str
    state: ActionState
    reason: str = ""
    approval: ActionApproval | None = None
    attempt: Attempt | None = None
    undoing: Attempt | None = None
    verify_until: float | None = None
    decisions: tuple[GateDecision, ...] = ()
    history: tuple[TimelineEntry, ...] = ()
    version: int = 0

    @property
    def reversible(self) -> bool:
        """Whether it can be undone."""
        return bool(self.undo)

    @property
    def active(self) -> bool:
        """Whether something is still to come."""
        return self.state in ACTIVE_STATES
