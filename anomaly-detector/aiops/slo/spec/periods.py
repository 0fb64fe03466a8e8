"""When a period of an objective begins and ends, and which time in it does not count."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

from aiops.model import Adjustment, CalendarPeriods, Period, Rolling, Slo, Window


def period_at(period: Period, at: float) -> Window:
    """Return the period that contains a time (Unix seconds): up to that time for a rolling period, the whole period for
    a calendar period.

    Calendar periods begin at the same local time each, so that a change of clocks changes their length.
    """
    if isinstance(period, Rolling):
        return Window(at - period.seconds, at)
    nominal = period.months * 30 * 86_400 + period.days * 86_400
    number = int((at - _starts(period, 0)) // nominal)
    while _starts(period, number) > at:
        number -= 1
    while _starts(period, number + 1) <= at:
        number += 1
    return Window(_starts(period, number), _starts(period, number + 1))


def excluded(slo: Slo, adjustments: Sequence[Adjustment], window: Window) -> list[Window]:
    """Return the stretches of a window that do not count for an objective, in order, without overlaps."""
    mine = [one for one in adjustments if slo.name in one.slos or one.service == slo.service]
    out: list[Window] = []
    for stretch in sorted((one for each in mine for one in _occurrences(each, window)), key=lambda one: one.start):
        if out and stretch.start <= out[-1].end:
            out[-1] = Window(out[-1].start, max(out[-1].end, stretch.end))
        else:
            out.append(stretch)
    return out


def _starts(period: CalendarPeriods, number: int) -> float:
    local = period.start + relativedelta(months=number * period.months, days=number * period.days)
    return local.replace(tzinfo=ZoneInfo(period.zone)).timestamp()


def _occurrences(one: Adjustment, window: Window) -> Iterator[Window]:
    """Yield the stretches of an adjustment inside a window, cut to it. The rule repeats local times, as people mean
    it."""
    zone = ZoneInfo(one.zone)
    if one.rrule:
        # A day more on each side: local time may differ from UTC by up to that much.
        first, last = (_local(time, zone) for time in (window.start - one.seconds - 86_400, window.end + 86_400))
        starts = rrulestr(one.rrule, dtstart=one.start).between(first, last, inc=True)
    else:
        starts = [one.start]
    for local in starts:
        begins = local.replace(tzinfo=zone).timestamp()
        start, end = max(begins, window.start), min(begins + one.seconds, window.end)
        if start < end:
            yield Window(start, end)


def _local(time: float, zone: ZoneInfo) -> datetime:
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=time)).astimezone(zone).replace(tzinfo=None)
