"""Which actions the cause of an incident, or an alert, calls for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from aiops.act.digest import digest_of
from aiops.act.parameters import filled, undo_words
from aiops.act.policy import ActionPolicy, ActionRule
from aiops.model import (
    WITHOUT_EFFECT,
    Action,
    ActionEvidence,
    ActionKind,
    ActionState,
    Alert,
    BlastRadius,
    CauseKind,
    Incident,
    Origin,
    names,
)
from aiops.presentation.deeds import accepted_change

MOSTLY: Final = 0.8
"""The share of the bad requests that a version has at least to count as the bad one."""
RARELY: Final = 0.5
"""The share of the good requests that it has at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposer:
    """Who proposes, when (Unix seconds), and by which number the action is known."""

    origin: Origin
    by: str
    at: float
    number: int


def grounds_of(incident: Incident) -> ActionEvidence:
    """Return what an incident says for an action."""
    root = incident.root_cause
    if root is None:
        return ActionEvidence(subject=incident.id, episode=incident.onset, why=incident.no_cause)
    version = instead = flag = ""
    change = accepted_change(root)
    if change is not None and change.change.kind == "deployment" and change.change.service == root.cause.service:
        version, instead = change.change.version, change.instead
    elif change is not None and change.change.kind == "flag":
        flag = change.change.version or change.change.text
    if not version:
        version = next(
            (
                one.value
                for one in root.dimensions
                if one.attribute == names.SERVICE_VERSION and one.share_of_bad >= MOSTLY and one.share_of_good <= RARELY
            ),
            "",
        )
    return ActionEvidence(
        subject=incident.id,
        episode=incident.onset,
        cause=str(root.cause.kind),
        service=root.cause.service,
        endpoint=root.cause.endpoint,
        confidence=root.confidence,
        version=version,
        instead=instead,
        flag=flag,
        why=root.description,
    )


def grounds_of_alert(alert: Alert, service: str) -> ActionEvidence:
    """Return what an alert of another rule says for an action on a service."""
    return ActionEvidence(
        subject=f"alert {alert.fingerprint}", episode=alert.starts_at, service=service, why=alert.summary or alert.name
    )


def same_grounds(before: ActionEvidence, now: ActionEvidence) -> bool:
    """Whether the evidence still says the same: confidence and words may move, the cause and the version may not."""
    fields = ("subject", "episode", "cause", "service", "endpoint", "version", "instead", "flag")
    return all(getattr(before, one) == getattr(now, one) for one in fields)


def called_for(policy: ActionPolicy, evidence: ActionEvidence) -> Iterator[ActionRule]:
    """Yield the entries of a policy that fit the cause of an incident, and have the evidence that they need."""
    if not evidence.cause:
        return
    for rule in policy.actions:
        fits = rule.for_incidents and rule.covers(evidence.service) and CauseKind(evidence.cause) in rule.helps
        if fits and not lacks(rule.action, evidence):
            yield rule


def called_for_by(policy: ActionPolicy, alert: Alert) -> Iterator[tuple[ActionRule, str]]:
    """Yield the entries whose labels an alert has, each with the service that it is about."""
    told = dict(alert.labels)
    for rule in policy.actions:
        if rule.alerts and all(fnmatchcase(told.get(key, ""), glob) for key, glob in rule.alerts.items()):
            service = next((one for one in alert.services if rule.covers(one)), "")
            if service:
                yield rule, service


def lacks(kind: ActionKind, evidence: ActionEvidence) -> str:
    """Return the evidence that a kind of action needs and that is not there; "" where nothing is missing."""
    if kind == ActionKind.ROLLBACK and not evidence.version:
        return "a rollback needs a version that is worse than the others, and none was found"
    if kind == ActionKind.FLAG_OFF and not evidence.flag:
        return "no flag was changed before the trouble"
    return ""


def drafted(
    rule: ActionRule, policy: ActionPolicy, evidence: ActionEvidence, blast: BlastRadius, who: Proposer, key: str
) -> tuple[Action, str]:
    """Return a proposal before the gate has seen it, and what is wrong with its parameters ("" where nothing)."""
    parameters, problem = filled(rule.whole_parameters, evidence)
    action = Action(
        id=f"ACT-{who.at:.0f}-{who.number}",
        key=key,
        kind=rule.action,
        policy=rule.name,
        executor=rule.executor,
        target=evidence.service,
        parameters=parameters,
        evidence=evidence,
        blast=blast,
        undo=undo_words(rule.executor, rule.action, parameters),
        dry_run=policy.is_dry(rule),
        origin=who.origin,
        proposed_by=who.by,
        proposed_at=who.at,
        expires_at=who.at + 60 * policy.proposal_minutes,
        digest=digest_of(rule.action, rule.name, rule.executor, evidence.service, parameters, evidence),
        state=ActionState.REFUSED,
    )
    return action, problem


def proposal_key(rule: ActionRule, evidence: ActionEvidence, earlier: Iterable[Action]) -> str:
    """Return what makes a proposal of the engine the same as another: subject, episode, entry, target, and how often it
    was tried without effect."""
    tried = without_effect(rule.name, evidence, earlier)
    return f"{evidence.subject}|{evidence.episode:.3f}|{rule.name}|{evidence.service}|{tried}"


def without_effect(policy: str, evidence: ActionEvidence, earlier: Iterable[Action]) -> int:
    """Return how often an entry was executed on the same target for the same subject without effect."""
    return sum(
        one.state in WITHOUT_EFFECT
        and (one.policy, one.target, one.evidence.subject) == (policy, evidence.service, evidence.subject)
        for one in earlier
    )


def present_parameters(rule: ActionRule, evidence: ActionEvidence) -> Mapping[str, Any]:
    """Return the parameters that an entry has now: they differ from those of a proposal after the policy changed."""
    return filled(rule.whole_parameters, evidence)[0]
