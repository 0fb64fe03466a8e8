"""The work on approved actions: execute at most once, verify, roll back; and what to do after a crash.

The intent is stored before anything is sent, and the outcome after it. An action that is found with an intent and no
outcome is never executed again: its executor is asked, and where that does not know, people must look.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

from aiops.act import gate, states
from aiops.act.executor import ExecutionReport, ExecutionResult, Executor
from aiops.act.proposals import without_effect
from aiops.engine import Engine
from aiops.model import (
    Action,
    ActionState,
    AlertState,
    Attempt,
    Ending,
    Incident,
    IncidentState,
    Origin,
)
from aiops.model.errors import NotPossible
from aiops.process.faultpoints import FaultPoint, reach
from aiops.service.actions.facts import ActionFacts
from aiops.service.actions.keeping import ENGINE, ActionKeeper, refusal
from aiops.service.actions.remedies import Remedies

VERIFY_MINUTES = 10.0
"""Where the policy has no such entry any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionWorker:
    """Works on actions, in one thread. Its methods may raise StoreError."""

    engine: Engine
    facts: ActionFacts
    keeper: ActionKeeper
    remedies: Remedies

    def recover(self) -> None:
        """Find out what became of actions whose intent is stored without an outcome: the engine ended in between."""
        for one in self.keeper.store.in_states([ActionState.EXECUTING]):
            if one.attempt is not None:
                report = self._executor(one).ask(one, one.attempt.id)
                self._executed(one, replace(report, text=f"the engine ended while it was executed: {report.text}"))
        for one in self.keeper.store.in_states([ActionState.ROLLING_BACK]):
            if one.undoing is not None:
                report = self._executor(one).ask(one, one.undoing.id)
                self._undone(one, replace(report, text=f"the engine ended while it was undone: {report.text}"))

    def work(self) -> None:
        """End what has expired or lost its reason, execute what is approved, verify what was executed."""
        for one in self.keeper.store.active():
            work: Callable[[Action], object] | None = {
                ActionState.PROPOSED: self._tidy,
                ActionState.APPROVED: self._execute,
                ActionState.VERIFYING: self._verify,
            }.get(one.state)
            if work is None:
                continue
            try:
                work(one)
            except NotPossible:  # a person was faster
                continue

    def _tidy(self, one: Action) -> None:
        now = self.engine.clock.now()
        if now >= one.expires_at:
            self._end(one, ActionState.EXPIRED, "nobody approved it in time")
        elif (found := self.facts.evidence(one.evidence)) is None:
            self._end(one, ActionState.EXPIRED, f"{one.evidence.subject} is over")
        elif one.origin != Origin.ALERT and found.service != one.target:
            self._end(one, ActionState.EXPIRED, "the cause is another one by now")

    def _end(self, one: Action, state: ActionState, text: str) -> None:
        after = states.withdraw(one, state, self.engine.clock.now(), text)
        self.keeper.change(one, after, ENGINE, "end action")

    def _execute(self, one: Action) -> None:
        policy = self.remedies.policy
        if policy is None:
            self._end(one, ActionState.REFUSED, "refused: actions are off")
            return
        decision = gate.decide_execution(one, policy, self.facts.of(one, policy.entry(one.policy)))
        kept = states.decided(one, decision)
        if not decision.allowed:
            after = states.withdraw(kept, ActionState.REFUSED, decision.at, refusal(decision))
            self.keeper.change(one, after, ENGINE, "execute action, refused")
            return
        if one.dry_run:
            text = f"dry run: the {one.executor} executor was not called"
            ended = states.moved_to(kept, ActionState.DRY_RUN, decision.at, text)
            self.keeper.change(one, ended, ENGINE, "dry run action")
            return
        attempt = uuid4().hex
        begun = self.keeper.change(one, states.begin_attempt(kept, decision.at, attempt), ENGINE, "execute action")
        reach(FaultPoint.ACT_INTENT)
        executor = self._executor(begun)
        report = _settled(executor.execute(begun, attempt), lambda: executor.ask(begun, attempt))
        reach(FaultPoint.ACT_EXECUTED)
        self._executed(begun, report)
        reach(FaultPoint.ACT_STORED)

    def _executed(self, one: Action, report: ExecutionReport) -> None:
        """Store the outcome of an execution."""
        now = self.engine.clock.now()
        state = {
            ExecutionResult.DONE: ActionState.VERIFYING,
            ExecutionResult.NOT_DONE: ActionState.FAILED,
            ExecutionResult.UNKNOWN: ActionState.UNKNOWN,
        }[report.result]
        policy = self.remedies.policy
        rule = policy.entry(one.policy) if policy is not None else None
        minutes = rule.verify_minutes if rule is not None else VERIFY_MINUTES
        after = states.moved_to(
            one, state, now, report.text, attempt=_over(one.attempt, now, report), verify_until=now + 60 * minutes
        )
        kept = self.keeper.change(one, after, ENGINE, "end of execution")
        if state == ActionState.UNKNOWN:
            self.keeper.escalate(kept, f"nobody knows whether it was done: {report.text}")

    def _verify(self, one: Action) -> None:
        found = self._effect(one)
        if found is None:
            return
        reach(FaultPoint.ACT_VERIFIED)
        state, text = found
        now = self.engine.clock.now()
        if state != ActionState.INEFFECTIVE:
            self.keeper.change(one, states.moved_to(one, state, now, text), ENGINE, "verify action")
            return
        policy = self.remedies.policy
        decision = gate.decide_rollback(one, policy, now) if policy is not None else None
        kept = one if decision is None else states.decided(one, decision)
        if decision is None or not decision.allowed:
            ended = self.keeper.change(one, states.moved_to(kept, state, now, text), ENGINE, "verify action")
            self._told(ended)
            return
        attempt = uuid4().hex
        undoing = Attempt(id=attempt, started_at=now)
        begun = states.moved_to(kept, ActionState.ROLLING_BACK, now, f"{text}; rolling back", undoing=undoing)
        begun = self.keeper.change(one, begun, ENGINE, "roll back action")
        reach(FaultPoint.ACT_UNDO_INTENT)
        executor = self._executor(begun)
        observed = begun.attempt.observed if begun.attempt is not None else {}
        report = _settled(executor.undo(begun, attempt, observed), lambda: executor.ask(begun, attempt))
        reach(FaultPoint.ACT_UNDONE)
        self._undone(begun, report)

    def _undone(self, one: Action, report: ExecutionReport) -> None:
        """Store the outcome of an undo."""
        now = self.engine.clock.now()
        state = {
            ExecutionResult.DONE: ActionState.ROLLED_BACK,
            ExecutionResult.NOT_DONE: ActionState.INEFFECTIVE,
            ExecutionResult.UNKNOWN: ActionState.UNKNOWN,
        }[report.result]
        text = f"it had no effect, and was undone: {report.text}"
        if state != ActionState.ROLLED_BACK:
            text = f"it had no effect, and could not be undone: {report.text}"
        after = states.moved_to(one, state, now, text, undoing=_over(one.undoing, now, report))
        self._told(self.keeper.change(one, after, ENGINE, "end of rollback"))

    def _told(self, ended: Action) -> None:
        """Tell people of an action without effect that they must take over: it was the last try, or was not undone."""
        now = self.engine.clock.now()
        earlier = self.keeper.store.earlier(now, ended.evidence.subject)
        tried = without_effect(ended.policy, ended.evidence, earlier)
        if ended.state == ActionState.UNKNOWN or (ended.state == ActionState.INEFFECTIVE and ended.reversible):
            self.keeper.escalate(ended, ended.reason)
        elif tried >= gate.TRIES:
            self.keeper.escalate(ended, f"{ended.policy} was done {tried} times without effect")

    def _effect(self, one: Action) -> tuple[ActionState, str] | None:
        """Return what became of the trouble, by the symptoms that opened it; None while that is not known yet."""
        now = self.engine.clock.now()
        late = one.verify_until is not None and now >= one.verify_until
        span = f"{(now - _ended_at(one)) / 60:.0f} min"
        incident = self.facts.incident(one)
        if incident is not None:
            if incident.state == IncidentState.RESOLVED:
                return _by_ending(incident)
            return (ActionState.INEFFECTIVE, f"its symptoms went on for {span}") if late else None
        alert = self.facts.alert(one.evidence)
        if alert is not None and alert.state == AlertState.RESOLVED:
            return ActionState.SUCCEEDED, "the alert is resolved"
        return (ActionState.INEFFECTIVE, f"the alert went on for {span}") if late else None

    def _executor(self, one: Action) -> Executor:
        return self.remedies.executor(one.executor, self.engine.clock.now)


def _settled(report: ExecutionReport, ask: Callable[[], ExecutionReport]) -> ExecutionReport:
    """Ask what became of an attempt whose end is not known."""
    if report.result != ExecutionResult.UNKNOWN:
        return report
    found = ask()
    return replace(found, text=f"{report.text}; {found.text}")


def _by_ending(incident: Incident) -> tuple[ActionState, str]:
    if incident.ending == Ending.CALM:
        return ActionState.SUCCEEDED, f"{incident.id}: {incident.resolution}"
    return ActionState.UNKNOWN, f"it was done; whether it helped is not known: {incident.resolution}"


def _over(attempt: Attempt | None, now: float, report: ExecutionReport) -> Attempt | None:
    if attempt is None:
        return None
    return replace(attempt, ended_at=now, outcome=f"{report.result}: {report.text}", observed=report.observed)


def _ended_at(one: Action) -> float:
    return one.attempt.ended_at or one.attempt.started_at if one.attempt is not None else one.proposed_at
