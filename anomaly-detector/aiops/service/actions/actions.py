"""Actions: proposals of the engine, of alerts and of people, and what people decide about them."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import inf
from typing import Final
from uuid import uuid4

from aiops.act import gate, states
from aiops.act.policy import ActionPolicy, ActionRule
from aiops.act.proposals import (
    Proposer,
    called_for,
    called_for_by,
    drafted,
    grounds_of,
    grounds_of_alert,
    lacks,
    proposal_key,
)
from aiops.engine import Engine
from aiops.incidents.alerts import is_own
from aiops.model import (
    ACTIVE_STATES,
    Action,
    ActionEvidence,
    ActionState,
    Actor,
    Alert,
    AlertState,
    GateDecision,
    IncidentState,
    Origin,
    TimelineEntry,
)
from aiops.model.errors import NotFound, NotPossible
from aiops.process.faultpoints import FaultPoint, reach
from aiops.service.actions.facts import ActionFacts
from aiops.service.actions.keeping import ENGINE, ActionKeeper, refusal
from aiops.service.actions.remedies import Remedies
from aiops.service.actions.working import ActionWorker

OFF: Final = "actions are off: set actions_file to a policy"


@dataclass(slots=True, kw_only=True)
class ActionService:
    """Actions. Every method may raise StoreError; methods with an id raise NotFound."""

    engine: Engine
    facts: ActionFacts
    keeper: ActionKeeper
    remedies: Remedies
    worker: ActionWorker = field(init=False)
    _judged_at: float | None = None
    _proposing: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.worker = ActionWorker(engine=self.engine, facts=self.facts, keeper=self.keeper, remedies=self.remedies)

    @property
    def policy(self) -> ActionPolicy | None:
        """The policy; None where actions are off."""
        return self.remedies.policy

    def page(
        self, state: str | None, subject: str | None, before: int | None, limit: int
    ) -> tuple[list[Action], int | None]:
        """Return actions, newest first, and the cursor of the next page. state: one of them, `active`, or None for
        all."""
        wanted = ACTIVE_STATES if state == "active" else {state} if state else ()
        return self.keeper.store.page(wanted, subject, before, limit)

    def get(self, name: str) -> Action:
        """Return one action by its id. Raises NotFound."""
        found = self.keeper.store.get(name)
        if found is None:
            raise NotFound(f"there is no action {name}")
        return found

    def of(self, incident: str) -> list[Action]:
        """Return the actions about an incident, newest first."""
        return self.page(None, incident, None, 20)[0]

    def offered(self, incident: str) -> list[ActionRule]:
        """Return the entries of the policy that a person may propose for an incident."""
        found = self.facts.incidents.get(incident)
        if found is None or found.state == IncidentState.RESOLVED or self.policy is None:
            return []
        evidence = grounds_of(found)
        return [one for one in self.policy.actions if one.covers(evidence.service) and not lacks(one.action, evidence)]

    def work(self) -> None:
        """Do what is due: propose after each cycle, execute, verify, roll back. To be called by one thread only."""
        self.worker.recover()
        last = self.engine.last
        if last is not None and last.at != self._judged_at:
            with suppress(NotPossible):  # a person was faster: the next cycle decides again
                self._propose_for_incidents()
            self._judged_at = last.at
        self.worker.work()

    def alerted(self, alerts: Iterable[Alert]) -> list[Action]:
        """Propose what the policy has for alerts of other rules that fire; the same alert again changes nothing."""
        if self.policy is None:
            return []
        told = {one.fingerprint for one in alerts if one.state == AlertState.FIRING and not is_own(dict(one.labels))}
        found = []
        for alert in self.facts.alerts.episodes(sorted(told), inf):
            for rule, service in called_for_by(self.policy, alert):
                one = self._offer(rule, grounds_of_alert(alert, service), Origin.ALERT)
                found += [] if one is None else [one]
        return found

    def propose(self, incident: str, entry: str, by: Actor) -> Action:
        """Propose an entry of the policy for an incident, as a person. Raises NotPossible where there is no such entry;
        a proposal that the gate refuses is kept, with its reasons."""
        policy = self._on()
        rule, found = policy.entry(entry), self.facts.incidents.get(incident)
        if found is None:
            raise NotFound(f"there is no incident {incident}")
        if rule is None:
            known = ", ".join(one.name for one in policy.actions) or "none"
            raise NotPossible(f"the policy has no entry {entry!r}; there are: {known}")
        evidence = grounds_of(found)
        if not evidence.service:
            raise NotPossible(f"{incident} has no cause, so that it is not known on which service to act")
        with self._proposing:
            return self._added(rule, evidence, self._who(Origin.PERSON, by.name), f"by hand {uuid4().hex}", by)

    def approve(self, name: str, digest: str, by: Actor) -> Action:
        """Approve an action as it was seen: `digest` is that of what was seen. Raises NotPossible with the reasons
        where the gate refuses; the refusal is kept."""
        policy = self._on()
        before = self.get(name)
        facts = self.facts.of(before, policy.entry(before.policy))
        decision = gate.decide_approval(before, policy, facts, gate.Approver(by.name, digest))
        kept = states.decided(before, decision)
        if not decision.allowed:
            self.keeper.change(before, kept, by, "approve action, refused")
            raise NotPossible(f"{name} cannot be approved: {decision.reasons}")
        after = states.approve(kept, by.name, facts.now, 60 * policy.approval_minutes)
        made = self.keeper.change(before, after, by, "approve action")
        reach(FaultPoint.ACT_APPROVED)
        return made

    def refuse(self, name: str, by: Actor, reason: str = "") -> Action:
        """Refuse an action as a person: it is never executed. Raises NotPossible once it is executed."""
        return self._withdrawn(name, ActionState.REJECTED, by, f"refused by {by.name}", reason)

    def cancel(self, name: str, by: Actor, reason: str = "") -> Action:
        """Take a proposal or an approval back. Raises NotPossible once it is executed."""
        return self._withdrawn(name, ActionState.CANCELLED, by, f"cancelled by {by.name}", reason)

    def _withdrawn(self, name: str, state: ActionState, by: Actor, text: str, reason: str) -> Action:
        before = self.get(name)
        told = f"{text}: {reason}" if reason else text
        after = states.withdraw(before, state, self.engine.clock.now(), told)
        what = "refuse action" if state == ActionState.REJECTED else "cancel action"
        return self.keeper.change(before, after, by, what)

    def _on(self) -> ActionPolicy:
        if self.policy is None:
            raise NotPossible(OFF)
        return self.policy

    def _propose_for_incidents(self) -> None:
        if self.policy is None:
            return
        for incident in self.facts.incidents.active():
            evidence = grounds_of(incident)
            for rule in called_for(self.policy, evidence):
                self._offer(rule, evidence, Origin.CAUSE)

    def _offer(self, rule: ActionRule, evidence: ActionEvidence, origin: Origin) -> Action | None:
        """Propose an action, or decide again about one that was refused; None where nothing is new."""
        with self._proposing:
            key = proposal_key(rule, evidence, self.keeper.store.earlier(self.engine.clock.now(), evidence.subject))
            known = self.keeper.store.by_key(key)
            if known is None:
                return self._added(rule, evidence, self._who(origin, ENGINE.name), key, ENGINE)
            return self._again(known, rule, evidence) if known.state == ActionState.REFUSED else None

    def _added(self, rule: ActionRule, evidence: ActionEvidence, who: Proposer, key: str, by: Actor) -> Action:
        policy = self._on()
        blast, _ = self.facts.blast(evidence.service, rule)
        action, problem = drafted(rule, policy, evidence, blast, who, key)
        decision = gate.decide_proposal(action, policy, self.facts.of(action, rule, problem))
        made = states.decided(action, decision)
        if decision.allowed:
            made = states.moved_to(made, ActionState.PROPOSED, who.at, f"proposed by {who.by}")
        else:
            history = (TimelineEntry(who.at, str(made.state), refusal(decision)),)
            made = replace(made, reason=refusal(decision), history=history)
        kept = self.keeper.add(made, by)
        reach(FaultPoint.ACT_PROPOSED)
        return self._approved_by_policy(kept, rule)

    def _again(self, known: Action, rule: ActionRule, evidence: ActionEvidence) -> Action | None:
        """Decide again about a refused action, with the present evidence."""
        policy, now = self._on(), self.engine.clock.now()
        blast, _ = self.facts.blast(evidence.service, rule)
        who = Proposer(origin=known.origin, by=known.proposed_by, at=now, number=0)
        fresh, problem = drafted(rule, policy, evidence, blast, who, known.key)
        same = {name: getattr(known, name) for name in ("id", "version", "decisions", "history", "reason")}
        fresh = replace(fresh, **same)
        decision = gate.decide_proposal(fresh, policy, self.facts.of(fresh, rule, problem))
        if decision.allowed:
            after = states.moved_to(states.decided(fresh, decision), ActionState.PROPOSED, now, f"proposed by {who.by}")
            return self._approved_by_policy(self.keeper.change(known, after, ENGINE, "propose action"), rule)
        if _failed(decision) == _failed(known.decisions[-1]):
            return None
        after = replace(states.decided(fresh, decision), reason=refusal(decision))
        return self.keeper.change(known, after, ENGINE, "propose action")

    def _approved_by_policy(self, action: Action, rule: ActionRule) -> Action:
        policy = self._on()
        if not rule.auto or action.state != ActionState.PROPOSED or action.origin == Origin.PERSON:
            return action
        now = self.engine.clock.now()
        after = states.approve(action, f"policy {rule.name}", now, 60 * policy.approval_minutes)
        made = self.keeper.change(action, after, ENGINE, "approve action")
        reach(FaultPoint.ACT_APPROVED)
        return made

    def _who(self, origin: Origin, by: str) -> Proposer:
        return Proposer(origin=origin, by=by, at=self.engine.clock.now(), number=self.keeper.store.count() + 1)


def _failed(decision: GateDecision) -> set[str]:
    return {one.rule for one in decision.verdicts if not one.passed}
