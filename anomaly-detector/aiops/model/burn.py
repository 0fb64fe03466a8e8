"""The record of a burn of an objective's budget, with a life of its own."""

from dataclasses import dataclass

from aiops.model.incident import FirstFailingSpan
from aiops.model.series import Labels
from aiops.model.slo import Urgency

BURNS, BURNS_FASTER, BURNS_NO_MORE = BURN_TRANSITIONS = ("burns", "burns_faster", "burns_no_more")


HELD = 1800.0
"""The longest short window of a page: as long after its end an outage may still burn."""


@dataclass(frozen=True, slots=True)
class Burn:
    """The record of one burn of one objective's group, from the first moment an urgency had it until none has.

    `burn_rate` and `urgency` are the highest it had, `budget_left` is as it was last seen. `incident` is the id of an
    incident whose impact it is, "" while there is none: then nothing else tells of it, and it is `told` by itself.
    `covered_at` is when such an incident was open last: for HELD seconds after it the burn dies away, untold.
    `highest_at` is when it was as urgent as that last, with no such incident: so again HELD seconds later, it is news.
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
    """What happened to a record that people are to be told of; `transition` is one of BURN_TRANSITIONS."""

    transition: str
    burn: Burn
    at: float
