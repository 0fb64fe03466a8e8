"""Documents of actions."""

from typing import Any

from pydantic import Field

from aiops.presentation.documents.base import Document, Time


class RuleVerdict(Document):
    """What one rule of the gate says."""

    rule: str
    passed: bool
    reason: str


class GateDecision(Document):
    """One decision of the gate; it is allowed where every rule passed."""

    at: Time
    stage: str = Field(description="propose, approve, execute or roll back")
    by: str
    allowed: bool
    verdicts: list[RuleVerdict]


class ActionEvidence(Document):
    """What the proposal rests on."""

    subject: str = Field(description="id of an incident, or `alert` and a fingerprint")
    cause: str | None
    service: str | None
    endpoint: str | None
    confidence: float | None
    version: str | None = Field(description="the version that is worse than the others")
    instead: str | None = Field(description="the version to go back to")
    flag: str | None
    why: str


class BlastRadius(Document):
    """What the action touches; null where it is not known."""

    services: list[str]
    traffic: float | None = Field(description="share of the requests of users, 0 to 1")
    instances: int | None


class ActionApproval(Document):
    """Who approved exactly this digest, and until when that holds. It is used once."""

    by: str
    at: Time
    digest: str
    expires_at: Time
    used_at: Time | None


class Attempt(Document):
    """One execution; `id` is the idempotency key."""

    id: str
    started_at: Time
    ended_at: Time | None
    outcome: str | None
    observed: dict[str, Any]


class ActionStep(Document):
    """One entry of the history."""

    at: Time
    what: str
    text: str


class Action(Document):
    """A remediation that is or was proposed."""

    id: str
    state: str
    reason: str
    kind: str
    target: str
    policy: str = Field(description="the entry of the policy that it follows")
    executor: str
    parameters: dict[str, Any]
    evidence: ActionEvidence
    blast_radius: BlastRadius
    reversible: bool
    undo: str | None
    dry_run: bool
    origin: str = Field(description="cause, alert or person")
    proposed_by: str
    proposed_at: Time
    expires_at: Time
    digest: str = Field(description="SHA-256 of action, target, parameters and evidence; an approval names it")
    approval: ActionApproval | None
    attempt: Attempt | None
    undoing: Attempt | None
    verify_until: Time | None
    decisions: list[GateDecision]
    history: list[ActionStep]


class Actions(Document):
    """Actions, newest first. `enabled`: whether a policy is set; `dry_run`: whether it executes nothing."""

    enabled: bool
    dry_run: bool | None
    actions: list[Action]
    next: str | None
