"""The gate: each rule refuses for its reason, and an approval is for one action, one time."""

from dataclasses import replace
from typing import Any

import pytest
from made_up.fakes import NOW

from aiops.act import gate, states
from aiops.act.gate import Approver, GateFacts
from aiops.act.policy import ActionPolicy
from aiops.act.proposals import Proposer, called_for, drafted, grounds_of
from aiops.model import Action, ActionState, Attempt, BlastRadius, GateDecision, Origin
from aiops.model.errors import NotPossible

from .policies import bad_version, incident, policy

BLAST = BlastRadius(("payment", "checkout"), 0.4, 3)


def action(of: ActionPolicy, origin: Origin = Origin.CAUSE, by: str = "engine", **root: Any) -> Action:
    who = Proposer(origin=origin, by=by, at=NOW, number=1)
    return drafted(of.actions[0], of, grounds_of(incident(**root)), BLAST, who, "key")[0]


def facts(of: Action, **more: Any) -> GateFacts:
    return GateFacts(**{"now": NOW, "evidence": of.evidence, "blast": of.blast, **more})


def refused(decision: GateDecision) -> dict[str, str]:
    return {one.rule: one.reason for one in decision.verdicts if not one.passed}


def waiting(of: ActionPolicy, **more: Any) -> Action:
    return states.moved_to(action(of, **more), ActionState.PROPOSED, NOW, "proposed")


def executed(of: Action, state: ActionState, ago: float) -> Action:
    return replace(of, id="ACT-0-9", state=state, attempt=Attempt(id="a", started_at=NOW - ago))


def test_what_fits_is_allowed_with_a_reason_for_each_rule() -> None:
    of = policy()
    decision = gate.decide_proposal(action(of), of, facts(action(of)))
    assert decision.allowed
    assert all(one.reason for one in decision.verdicts)
    assert len(decision.verdicts) >= 12


def test_a_decision_without_a_rule_allows_nothing() -> None:
    assert not GateDecision(NOW, "propose", "engine", ()).allowed


@pytest.mark.parametrize(
    ("entry", "root", "told", "rule", "why"),
    [
        ({}, {"confidence": 0.62}, {}, "confidence", "confidence 0.62 < 0.80"),
        ({"max_blast": {"services": 1, "traffic": 1}}, {}, {}, "services", "2 services > 1"),
        ({"max_blast": {"services": 5, "traffic": 0.3}}, {}, {}, "traffic", "40 % of traffic > 30 %"),
        (
            {"max_blast": {"services": 5, "traffic": 0.3}},
            {},
            {"blast": BlastRadius(("payment",))},
            "traffic",
            "the share of traffic is not known",
        ),
        (
            {"max_blast": {"services": 5, "traffic": 1, "instances": 2}},
            {},
            {"blast": BlastRadius(("payment",), 0.1)},
            "instances",
            "the number of instances is not known",
        ),
        ({}, {}, {"spent": ["payments-work"]}, "budget", "the error budget of payments-work is spent"),
        ({}, {}, {"evidence": None}, "evidence", "INC-1795253415-1 is over"),
        ({}, {}, {"problem": "the blast radius cannot be read"}, "parameters", "the blast radius cannot be read"),
        (
            {"executor": "command", "parameters": {"argv": ["/bin/true"]}},
            {},
            {},
            "executor",
            "programs are off: set actions_commands",
        ),
    ],
)
def test_each_rule_refuses_for_its_reason(
    entry: dict[str, Any], root: dict[str, Any], told: dict[str, Any], rule: str, why: str
) -> None:
    of = policy(entry)
    one = action(of, **root)
    assert refused(gate.decide_proposal(one, of, facts(one, **told))) == {rule: why}


