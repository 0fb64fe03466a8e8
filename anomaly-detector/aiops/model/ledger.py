"""What is kept of objectives: hours of counts, and the records of burns."""

from dataclasses import dataclass

from aiops.model.burn import Burn, BurnEvent
from aiops.model.series import Labels


@dataclass(frozen=True, slots=True)
class LedgerKey:
    """A budget: its objective's name, a word for which events that counts, and the group."""

    slo: str
    sli: str
    group: Labels


@dataclass(frozen=True, slots=True)
class LedgerHour:
    """What an hour counted. `hour` is its end (Unix seconds / 3600); `bad` of `events` (slices of time, where the
    objective counts those) were bad. It was looked at for `watched` seconds, and data were there for `covered`."""

    key: LedgerKey
    hour: int
    events: float
    bad: float
    watched: float
    covered: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a cycle adds: counts of the steps up to `at` (Unix seconds), records of burns, what to tell of them.
    `back_to` is the time that clocks were set back to: what is counted from there on is new, whatever is saved."""

    at: float
    hours: tuple[LedgerHour, ...] = ()
    burns: tuple[Burn, ...] = ()
    events: tuple[BurnEvent, ...] = ()
    back_to: float | None = None
