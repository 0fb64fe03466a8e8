"""How sure a cause is: of what the number is, what is ruled out, and what looks the same."""

from dataclasses import replace

import pytest
from made_up.samples import sample, sample_evidence

from aiops.model import CallNode, Cause, CauseKind, Hop, Incident, IncidentEvidence, RootCause
from aiops.presentation.confidence import Confidence, confidence_of
from aiops.presentation.ruled_out import raises_before

PAYMENT = Cause("payment", CauseKind.ERRORS, "/payment", "POST")
SLOW_PEER = Hop(caller="gateway", callee="payment", failing=0.8, seconds=2.0, usual=(0.0, 0.044))
FAST_PEER = replace(SLOW_PEER, failing=0.0, seconds=0.045)


def caused(kind: CauseKind, caller: str = "", said: str = "") -> Incident:
    one = sample()
    assert one.root_cause is not None
    assert one.first_failing_span is not None
    root = RootCause(
        cause=replace(PAYMENT, kind=kind, caller=caller), description="", confidence=0.97, interval=(0.94, 1.0)
    )
    return replace(one, root_cause=root, first_failing_span=replace(one.first_failing_span, exception=said))


def told(one: Incident, evidence: IncidentEvidence | None = None, *others: Hop) -> Confidence:
    found = confidence_of(one, evidence, others)
    assert found is not None
    return found


def calls(bad: float, failing: float = 0.0, seconds: float = 0.005) -> IncidentEvidence:
    """Payment serves a request, and calls the card processor so often in bad ones."""
    evidence = sample_evidence()
    assert evidence.anatomy is not None
    served: CallNode = replace(evidence.anatomy.nodes[0], service="payment", operation="POST /payment")
    call = replace(
        evidence.anatomy.nodes[1],
        service="payment",
        callee="card-processor",
        calls=(1.0, bad),
        failing=(0.0, failing),
        seconds=(0.0048, seconds),
    )
    return replace(evidence, anatomy=replace(evidence.anatomy, nodes=(served, call)))


def test_without_a_cause_nothing_is_sure() -> None:
    assert confidence_of(replace(sample(), root_cause=None), None, ()) is None


def test_the_number_is_of_a_place_with_the_counts_behind_it() -> None:
    assert (
        told(caused(CauseKind.ERRORS), sample_evidence()).place
        == "in 38 of 41 bad traces that were read it starts at payment POST /payment"
    )
    assert told(caused(CauseKind.ERRORS)).place == "it starts at payment POST /payment"


def test_who_raises_before_any_call_is_not_the_victim_of_what_it_calls() -> None:
    assert raises_before(PAYMENT, calls(bad=0.0)) == "card-processor"
    assert raises_before(PAYMENT, calls(bad=0.5)) is None
    assert raises_before(PAYMENT, None) is None
    assert (
        "card-processor: the bad requests have no call to it, the good ones have"
        in told(caused(CauseKind.ERRORS), calls(bad=0.0)).excluded
    )
    assert "the calls that payment makes: they do not fail" in told(caused(CauseKind.ERRORS), calls(bad=1.0)).excluded
    assert not any("calls" in one for one in told(caused(CauseKind.ERRORS), calls(bad=1.0, failing=0.9)).excluded)


@pytest.mark.parametrize(
    ("one", "peer", "expected"),
    [
        (caused(CauseKind.TIMEOUT), SLOW_PEER, "one caller's side: calls from gateway fail as well"),
        (caused(CauseKind.LATENCY), SLOW_PEER, "one caller's side: calls from gateway are slow as well"),
        (
            caused(CauseKind.NETWORK, "checkout"),
            FAST_PEER,
            "other callers: gateway → payment takes 45 ms, normally 44 ms",
        ),
        (caused(CauseKind.DOWN, said="ConnectionRefusedError"), FAST_PEER, "the host answers, and refuses"),
        (caused(CauseKind.TIMEOUT, said="requests.ReadTimeout"), FAST_PEER, "a refused connection: it is made"),
    ],
)
def test_what_the_data_rule_out_is_said_with_its_numbers(one: Incident, peer: Hop, expected: str) -> None:
    assert any(expected in each for each in told(one, None, peer).excluded)


def test_nothing_is_ruled_out_without_data() -> None:
    for kind in CauseKind:
        assert told(caused(kind)).excluded == ()
        assert told(caused(kind), None, replace(SLOW_PEER, failing=None, seconds=None)).excluded == ()
