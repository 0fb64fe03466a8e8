"""The record of one burn of an objective's error budget, which begins and ends on its own."""

from dataclasses import dataclass

from aiops.model.incident import FirstFailingSpan
from aiops.model.series import Labels
from aiops.model.slo import Urgency

BURNS, BURNS_FASTER, BURNS_NO_MORE = BURN_TRANSITIONS = ("burns", "burns_faster", "burns_no_more")


HELD = 1800.0
"""Seconds: the longest short window of a page. After an outage its burn rate may stay high for this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """The record of one burn of one group of an objective: from the first moment it has an urgency until it has none.

    `burn_rate` and `urgency` are the highest values so far, `budget_left` is the latest. `incident` is the id of an
    incident that lists this burn as its impact; "" where there is none, and then the burn is announced by itself
    (`told`). `covered_at` is when such an incident was last open. For HELD seconds after it the burn is not announced,
    because it is only fading. `highest_at` is when the burn last had its highest urgency without such an incident. If
    it reaches that urgency again more than HELD seconds later, that is announced again.
    """

    key: str
    slo: str
    display_name: str
    service: str
    group: Labels
    urgency: Urgency
    since: float
    last_seen: float
    burn_rate: float
    budget_left: float
    exhausted_in: float | None = None
    until: float | None = None
    incident: str = ""
    covered_at: float | None = None
    told: bool = False
    highest_at: float | None = None
    first_failing_span: FirstFailingSpan | None = None
    trace_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BurnEvent:
    """A change of a burn record that people are notified of; `transition` is one of BURN_TRANSITIONS."""

    transition: str
    burn: Burn
    at: float
