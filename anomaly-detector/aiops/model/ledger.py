"""What is stored of objectives: counts by hour, and the records of burns."""

from dataclasses import dataclass

from aiops.model.burn import Burn, BurnEvent
from aiops.model.series import Labels


@dataclass(frozen=True, slots=True)
class LedgerKey:
    """The key of a budget: the objective's name, a word for the events that it counts, and the group."""

    slo: str
    sli: str
    group: Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHour:
    """The counts of one hour. `hour` is its end (Unix seconds / 3600). `bad` of `events` were bad; both count slices of
    time where the objective counts slices. The engine was watching for `watched` seconds, and there were data for
    `covered` seconds."""

    key: LedgerKey
    hour: int
    events: float
    bad: float
    watched: float
    covered: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """What one cycle adds: counts of the steps up to `at` (Unix seconds), burn records, and events to notify people of.
    `back_to` is the time that clocks were set back to: counts after it are new, whatever is already saved."""

    at: float
    hours: tuple[LedgerHour, ...] = ()
    burns: tuple[Burn, ...] = ()
    events: tuple[BurnEvent, ...] = ()
    back_to: float | None = None
