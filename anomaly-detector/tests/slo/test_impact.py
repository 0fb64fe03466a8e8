"""Records of burns: who is told when, with an incident beside them or none."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from aiops.model import (
    BURNS,
    BURNS_FASTER,
    BURNS_NO_MORE,
    HELD,
    Burn,
    Impact,
    Incident,
    IncidentState,
    Labels,
    Protocol,
    Server,
    Severity,
    Urgency,
    Window,
    labels,
)
from aiops.slo.live.budget import Budget
from aiops.slo.live.impact import followed, impacts
from aiops.slo.live.status import SloStatus
from aiops.slo.rules import tiers

from .documents import CHECKOUT, one

SLO = one(CHECKOUT)
PAGE, TICKET = Urgency.PAGE, Urgency.TICKET


def standing(urgency: Urgency | None, at: float) -> SloStatus:
    burn = dict.fromkeys(tiers.WINDOWS, 20.0 if urgency else 0.0)
    budget = Budget(events=100.0, bad=1.0, every=100.0, left=0.5, spare=1.0, coverage=1.0)
    return SloStatus(
        slo=SLO,
        group=(),
        at=at,
        heard=at,
        period=Window(at - 1, at),
        budget=budget,
        burn=burn,
        ruled=False,
        urgency=urgency,
        exhausted_in=None,
        projected=None,
        excluded="",
    )


def incident(at: float) -> Incident:
    return Incident(
        id="INC-1",
        key="k",
        state=IncidentState.OPEN,
        severity=Severity.CRITICAL,
        title="",
        first_detected=at,
        onset=at,
        last_seen=at,
        symptoms=(),
        root_cause=None,
        no_cause="",
        first_failing_span=None,
        affected_services=(),
        affected_endpoints=(),
        slo_impact=(Impact(slo=SLO.name, group=(), urgency=PAGE, burn_rate=20.0, budget_left=0.5, exhausted_in=None),),
    )


@dataclass
class Story:
    """What becomes of one objective, minute by minute."""

    at: float = 1e9
    records: list[Burn] = field(default_factory=list)
    told: list[tuple[str, Urgency]] = field(default_factory=list)

    def go_on(self, urgency: Urgency | None, minutes: float, hit: bool = False) -> list[tuple[str, Urgency]]:
        """Returns what was told meanwhile."""
        self.told = []
        for _ in range(int(minutes)):
            self.at += 60.0
            incidents = [incident(self.at)] if hit else []
            changed, events = followed(self.records, [standing(urgency, self.at)], incidents, self.at)
            after = {one.key: one for one in (*self.records, *changed)}
            self.records = [one for one in after.values() if one.until is None]
            self.told += [(one.transition, one.burn.urgency) for one in events]
        return self.told


def test_a_second_outage_while_the_first_still_burns_slowly_is_told() -> None:
    story = Story()
    assert story.go_on(PAGE, 10) == [(BURNS, PAGE)]
    assert story.go_on(TICKET, 120) == []
    assert story.go_on(PAGE, 10) == [(BURNS_FASTER, PAGE)]
    assert story.go_on(TICKET, 10) == []
    assert story.go_on(PAGE, 10) == []  # to and fro is no news
    assert story.go_on(None, 2) == [(BURNS_NO_MORE, PAGE)]


def test_what_goes_on_after_its_incident_is_told_as_urgent_as_it_is() -> None:
    story = Story()
    assert story.go_on(PAGE, 10, hit=True) == []
    assert story.go_on(TICKET, HELD / 60) == []
    assert story.go_on(TICKET, 60) == [(BURNS, TICKET)]
    assert story.go_on(PAGE, 2) == [(BURNS_FASTER, PAGE)]


def test_a_ticket_that_an_incident_made_a_page_of_is_told_when_that_is_over() -> None:
    story = Story()
    assert story.go_on(TICKET, 10) == [(BURNS, TICKET)]
    assert story.go_on(PAGE, 10, hit=True) == []
    assert story.go_on(PAGE, HELD / 60) == []
    assert story.go_on(PAGE, 60) == [(BURNS_FASTER, PAGE)]


def test_clocks_set_back_do_not_silence_a_burn() -> None:
    story = Story()
    assert story.go_on(PAGE, 10, hit=True) == []
    story.at -= 86_400.0
    assert story.go_on(PAGE, 1) == [(BURNS, PAGE)]


def test_a_burn_that_is_there_before_its_incident_is_told_by_that_alone() -> None:
    story = Story()
    assert story.go_on(PAGE, 1) == []
    assert story.go_on(PAGE, 10, hit=True) == []
    short = Story()
    assert short.go_on(PAGE, 1) + short.go_on(None, 5) == []  # nor one that is over at once


PAYS = (labels(service="checkout", route="/checkout", method="POST"), "latency")
FAILS = (PAYS[0], "errors")
OTHER = (labels(service="payment", route="/payment", method="POST"), "errors")


@pytest.mark.parametrize(
    ("threshold", "symptoms", "hit"),
    [
        pytest.param(None, [FAILS], True, id="failures burn what counts failures"),
        pytest.param(None, [PAYS], False, id="slowness does not"),
        pytest.param(None, [PAYS, OTHER], False, id="nor failures elsewhere beside it"),
        pytest.param(None, [OTHER], True, id="failures elsewhere where nothing is seen of it"),
        pytest.param(None, [PAYS, FAILS], True, id="both"),
        pytest.param(Decimal("0.5"), [PAYS], True, id="slowness burns what counts slow ones"),
        pytest.param(Decimal("0.5"), [FAILS], False, id="failures do not"),
    ],
)
def test_an_objective_is_hit_by_symptoms_of_its_kind(
    threshold: Decimal | None, symptoms: list[tuple[Labels, str]], hit: bool
) -> None:
    slo = replace(SLO, indicator=Server(protocol=Protocol.HTTP, service="checkout", threshold=threshold))
    burning = replace(standing(PAGE, 1e9), slo=slo)
    assert bool(impacts([burning], ["checkout", "payment"], ["/checkout"], symptoms)) == hit
