"""The gate: every rule gives its verdict, with the reason. One that does not pass is enough to refuse.

What is not known refuses: the gate fails closed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from aiops.act.digest import digest_of
from aiops.act.policy import ActionPolicy, ActionRule
from aiops.act.proposals import lacks, present_parameters, same_grounds, without_effect
from aiops.model import (
    EXECUTED_STATES,
    Action,
    ActionEvidence,
    ActionState,
    BlastRadius,
    GateDecision,
    Origin,
    RuleVerdict,
    iso,
)

TRIES: Final = 2
"""How often the same action is executed for an incident without effect before people must take over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """What the gate knows now. `evidence` is what the subject says now, None where it is over. `earlier` are all other
    actions of the last day and of the subject. `spent` names the objectives of the target and its dependants whose
    budget is spent. `commands`: whether the settings allow programs. `problem`: what is wrong with the parameters, or
    why the facts could not be read."""

    now: float
    evidence: ActionEvidence | None
    blast: BlastRadius
    earlier: Sequence[Action] = ()
    spent: Sequence[str] = ()
    commands: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who wants to approve: their name, and the digest of what they saw."""

    name: str
    digest: str


Verdicts = Iterator[RuleVerdict]


def decide_proposal(action: Action, policy: ActionPolicy, facts: GateFacts) -> GateDecision:
    """Decide whether an action may be proposed to people."""
    return GateDecision(facts.now, "propose", action.proposed_by, tuple(_common(action, policy, facts)))


def decide_approval(action: Action, policy: ActionPolicy, facts: GateFacts, who: Approver) -> GateDecision:
    """Decide whether somebody may approve an action as they saw it."""
    verdicts = (*_person(action, policy, facts, who), *_common(action, policy, facts))
    return GateDecision(facts.now, "approve", who.name, verdicts)


def decide_execution(action: Action, policy: ActionPolicy, facts: GateFacts) -> GateDecision:
    """Decide whether an approved action may be executed now: everything is checked again."""
    return GateDecision(facts.now, "execute", "engine", (*_approved(action, facts), *_common(action, policy, facts)))


def decide_rollback(action: Action, policy: ActionPolicy, now: float) -> GateDecision:
    """Decide whether an action without effect is undone."""
    rule = policy.entry(action.policy)
    allowed = rule is not None and rule.roll_back
    verdicts = (
        _verdict("undo", action.reversible, f"it can be undone: {action.undo}", "it cannot be undone"),
        _verdict("policy", allowed, "the policy allows to roll back", "the policy does not allow to roll back"),
    )
    return GateDecision(now, "roll back", "engine", verdicts)


def _verdict(rule: str, passed: bool, good: str, bad: str) -> RuleVerdict:
    return RuleVerdict(rule, passed, good if passed else bad)


def _common(action: Action, policy: ActionPolicy, facts: GateFacts) -> Verdicts:
    rule = policy.entry(action.policy)
    if rule is None or not rule.covers(action.target) or rule.action != action.kind:
        yield RuleVerdict("policy", False, f"the policy has no entry {action.policy} for {action.target}")
        return
    same = present_parameters(rule, action.evidence) == action.parameters and rule.executor == action.executor
    dry = policy.is_dry(rule) == action.dry_run
    yield _verdict("policy", same and dry, f"entry {rule.name}", f"entry {rule.name} was changed since the proposal")
    yield _verdict("parameters", not facts.problem, "all are known and plain", facts.problem)
    allowed = rule.executor != "command" or facts.commands
    yield _verdict("executor", allowed, rule.executor, "programs are off: set actions_commands")
    yield from _grounds(action, rule, facts)
    yield from _blast(rule, facts.blast)
    yield from _times(action, rule, policy, facts)
    refused = bool(facts.spent) and rule.when_budget_spent == "refuse"
    spent = ", ".join(facts.spent[:3])
    good = "allowed though it is spent" if facts.spent else "none of the target and its dependants is spent"
    yield _verdict("budget", not refused, good, f"the error budget of {spent} is spent")


def _grounds(action: Action, rule: ActionRule, facts: GateFacts) -> Verdicts:
    now = facts.evidence
    if now is None:
        yield RuleVerdict("evidence", False, f"{action.evidence.subject} is over")
        return
    same = same_grounds(action.evidence, now)
    yield _verdict("evidence", same, now.why or "the same as at the proposal", "the cause is another one by now")
    missing = lacks(action.kind, now)
    helps = not now.cause or any(now.cause == one for one in rule.helps)
    what = action.kind.replace("_", " ")
    yield _verdict(
        "cause",
        helps and not missing and (bool(now.cause) or action.origin != Origin.CAUSE),
        f"a {what} helps against {now.cause}" if now.cause else "an alert or a person asks for it",
        missing or (f"the entry is not for {now.cause}" if now.cause else "no cause is known"),
    )
    least, found = rule.min_confidence, now.confidence
    if action.origin != Origin.CAUSE:
        yield RuleVerdict("confidence", True, f"not asked: {_proposer(action)}")
    elif found is None:
        yield RuleVerdict("confidence", False, f"confidence is not known, and {least:.2f} is needed")
    else:
        yield _verdict(
            "confidence",
            found >= least,
            f"confidence {found:.2f} ≥ {least:.2f}",
            f"confidence {found:.2f} < {least:.2f}",
        )


def _proposer(action: Action) -> str:
    return f"{action.proposed_by} proposes it" if action.origin == Origin.PERSON else "an alert asks for it"


def _blast(rule: ActionRule, blast: BlastRadius) -> Verdicts:
    most = rule.max_blast
    count = len(blast.services)
    yield _verdict(
        "services", count <= most.services, f"{count} ≤ {most.services}", f"{count} services > {most.services}"
    )
    if blast.traffic is None:
        enough = most.traffic >= 1
        yield _verdict("traffic", enough, "any share is allowed", "the share of traffic is not known")
    else:
        text = f"{100 * blast.traffic:.0f} % of traffic"
        share = f"{100 * most.traffic:.0f} %"
        yield _verdict("traffic", blast.traffic <= most.traffic, f"{text} ≤ {share}", f"{text} > {share}")
    if most.instances is not None:
        known = blast.instances
        text = "the number of instances is not known" if known is None else f"{known} instances > {most.instances}"
        yield _verdict("instances", known is not None and known <= most.instances, f"{known} ≤ {most.instances}", text)


def _times(action: Action, rule: ActionRule, policy: ActionPolicy, facts: GateFacts) -> Verdicts:
    frozen = next(((one.name, end) for one in policy.freezes if (end := one.until(action.target, facts.now))), None)
    bad = f"change freeze {frozen[0]} until {iso(frozen[1])}" if frozen else ""
    yield _verdict("freeze", frozen is None, "no change freeze", bad)
    executed = [one for one in facts.earlier if one.state in EXECUTED_STATES and one.attempt is not None]
    mine = [one.attempt.started_at for one in executed if one.policy == rule.name and one.attempt is not None]
    within = sum(at > facts.now - 60 * rule.rate.minutes for at in mine)
    span = f"in {rule.rate.minutes:g} min"
    yield _verdict(
        "rate",
        within < rule.rate.times,
        f"{within} of {rule.rate.times} {span}",
        f"it was executed {within} times {span}, and {rule.rate.times} are allowed",
    )
    on_target = [one.attempt.started_at for one in executed if one.target == action.target and one.attempt is not None]
    left = max(on_target, default=float("-inf")) + 60 * rule.cooldown_minutes - facts.now
    bad = f"{action.target} was acted on lately: wait {max(left, 0):.0f} s more"
    yield _verdict("cooldown", left <= 0, f"nothing was done to {action.target} lately", bad)
    busy = next((one for one in facts.earlier if one.target == action.target and _running(one)), None)
    bad = f"{busy.id} is not finished on {action.target}" if busy else ""
    yield _verdict("alone", busy is None, "nothing else runs on it", bad)
    tried = without_effect(rule.name, action.evidence, facts.earlier)
    bad = f"it was done {tried} times without effect: people must take over"
    yield _verdict("repeat", tried < TRIES, f"{tried} times without effect, {TRIES} are the most", bad)


def _running(one: Action) -> bool:
    return one.state in (ActionState.EXECUTING, ActionState.VERIFYING, ActionState.ROLLING_BACK)


def _person(action: Action, policy: ActionPolicy, facts: GateFacts, who: Approver) -> Verdicts:
    waits = action.state == ActionState.PROPOSED
    yield _verdict("state", waits, "it waits for an approval", f"it is {action.state}, and waits for no approval")
    other = who.name != action.proposed_by
    yield _verdict(
        "other person",
        other,
        f"proposed by {action.proposed_by}",
        f"{who.name} proposed it: another person must approve",
    )
    same = who.digest == action.digest
    yield _verdict("digest", same, "what was seen is what is there", "it is not what was seen: look at it again")
    valid = facts.now < action.expires_at
    yield _verdict("expiry", valid, f"until {iso(action.expires_at)}", "the proposal has expired")
    rule = policy.entry(action.policy)
    if rule is not None and rule.approvers:
        named = any(fnmatchcase(who.name, one) for one in rule.approvers)
        yield _verdict("approver", named, f"{who.name} may approve", f"{who.name} is not among the approvers")


def _approved(action: Action, facts: GateFacts) -> Verdicts:
    one = action.approval
    if one is None or action.state != ActionState.APPROVED:
        yield RuleVerdict("approval", False, "nobody approved it")
        return
    yield _verdict("approval", one.used_at is None, f"by {one.by}", "the approval was used already")
    now = digest_of(action.kind, action.policy, action.executor, action.target, action.parameters, action.evidence)
    yield _verdict("digest", one.digest == action.digest == now, "as approved", "it is not what was approved")
    bad = f"the approval expired at {iso(one.expires_at)}"
    yield _verdict("expiry", facts.now < one.expires_at, f"until {iso(one.expires_at)}", bad)
