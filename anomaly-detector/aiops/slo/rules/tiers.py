"""Burn-rate tiers: how fast a budget must burn, over which two windows, and with which urgency that is alerted.

Source: The Site Reliability Workbook, chapter 5 ("Alerting on SLOs"), multiwindow, multi-burn-rate alerts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from aiops.model import CalendarPeriods, Period, Slo, Urgency
from aiops.slo.spec import durations

HOUR: Final = 3600
DAY: Final = 24 * HOUR
MONTH: Final = 30 * DAY
"""The length of a calendar month where a fixed length is needed, seconds."""


@dataclass(frozen=True, slots=True)
class AlertTier:
    """Alert with this urgency when `share` of the budget burns within `long` seconds, and it still burns over `short`
    seconds."""

    urgency: Urgency
    share: Decimal
    long: int
    short: int

    def factor(self, period: Period) -> Decimal:
        """Return the burn rate that spends the share within the long window: share x period / long."""
        return self.share * seconds(period) / self.long


TIERS: Final = (
    AlertTier(Urgency.PAGE, Decimal("0.02"), HOUR, 5 * 60),
    AlertTier(Urgency.PAGE, Decimal("0.05"), 6 * HOUR, 30 * 60),
    AlertTier(Urgency.TICKET, Decimal("0.1"), DAY, 2 * HOUR),
    AlertTier(Urgency.TICKET, Decimal("0.1"), 3 * DAY, 6 * HOUR),
)
WINDOWS: Final = tuple(sorted({length for tier in TIERS for length in (tier.long, tier.short)}))
"""Every window of a burn rate, seconds."""


def seconds(period: Period) -> int:
    """Return the length of a period; a calendar month counts as 30 days."""
    if isinstance(period, CalendarPeriods):
        return period.months * MONTH + period.days * DAY
    return period.seconds


def live(slo: Slo) -> Iterator[AlertTier]:
    """Yield the tiers that are wanted, that can fire, and that never fire while the target is met."""
    return (tier for tier in TIERS if tier.urgency in slo.alerts and not dead(slo, tier))


def dead(slo: Slo, tier: AlertTier) -> str:
    """Return why a tier is left out for an objective; "" if it is not."""
    factor, name = tier.factor(slo.period), f"the {tier.urgency} tier over {durations.promql_duration(tier.long)}"
    if factor < 1:
        return (
            f"{name} would fire at {plain_number(factor)} times the allowed burn, while the promise is kept: left out"
        )
    if factor * slo.allowed >= 1:
        most = plain_number(1 - 1 / factor)
        need = f"{name} needs {plain_number(factor)} times the allowed errors, more than there can be"
        return f"{need}: left out (targets above {most} have it)"
    return ""


def plain_number(value: Decimal) -> str:
    """Write a number without an exponent, with at most six decimals and no trailing zeros."""
    text = f"{value.quantize(Decimal('0.000001')):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
