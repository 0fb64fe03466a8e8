"""What to do now, for each kind of cause."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from made_up.fakes import NOW
from made_up.samples import TRACE_ID, sample, sample_evidence, simple

from aiops.model import (
    Cause,
    CauseKind,
    Change,
    ChangeVerdict,
    ConsideredChange,
    Dimension,
    Ending,
    Hop,
    IncidentEvidence,
    IncidentState,
    Protocol,
    Rolling,
    RootCause,
    Server,
    Slo,
    SourceLocation,
)
from aiops.presentation.advice import AdviceFacts, advice
from aiops.presentation.confidence import confidence_of
from aiops.presentation.leads import Lead

WORDS = {
    CauseKind.ERRORS: "PaymentError",
    CauseKind.LATENCY: "Open a slow request of payment",
    CauseKind.TIMEOUT: "Take a thread dump of payment, then restart it",
    CauseKind.DOWN: "Save the last log lines of payment, then start it again",
    CauseKind.NETWORK: "way from checkout to payment: DNS",
    CauseKind.DEPENDENCY: "status page",
    CauseKind.TRAFFIC: "load balancer",
    CauseKind.MACHINE: "Drain payment",
}


def slo(**more: object) -> Slo:
    values: dict[str, object] = {
        "name": "payments",
        "service": "payment",
        "indicator": Server(protocol=Protocol.HTTP, service="payment"),
        "target": Decimal("0.99"),
        "period": Rolling(2_592_000, "30d"),
        "place": SourceLocation("a.yaml", 1, 1),
    }
    return Slo(**{**values, **more})  # type: ignore[arg-type]


def said(root: RootCause | None, evidence: IncidentEvidence | None = None, **around: Any) -> list[Lead]:
    return advice(replace(sample(), root_cause=root), evidence, AdviceFacts(**around), NOW)


def bare(kind: CauseKind, **more: object) -> RootCause:
    caller = "checkout" if kind in (CauseKind.NETWORK, CauseKind.DEPENDENCY) else ""
    what = Cause("payment", kind, "", "", caller)
    return RootCause(cause=what, description="…", confidence=0.9, interval=(0.8, 1.0), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", list(CauseKind))
def test_each_kind_has_its_first_step(kind: CauseKind) -> None:
    found = said(bare(kind))
    assert WORDS[kind] in found[0].text
    assert all(one.text and "None" not in one.text for one in found)


def test_a_bad_version_is_rolled_back_to_the_one_before() -> None:
    change = Change(at=NOW - 400, who="ci", kind="deployment", service="payment", version="1.5.0", text="")
    considered = ConsideredChange(change=change, verdict=ChangeVerdict.ACCEPTED, why="", instead="1.4.2")
    first = said(bare(CauseKind.ERRORS, changes_considered=(considered,)))[0]
    assert (first.text, first.link) == ("Roll back payment 1.5.0 to 1.4.2", "#changes")
    only_possible = replace(considered, verdict=ChangeVerdict.POSSIBLE)
    texts = [one.text for one in said(bare(CauseKind.ERRORS, changes_considered=(only_possible,)))]
    assert not any(text.startswith("Roll back") for text in texts)
    assert any("Consider the deployment of payment 1.5.0" in text for text in texts)


@pytest.mark.parametrize(
    ("attribute", "value", "expected"),
    [
        ("service.version", "1.5.0", "Take payment 1.5.0 out of service"),
        ("host.name", "node-7", "Drain node-7"),
        ("tenant.id", "globex", "set for tenant.id globex alone"),
    ],
)
def test_what_alone_is_hit_is_looked_at_first(attribute: str, value: str, expected: str) -> None:
    found = said(bare(CauseKind.ERRORS, dimensions=(Dimension(attribute, value, 1.0, 0.1),)))
    assert expected in found[0].text


def test_errors_lead_to_the_failing_span() -> None:
    assert said(bare(CauseKind.ERRORS))[0].link == f"/traces/{TRACE_ID}?span=00f067aa0ba902b7"


def test_without_a_cause_the_worst_symptom_and_a_trace_come_first() -> None:
    found = said(None, evidence=sample_evidence())
    assert "80% of requests to payment POST /payment fail" in found[0].text
    assert found[1].link == f"/traces/{TRACE_ID}"
    nothing = advice(simple(), None, AdviceFacts(), NOW)
    assert "payment" in nothing[0].text


def test_runbooks_and_owners_come_from_objectives_and_only_web_addresses_are_links() -> None:
    with_both = slo(runbook="https://wiki/payments", labels=(("team", "billing"),))
    found = said(bare(CauseKind.DOWN), objectives=(with_both, with_both))
    assert [one.link for one in found].count("https://wiki/payments") == 1
    assert any(one.text == "Owner: billing" for one in found)
    for address in ("javascript:alert(1)", "docs/runbook.md"):
        found = said(bare(CauseKind.DOWN), objectives=(slo(runbook=address),))
        assert not any(one.link == address for one in found)
        assert any(address in one.text for one in found)


def test_the_last_incident_alike_says_how_it_ended() -> None:
    past = simple(
        12,
        state=IncidentState.RESOLVED,
        onset=NOW - 4 * 86400,
        resolved_at=NOW - 3 * 86400,
        ending=Ending.CALM,
        resolution="its symptoms are back to normal",
        root_cause=bare(CauseKind.ERRORS, change="deployment of payment 1.5.0, 15 s before the onset"),
    )
    last = said(bare(CauseKind.ERRORS), alike=(simple(13), past))[-1]
    assert last.link == f"/incidents/{past.id}"
    for words in ("3 d ago", "for 1 d", "deployment of payment 1.5.0", "back to normal"):
        assert words in last.text


def test_the_last_change_is_asked_about_where_none_was_considered() -> None:
    def change(service: str, at: float) -> Change:
        return Change(at=at, who="ci", kind="deployment", service=service, version="1.4.2", text="")

    onset = sample().onset
    found = said(bare(CauseKind.TIMEOUT), changes=(change("payment", onset - 7200), change("cart", onset - 60)))
    assert any("deployment of payment 1.4.2, 2 h before" in one.text for one in found)
    found = said(bare(CauseKind.TIMEOUT), changes=(change("cart", onset - 60),))
    assert any("no change of payment was reported" in one.text for one in found)
    assert any("no change of payment was reported" in one.text for one in said(bare(CauseKind.TIMEOUT)))


@pytest.mark.parametrize("kind", list(CauseKind))
def test_the_deed_is_followed_by_the_check_that_decides(kind: CauseKind) -> None:
    root = bare(kind)
    told = confidence_of(replace(sample(), root_cause=root), None, ())
    assert told is not None
    assert told.check is not None
    assert told.check == said(root)[1]
    assert told.alike


def test_only_a_caller_whose_peers_are_fast_is_looked_at_first() -> None:
    fast = Hop(caller="gateway", callee="payment", failing=0.0, seconds=0.045, usual=(0.0, 0.044))
    assert said(bare(CauseKind.NETWORK), others=(fast,))[0].text.startswith(
        "Look whether checkout waits for connections"
    )
    for other in (replace(fast, seconds=0.4), replace(fast, usual=(None, None)), replace(fast, seconds=None)):
        assert not any("waits for connections" in one.text for one in said(bare(CauseKind.NETWORK), others=(other,)))


def test_owners_come_before_changes() -> None:
    texts = [one.text for one in said(bare(CauseKind.DOWN), objectives=(slo(labels=(("team", "billing"),)),))]
    assert texts.index("Owner: billing") < next(at for at, one in enumerate(texts) if "no change" in one)
