"""The impact of an incident on an objective."""

from dataclasses import dataclass

from aiops.model.series import Labels
from aiops.model.slo import Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """An objective whose budget burns while an incident lasts: its recent burn rate, the share of the budget that is
    left, and in how many seconds the budget is spent at this rate (None: it is not running out)."""

    slo: str
    group: Labels
    urgency: Urgency | None
    burn_rate: float
    budget_left: float
    exhausted_in: float | None
