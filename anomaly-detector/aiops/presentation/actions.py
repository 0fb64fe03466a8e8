"""Actions as documents, and in words."""

from typing import Any, Final

from aiops.model import Action as Kept
from aiops.model import ActionState, BlastRadius, iso
from aiops.model import Attempt as KeptAttempt
from aiops.model import GateDecision as KeptDecision
from aiops.presentation.documents.actions import (
    Action,
    ActionApproval,
    ActionEvidence,
    ActionStep,
    Attempt,
    GateDecision,
    RuleVerdict,
)
from aiops.presentation.documents.actions import BlastRadius as BlastDocument

WORDS: Final = {
    ActionState.REFUSED: "refused by the gate",
    ActionState.PROPOSED: "waits for approval",
    ActionState.APPROVED: "approved",
    ActionState.EXECUTING: "executing",
    ActionState.VERIFYING: "executed, watching its effect",
    ActionState.ROLLING_BACK: "rolling back",
    ActionState.SUCCEEDED: "done, it helped",
    ActionState.INEFFECTIVE: "done, it did not help",
    ActionState.ROLLED_BACK: "did not help, undone",
    ActionState.FAILED: "was not done",
    ActionState.UNKNOWN: "not known: people must look",
    ActionState.DRY_RUN: "dry run: not executed",
    ActionState.REJECTED: "refused by a person",
    ActionState.CANCELLED: "cancelled",
    ActionState.EXPIRED: "expired",
}
MARKS: Final = {
    ActionState.REFUSED: "✕",
    ActionState.PROPOSED: "?",
    ActionState.SUCCEEDED: "✓",
    ActionState.UNKNOWN: "▲",
    ActionState.INEFFECTIVE: "▲",
    ActionState.FAILED: "✕",
}
KIND_WORDS: Final = {
    "rollback": "Roll back",
    "restart": "Restart",
    "scale_out": "Scale out",
    "flag_off": "Turn off a flag of",
    "shift_traffic": "Shift traffic from",
    "clear_fault": "Clear the fault of",
    "runbook": "Run the runbook for",
}


def action_title(one: Kept) -> str:
    """Write what an action does: `Roll back payment 1.5.0 to 1.4.2`."""
    text = f"{KIND_WORDS[one.kind]} {one.target}"
    if one.kind == "rollback":
        text += f" {one.evidence.version}" + (f" to {one.evidence.instead}" if one.evidence.instead else "")
    return f"{text}: {one.evidence.flag}" if one.kind == "flag_off" else text


def action_state(state: str) -> str:
    """Write a state in words, behind its mark."""
    known = ActionState(state)
    return f"{MARKS.get(known, '●')} {WORDS[known]}"


def blast_words(blast: BlastRadius) -> str:
    """Write what an action touches."""
    count = len(blast.services)
    parts = [f"{count} service{'' if count == 1 else 's'}: {', '.join(blast.services[:5])}"]
    parts += [f"and {count - 5} more"] if count > 5 else []
    share = None if blast.traffic is None else f"{100 * blast.traffic:.0f} % of users' requests pass it"
    parts.append(share or "share of traffic not known")
    parts += [] if blast.instances is None else [f"{blast.instances} instances"]
    return "; ".join(parts)


def action_document(one: Kept) -> Action:
    """Return the document of an action."""
    evidence = one.evidence
    return Action(
        id=one.id,
        state=one.state,
        reason=one.reason,
        kind=one.kind,
        target=one.target,
        policy=one.policy,
        executor=one.executor,
        parameters=dict(one.parameters),
        evidence=ActionEvidence(
            subject=evidence.subject,
            cause=evidence.cause or None,
            service=evidence.service or None,
            endpoint=evidence.endpoint or None,
            confidence=evidence.confidence,
            version=evidence.version or None,
            instead=evidence.instead or None,
            flag=evidence.flag or None,
            why=evidence.why,
        ),
        blast_radius=BlastDocument(
            services=list(one.blast.services), traffic=one.blast.traffic, instances=one.blast.instances
        ),
        reversible=one.reversible,
        undo=one.undo or None,
        dry_run=one.dry_run,
        origin=one.origin,
        proposed_by=one.proposed_by,
        proposed_at=iso(one.proposed_at),
        expires_at=iso(one.expires_at),
        digest=one.digest,
        approval=_approval(one),
        attempt=_attempt(one.attempt),
        undoing=_attempt(one.undoing),
        verify_until=_time(one.verify_until),
        decisions=[_decision(each) for each in one.decisions],
        history=[ActionStep(at=iso(each.at), what=each.what, text=each.text) for each in one.history],
    )


def _approval(one: Kept) -> ActionApproval | None:
    given = one.approval
    if given is None:
        return None
    return ActionApproval(
        by=given.by,
        at=iso(given.at),
        digest=given.digest,
        expires_at=iso(given.expires_at),
        used_at=_time(given.used_at),
    )


def _attempt(one: KeptAttempt | None) -> Attempt | None:
    if one is None:
        return None
    observed: dict[str, Any] = dict(one.observed)
    return Attempt(
        id=one.id,
        started_at=iso(one.started_at),
        ended_at=_time(one.ended_at),
        outcome=one.outcome or None,
        observed=observed,
    )


def _decision(one: KeptDecision) -> GateDecision:
    verdicts = [RuleVerdict(rule=each.rule, passed=each.passed, reason=each.reason) for each in one.verdicts]
    return GateDecision(at=iso(one.at), stage=one.stage, by=one.by, allowed=one.allowed, verdicts=verdicts)


def _time(at: float | None) -> str | None:
    return None if at is None else iso(at)
