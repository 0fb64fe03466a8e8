"""Objectives in words, and their groups and requests in query strings: the same on pages, in reports and in the API."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from aiops.model import CalendarPeriods, CountedRequests, Labels, Period, Rolling, Server, Slo
from aiops.presentation.numbers import span_of_time
from aiops.presentation.trace_search import BadParameter

_CALENDAR: Final = {(1, 0): "month", (3, 0): "quarter", (12, 0): "year", (0, 1): "day", (0, 7): "week"}
_SLICES: Final = {60: "minutes", 3600: "hours", 86_400: "days"}


def good_share(ratio: float, target: Decimal) -> str:
    """Write a share with more digits than its target has, never rounded up: a missed target must not look met."""
    digits = max(2, -(1 - target).adjusted())
    exact = Decimal(str(round(ratio, 12)))  # 0.995 as a float is a little less
    return f"{(exact * 100).quantize(Decimal(1).scaleb(-digits), ROUND_FLOOR)}%"


def period_words(period: Period) -> str:
    """Write a period: `30 days`, `a calendar month`."""
    if isinstance(period, Rolling):
        days, rest = divmod(period.seconds, 86_400)
        return span_of_time(period.seconds) if rest or not days else "1 day" if days == 1 else f"{days} days"
    return f"a calendar {_CALENDAR[key]}" if (key := (period.months, period.days)) in _CALENDAR else _parts(period)


def _parts(period: CalendarPeriods) -> str:
    parts = ((period.months, "months"), (period.days, "days"))
    return " and ".join(f"{count} {unit}" for count, unit in parts if count)


def slices_words(slo: Slo) -> str:
    """Write what an objective counts: `requests`, `minutes`, `intervals of 5 min`; `events` where these are no
    requests."""
    if slo.slices is None:
        return "requests" if isinstance(slo.indicator, Server) else "events"
    return _SLICES.get(slo.slices.seconds, f"intervals of {span_of_time(slo.slices.seconds)}")


def promise(slo: Slo) -> str:
    """Write what an objective promises: `99.5% of requests in 30 days`."""
    return f"{(100 * slo.target).normalize():f}% of {slices_words(slo)} in {period_words(slo.period)}"


def group_parameters(group: Labels) -> list[str]:
    """Return the values of the parameter `group` that name a group."""
    return [f"{key}={value}" for key, value in group]


def read_group(said: Sequence[str]) -> Labels | None:
    """Read the values of the parameter `group`, None without any. Raises BadParameter."""
    found: dict[str, str] = {}
    for one in said:
        key, equals, value = one.partition("=")
        if not key or not equals:
            raise BadParameter("group", f"must be name=value, such as http.route=/pay, not {one[:80]!r}")
        if key in found:
            raise BadParameter("group", f"names {key[:80]!r} twice")
        found[key] = value
    return tuple(sorted(found.items())) if found else None


def trace_search(of: CountedRequests) -> dict[str, list[str]]:
    """Return the parameters of a search for the traces of the bad requests, without their time."""
    operation = f"{of.method} {of.route}" if of.method and of.route else of.route
    bad = {"status": ["failed"]}
    if of.threshold is not None:
        bad = {"min": [f"{of.threshold:.6f}".rstrip("0").rstrip(".") + "s"]}
    only = {"attribute": [f"http.request.method={of.method}"]} if of.method and not of.route else {}
    return {"service": [of.service], **({"route": [operation]} if operation else {}), **bad, **only}
