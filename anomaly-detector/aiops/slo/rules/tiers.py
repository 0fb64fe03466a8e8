"""Burn-rate tiers: how fast a budget must burn, over which two windows, for whom to be told.

Source: The Site Reliability Workbook, chapter 5 ("Alerting on SLOs"), multiwindow, multi-burn-rate alerts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from aiops.model import Calendar, Period, Slo, Urgency
from aiops.slo.spec import durations

HOUR: Final = 3600
DAY: Final = 24 * HOUR
MONTH: Final = 30 * DAY
"""What a calendar month counts for where a fixed length is needed."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Tell with this urgency when `share` of the budget burns within `long` seconds and burns still, over `short`."""

    urgency: Urgency
    share: Decimal
    long: int
    short: int

    def factor(self, period: Period) -> Decimal:
        """The burn rate that spends the share within the long window: share x period / long."""
        return self.share * seconds(period) / self.long


TIERS: Final = (
    Tier(Urgency.PAGE, Decimal("0.02"), HOUR, 5 * 60),
    Tier(Urgency.PAGE, Decimal("0.05"), 6 * HOUR, 30 * 60),
    Tier(Urgency.TICKET, Decimal("0.1"), DAY, 2 * HOUR),
    Tier(Urgency.TICKET, Decimal("0.1"), 3 * DAY, 6 * HOUR),
)
WINDOWS: Final = tuple(sorted({length for tier in TIERS for length in (tier.long, tier.short)}))
"""Every window that a burn rate is taken over, seconds."""


def seconds(period: Period) -> int:
    """How long a period is; a calendar month counts for 30 days."""
    if isinstance(period, Calendar):
        return period.months * MONTH + period.days * DAY
    return period.seconds


def live(slo: Slo) -> Iterator[Tier]:
    """The tiers that are wanted, can fire, and never fire while the promise is kept."""
    return (tier for tier in TIERS if tier.urgency in slo.alerts and not dead(slo, tier))


def dead(slo: Slo, tier: Tier) -> str:
    """Why a tier is left out for an objective; empty if it is not."""
    factor, name = tier.factor(slo.period), f"the {tier.urgency} tier over {durations.prometheus(tier.long)}"
    if factor < 1:
        return f"{name} would fire at {plain(factor)} times the allowed burn, while the promise is kept: left out"
    if factor * slo.allowed >= 1:
        most = plain(1 - 1 / factor)
        need = f"{name} needs {plain(factor)} times the allowed errors, more than there can be"
        return f"{need}: left out (targets above {most} have it)"
    return ""


def plain(value: Decimal) -> str:
    """A number without an exponent, with at most six digits after the point and no zeros at its end."""
    text = f"{value.quantize(Decimal('0.000001')):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
