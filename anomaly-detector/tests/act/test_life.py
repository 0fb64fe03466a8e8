"""The life of an action over HTTP: proposed, approved, executed once, verified, undone; and each way to refuse it."""

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from made_up.samples import sample
from made_up.world import World

from aiops.model import Ending, IncidentState

from .conftest import Acting
from .policies import incident
from .sink import Sink

TOKENS = {name: f"the-token-of-{name}-0123456789" for name in ("ana", "ben", "vic")}
ROLES = {"ana": "responder", "ben": "responder", "vic": "viewer"}
INC = "INC-1795253415-1"


CLIENTS: list[tuple[World, FlaskClient]] = []
"""One of each world, because an application takes long to build; the newest world only."""


def client_of(world: World) -> FlaskClient:
    if not CLIENTS or CLIENTS[0][0] is not world:
        CLIENTS[:] = [(world, world.client(tokens=TOKENS, token_roles=ROLES))]
    return CLIENTS[0][1]


def ask(client: FlaskClient, path: str, who: str = "ben", body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {TOKENS[who]}"}
    answer = client.get(path, headers=headers) if body is None else client.post(path, json=body, headers=headers)
    return answer.status_code, answer.get_json()


def actions(client: FlaskClient, state: str = "all") -> list[Any]:
    found: list[Any] = ask(client, f"/aiops/actions?state={state}")[1]["actions"]
    return found


def webhook(sink: Sink, **more: Any) -> dict[str, Any]:
    parameters = {"url": f"{sink.url}/clear", "undo_url": f"{sink.url}/undo", **more.pop("parameters", {})}
    return {"executor": "webhook", "parameters": parameters, **more}


def proposed(world: World) -> Any:
    """The sample is kept, and the engine proposes what the policy has for it."""
    world.keep(sample())
    world.use_cases.operation.analyze()
    world.use_cases.actions.work()
    [one] = actions(client_of(world))
    return one


def approved(world: World) -> Any:
    one = proposed(world)
    status, after = ask(client_of(world), f"/aiops/actions/{one['id']}/approve", "ben", {"digest": one["digest"]})
    assert (status, after["state"]) == (200, "approved"), after
    return after


def now_of(world: World, name: str) -> Any:
    return ask(client_of(world), f"/aiops/actions/{name}")[1]


def resolve(world: World, ending: Ending = Ending.CALM) -> None:
    at = world.clock.at
    over = replace(
        world.use_cases.incidents.get(INC),
        state=IncidentState.RESOLVED,
        resolved_at=at,
        ending=ending,
        resolution="its symptoms are back to normal",
    )
    world.keep(over)


def test_the_engine_proposes_a_person_approves_and_it_is_executed_once(acting: Acting, sink: Sink) -> None:
    world = acting(webhook(sink))
    one = approved(world)
    assert one["blast_radius"] == {"services": ["payment", "checkout", "gateway"], "traffic": 1.0, "instances": None}
    assert one["proposed_by"] == "engine"
    for _ in range(3):
        world.use_cases.actions.work()
    [got] = sink.posts()
    after = now_of(world, one["id"])
    assert after["state"] == "verifying"
    assert got.headers["Idempotency-Key"] == after["attempt"]["id"] == got.json["attempt"]
    assert (got.json["approved_by"], got.json["undo"], got.json["evidence"]["cause"]) == ("ben", False, "errors")
    assert after["approval"]["used_at"] is not None
    world.clock.at += 60
    resolve(world)
    world.use_cases.actions.work()
    assert now_of(world, one["id"])["state"] == "succeeded"
    assert len(sink.posts()) == 1


def test_the_timeline_the_audit_and_the_metrics_tell_of_it(acting: Acting) -> None:
    world = acting()
    one = approved(world)
    world.use_cases.actions.work()
    told = [entry.text for entry in world.use_cases.incidents.get(INC).timeline if entry.what == "action"]
    assert [text.split(":")[0].split()[-1] for text in told] == ["proposed", "approved", "executing", "verifying"]
    rows = world.use_cases.audit.page(one["id"], None, None, 50)[0]
    assert [(row.entry.by.name, row.entry.what) for row in reversed(rows)] == [
        ("engine", "propose action"),
        ("ben", "approve action"),
        ("engine", "execute action"),
        ("engine", "end of execution"),
    ]
    assert world.use_cases.audit.check().problems == ()
    assert 'aiops_actions_total{state="verifying"} 1.0' in world.use_cases.operation.exposition().decode()


def test_a_policy_is_dry_by_default(acting: Acting, sink: Sink) -> None:
    world = acting(webhook(sink), dry_run=True)
    one = approved(world)
    world.use_cases.actions.work()
    assert now_of(world, one["id"])["state"] == "dry_run"
    assert sink.got == []


def test_without_a_policy_nothing_is_proposed(acting: Acting) -> None:
    world = acting()
    world.use_cases.actions.remedies = type(world.use_cases.actions.remedies)()
    world.keep(sample())
    world.use_cases.operation.analyze()
    world.use_cases.actions.work()
    status, found = ask(client_of(world), "/aiops/actions")
    assert (status, found["enabled"], found["actions"]) == (200, False, [])
    status, said = ask(client_of(world), "/aiops/actions", body={"incident": INC, "policy": "clear"})
    assert (status, said["detail"]) == (409, "actions are off: set actions_file to a policy")


def test_the_gate_refuses_with_reasons_and_proposes_once_they_are_gone(acting: Acting) -> None:
    world = acting()
    world.keep(incident(confidence=0.62))
    world.use_cases.operation.analyze()
    world.use_cases.actions.work()
    [one] = actions(client_of(world))
    assert (one["state"], one["reason"]) == ("refused", "refused: confidence 0.62 < 0.80")
    world.clock.at += 15
    world.use_cases.operation.analyze()
    world.use_cases.actions.work()
    assert len(actions(client_of(world))[0]["decisions"]) == 1, "the same refusal is told once"
    world.keep(incident(confidence=0.91))
    world.clock.at += 15
    world.use_cases.operation.analyze()
    world.use_cases.actions.work()
    [after] = actions(client_of(world))
    assert (after["id"], after["state"]) == (one["id"], "proposed")
    assert after["digest"] != one["digest"]
    assert [each["allowed"] for each in after["decisions"]] == [False, True]


def test_a_person_proposes_and_only_another_person_may_approve(acting: Acting) -> None:
    world = acting({"causes": ["latency"]})
    world.keep(sample())
    client = client_of(world)
    assert ask(client, "/aiops/actions", "vic", {"incident": INC, "policy": "clear"})[0] == 403
    status, one = ask(client, "/aiops/actions", "ana", {"incident": INC, "policy": "clear"})
    assert (status, one["state"]) == (200, "refused"), "the entry is not for this cause"
    world = acting()
    world.keep(sample())
    client = client_of(world)
    _, one = ask(client, "/aiops/actions", "ana", {"incident": INC, "policy": "clear"})
    assert one["state"] == "proposed"
    path = f"/aiops/actions/{one['id']}/approve"
    status, said = ask(client, path, "ana", {"digest": one["digest"]})
    assert (status, said["detail"]) == (
        409,
        f"{one['id']} cannot be approved: ana proposed it: another person must approve",
    )
    assert ask(client, path, "vic", {"digest": one["digest"]})[0] == 403
    status, said = ask(client, path, "ben", {"digest": "0" * 64})
    assert (status, "it is not what was seen" in said["detail"]) == (409, True)
    assert ask(client, path, "ben", {"digest": one["digest"]})[1]["state"] == "approved"
    status, said = ask(client, path, "ben", {"digest": one["digest"]})
    assert (status, "it is approved, and waits for no approval" in said["detail"]) == (409, True)
    refusals = [each for each in now_of(world, one["id"])["decisions"] if not each["allowed"]]
    assert len(refusals) == 3, "each refused approval is kept"


def test_an_approval_expires_and_is_checked_again(acting: Acting, sink: Sink) -> None:
    world = acting(webhook(sink))
    one = approved(world)
    world.clock.at += 15 * 60 + 1
    world.use_cases.actions.work()
    after = now_of(world, one["id"])
    assert (after["state"], after["approval"]) == ("refused", None)
    assert "the approval expired" in after["reason"]
    assert sink.got == []


def test_what_changed_since_the_approval_is_not_executed(acting: Acting, sink: Sink) -> None:
    world = acting(webhook(sink))
    one = approved(world)
    world.keep(incident(confidence=0.5))
    world.use_cases.actions.work()
    assert now_of(world, one["id"])["reason"] == "refused: confidence 0.50 < 0.80"
    assert sink.got == []


def test_facts_that_cannot_be_read_refuse(acting: Acting, sink: Sink) -> None:
    world = acting(webhook(sink))
    one = approved(world)
    world.metrics.broken = True
    world.use_cases.health.forget()
    world.clock.at += 15
    world.use_cases.operation.analyze()
    world.use_cases.actions.work()
    after = now_of(world, one["id"])
    assert (after["state"], "the blast radius cannot be read" in after["reason"]) == ("refused", True)
    assert sink.got == []


def test_people_refuse_and_cancel_until_it_is_executed(acting: Acting) -> None:
    world = acting()
    one = approved(world)
    client = client_of(world)
    status, after = ask(client, f"/aiops/actions/{one['id']}/refuse", "ana", {"reason": "we wait"})
    assert (status, after["state"], after["reason"]) == (200, "rejected", "refused by ana: we wait")
    world.use_cases.actions.work()
    assert now_of(world, one["id"])["state"] == "rejected"
    assert ask(client, f"/aiops/actions/{one['id']}/cancel", "ana", {})[0] == 409
    assert ask(client, "/aiops/actions/ACT-1-99")[0] == 404


def test_an_entry_that_is_automatic_needs_nobody(acting: Acting) -> None:
    world = acting({"auto": True})
    one = proposed(world)
    assert (one["state"], one["approval"]["by"]) == ("verifying", "policy clear")


def test_without_effect_it_is_rolled_back_and_tried_once_more_then_people_take_over(acting: Acting, sink: Sink) -> None:
    world = acting(webhook(sink, auto=True, cooldown_minutes=0, verify_minutes=5))
    proposed(world)
    for _ in range(6):
        world.clock.at += 301
        world.use_cases.operation.analyze()
        world.keep(sample())
        world.use_cases.actions.work()
    found = [one["state"] for one in reversed(actions(client_of(world)))]
    assert found == ["rolled_back", "rolled_back", "refused"]
    assert (len(sink.posts("/clear")), len(sink.posts("/undo"))) == (2, 2)
    assert all(one.json["undo"] for one in sink.posts("/undo"))
    last = actions(client_of(world))[0]
    assert last["reason"] == "refused: it was done 2 times without effect: people must take over"
    told = world.use_cases.audit.page(None, None, None, 50)[0]
    assert "escalate action" in [row.entry.what for row in told]


@pytest.mark.parametrize(
    ("ending", "state"), [(Ending.CALM, "succeeded"), (Ending.NO_DATA, "unknown"), (Ending.PERSON, "unknown")]
)
def test_only_symptoms_that_are_normal_again_prove_an_effect(acting: Acting, ending: Ending, state: str) -> None:
    world = acting({"auto": True})
    one = proposed(world)
    resolve(world, ending)
    world.use_cases.actions.work()
    assert now_of(world, one["id"])["state"] == state


def test_a_proposal_ends_with_its_incident_and_with_time(acting: Acting) -> None:
    world = acting()
    one = proposed(world)
    resolve(world)
    world.use_cases.actions.work()
    assert now_of(world, one["id"])["reason"] == f"{INC} is over"
    world = acting(proposal_minutes=1)
    one = proposed(world)
    world.clock.at += 61
    world.use_cases.actions.work()
    assert now_of(world, one["id"])["state"] == "expired"


def test_an_alert_of_another_rule_is_answered_by_a_safe_action(acting: Acting) -> None:
    world = acting(
        {"action": "runbook", "alerts": {"alertname": "Checkout*", "severity": "page"}, "auto": True},
    )
    client = client_of(world)
    labels = {"alertname": "CheckoutSlow", "service_name": "payment", "severity": "page"}
    told = {"version": "4", "alerts": [{"status": "firing", "labels": labels, "fingerprint": "0123456789abcdef"}]}
    world_client = world.client()
    for _ in range(2):
        assert world_client.post("/aiops/alerts", json=told).status_code == 200
    [one] = actions(client)
    assert (one["origin"], one["state"], one["target"]) == ("alert", "approved", "payment")
    assert all(each["passed"] for each in one["decisions"][0]["verdicts"])
    world.use_cases.actions.work()
    world.use_cases.actions.work()
    assert now_of(world, one["id"])["state"] == "verifying"
    told["alerts"][0]["status"] = "resolved"  # type: ignore[index]
    world.clock.at += 30
    assert world_client.post("/aiops/alerts", json=told).status_code == 200
    world.use_cases.actions.work()
    assert now_of(world, one["id"])["state"] == "succeeded"


def test_other_alerts_and_those_of_the_engine_itself_propose_nothing(acting: Acting) -> None:
    world = acting({"action": "runbook", "alerts": {"alertname": "Checkout*"}})
    labels = {"alertname": "DiskFull", "service_name": "payment"}
    told = {"version": "4", "alerts": [{"status": "firing", "labels": labels, "fingerprint": "0123456789abcdef"}]}
    assert world.client().post("/aiops/alerts", json=told).status_code == 200
    assert actions(client_of(world)) == []


def test_lists_filter_and_go_on(acting: Acting) -> None:
    world = acting()
    world.keep(sample())
    client = client_of(world)
    for _ in range(3):
        ask(client, "/aiops/actions", "ana", {"incident": INC, "policy": "clear"})
    _, first = ask(client, f"/aiops/actions?limit=2&incident={INC}&state=active")
    _, second = ask(client, f"/aiops/actions?limit=2&cursor={first['next']}")
    assert [len(first["actions"]), len(second["actions"]), second["next"]] == [2, 1, None]
    assert ask(client, "/aiops/actions?state=sleeping")[0] == 400
    assert ask(client, "/aiops/actions?incident=INC-9")[1]["actions"] == []
    status, said = ask(client, "/aiops/actions", "ana", {"incident": INC, "policy": "reboot"})
    assert (status, said["detail"]) == (409, "the policy has no entry 'reboot'; there are: clear")
    assert ask(client, "/aiops/actions", "ana", {"incident": "INC-9", "policy": "clear"})[0] == 404