def test_a_freeze_refuses_and_says_until_when() -> None:
    of = policy(freezes=[{"name": "sale", "start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}])
    one = action(of)
    assert refused(gate.decide_proposal(one, of, facts(one))) == {
        "freeze": "change freeze sale until 2027-01-01T00:00:00Z"
    }


def test_rate_cooldown_and_what_still_runs() -> None:
    of = policy({"rate": {"times": 1, "minutes": 60}, "cooldown_minutes": 10})
    one = action(of)
    told = refused(gate.decide_proposal(one, of, facts(one, earlier=[executed(one, ActionState.SUCCEEDED, 120)])))
    assert told == {
        "rate": "it was executed 1 times in 60 min, and 1 are allowed",
        "cooldown": "payment was acted on lately: wait 480 s more",
    }
    told = refused(gate.decide_proposal(one, of, facts(one, earlier=[executed(one, ActionState.VERIFYING, 4000)])))
    assert told == {"alone": "ACT-0-9 is not finished on payment"}


def test_no_third_time_without_effect() -> None:
    of = policy({"cooldown_minutes": 0, "rate": {"times": 9, "minutes": 1}})
    one = action(of)
    twice = [executed(one, ActionState.INEFFECTIVE, 4000), executed(one, ActionState.ROLLED_BACK, 2000)]
    assert gate.decide_proposal(one, of, facts(one, earlier=twice[:1])).allowed
    assert refused(gate.decide_proposal(one, of, facts(one, earlier=twice))) == {
        "repeat": "it was done 2 times without effect: people must take over"
    }


def test_a_rollback_needs_a_version_that_is_worse() -> None:
    of = policy({"action": "rollback", "executor": "kubernetes", "parameters": {"namespace": "shop"}})
    assert not list(called_for(of, grounds_of(incident(dimensions=()))))
    evidence = grounds_of(bad_version())
    assert (evidence.version, evidence.instead) == ("1.5.0", "1.4.2")
    assert [one.name for one in called_for(of, evidence)] == ["clear"]
    one = action(of, dimensions=())
    assert "a rollback needs a version" in refused(gate.decide_proposal(one, of, facts(one)))["cause"]


def test_names_of_telemetry_never_become_options_or_paths() -> None:
    of = policy({"executor": "command", "parameters": {"argv": ["/bin/echo", "{version}"]}})
    bad = replace(grounds_of(bad_version()), version="--delete-all")
    who = Proposer(origin=Origin.CAUSE, by="engine", at=NOW, number=1)
    for name in ("--delete-all", "../../etc", "/etc/shadow", "a\nb", "$(reboot)", ""):
        _, problem = drafted(of.actions[0], of, replace(bad, version=name), BLAST, who, "key")
        assert problem, name


def test_an_approval_needs_another_person_the_same_digest_and_time() -> None:
    of = policy()
    one = waiting(of, origin=Origin.PERSON, by="ana")
    told = facts(one)
    assert gate.decide_approval(one, of, told, Approver("ben", one.digest)).allowed
    same = gate.decide_approval(one, of, told, Approver("ana", one.digest))
    assert refused(same) == {"other person": "ana proposed it: another person must approve"}
    other = gate.decide_approval(one, of, told, Approver("ben", "0" * 64))
    assert refused(other) == {"digest": "it is not what was seen: look at it again"}
    late = gate.decide_approval(one, of, facts(one, now=one.expires_at), Approver("ben", one.digest))
    assert refused(late) == {"expiry": "the proposal has expired"}


def test_only_named_approvers_may() -> None:
    of = policy({"approvers": ["ben", "on-call-*"]})
    one = waiting(of)
    assert gate.decide_approval(one, of, facts(one), Approver("on-call-7", one.digest)).allowed
    assert "approver" in refused(gate.decide_approval(one, of, facts(one), Approver("eve", one.digest)))


def test_everything_is_checked_again_before_it_is_executed() -> None:
    of = policy()
    approved = states.approve(waiting(of), "ben", NOW, 900)
    assert gate.decide_execution(approved, of, facts(approved)).allowed
    assert "expiry" in refused(gate.decide_execution(approved, of, facts(approved, now=NOW + 900)))
    assert "policy" in refused(gate.decide_execution(approved, policy({"name": "other"}), facts(approved)))
    changed = policy({"executor": "webhook", "parameters": {"url": "http://127.0.0.1:1/elsewhere"}})
    assert refused(gate.decide_execution(approved, changed, facts(approved))) == {
        "policy": "entry clear was changed since the proposal"
    }
    moved = replace(approved.evidence, service="inventory")
    assert refused(gate.decide_execution(approved, of, facts(approved, evidence=moved))) == {
        "evidence": "the cause is another one by now"
    }
    forged = replace(approved, parameters={"argv": ["/bin/rm"]})
    assert {"digest", "policy"} <= set(refused(gate.decide_execution(forged, of, facts(forged))))


def test_an_approval_is_used_once() -> None:
    of = policy()
    approved = states.approve(waiting(of), "ben", NOW, 900)
    begun = states.begin_attempt(approved, NOW, "attempt")
    assert begun.approval is not None
    assert begun.approval.used_at == NOW
    assert "approval" in refused(gate.decide_execution(begun, of, facts(begun)))
    with pytest.raises(NotPossible, match="is executing, and cannot become executing"):
        states.begin_attempt(begun, NOW, "another")
    with pytest.raises(NotPossible, match="cannot become approved"):
        states.approve(begun, "ben", NOW, 900)


def test_confidence_moves_and_words_change_but_the_cause_may_not() -> None:
    of = policy()
    one = action(of)
    surer = replace(one.evidence, confidence=0.99, why="now 81 % fail")
    assert gate.decide_proposal(one, of, facts(one, evidence=surer)).allowed


def test_a_rollback_of_an_action_needs_an_undo_and_the_policy() -> None:
    of = policy({"roll_back": False})
    assert "policy" in refused(gate.decide_rollback(action(of), of, NOW))
    of = policy({"executor": "webhook", "parameters": {"url": "http://127.0.0.1:1/do"}})
    assert refused(gate.decide_rollback(action(of), of, NOW)) == {"undo": "it cannot be undone"}
