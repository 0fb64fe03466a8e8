"""What an incident does to an objective."""

from dataclasses import dataclass

from aiops.model.series import Labels
from aiops.model.slo import Urgency


@dataclass(frozen=True, slots=True)
class Impact:
    """An objective that burns while an incident lasts: how fast of late, what is left of its budget (a share), and in
    how many seconds that is gone at this rate (None: it is not)."""

    slo: str
    group: Labels
    urgency: Urgency | None
    burn_rate: float
    budget_left: float
    exhausted_in: float | None
