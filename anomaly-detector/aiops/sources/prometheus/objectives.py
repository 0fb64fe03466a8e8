"""What Prometheus stores of the events that objectives count, checked before the objectives are used."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Final

from aiops.model import Server, Slo
from aiops.model.promql import any_of, quoted
from aiops.slo import Note
from aiops.slo.rules import promql, tiers
from aiops.slo.rules.prometheus import BASE
from aiops.slo.spec import durations
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.selections import unmatched

DAY: Final = tiers.DAY
# The hint by whether an objective uses native histograms, when the requests are stored in the other form.
_OTHER: Final = {
    False: "nothing was counted in the last day: its requests are kept as native histograms; say `histogram: native`",
    True: "nothing was counted in the last day: its requests are kept as classic histograms; leave `histogram` out",
}
MISSED: Final = 0.1
"""The share of time without data from which on it is reported."""


def check_objectives(api: PrometheusClient, slos: Sequence[Slo], at: float) -> list[Note]:
    """Return notes on objectives that count nothing or only at times, that query what matches nothing, that have a
    budget of less than one event, or a threshold that no bucket has, by the last day before a time (Unix seconds).
    Raises SourceError."""
    return [note for slo in slos for note in _notes(api, slo, at)]


def _notes(api: PrometheusClient, slo: Slo, at: float) -> Iterator[Note]:
    found = api.instant(f"sum({promql.total(slo, DAY)})", at)
    of = slo.indicator
    if not found and isinstance(of, Server):
        other = replace(slo, indicator=replace(of, native=not of.native))
        if api.instant(f"sum({promql.total(other, DAY)})", at):
            yield Note(slo, _OTHER[of.native], True)
            return
    yield from unmatched(api, slo, at)
    if not found:
        yield Note(slo, "nothing was counted in the last day; is it the right service, route, method or metric?", True)
        return
    events = found[0].value * tiers.seconds(slo.period)
    budget = float(slo.allowed) * events
    if slo.slices is None and budget < 1:
        text = f"{events:.0f} events in {slo.period.text} leave a budget of {budget:.2g}: one bad event breaks it"
        yield Note(slo, text)
    missed = _missed(api, slo, at)
    if missed > MISSED:
        text = f"there was nothing to count for {missed:.0%} of the time; burn over days takes that for traffic like"
        yield Note(slo, f"{text} the rest, and reads too low: count series that are there while nothing happens")
    if isinstance(of, Server) and of.threshold is not None and not of.native:
        bounds = _bounds(api, of, at)
        if bounds and of.threshold not in bounds:
            shown = ", ".join(f"{tiers.plain_number(one)}s" for one in bounds)
            yield Note(slo, f"no bucket ends at {tiers.plain_number(of.threshold)} s; there are {shown}", True)


def _missed(api: PrometheusClient, slo: Slo, at: float) -> float:
    """Return for which share of the last day, since its first events, there was nothing to count."""
    if slo.slices is not None:
        return 0.0
    over = f"(sum({promql.total(slo, BASE)}))[1d:{durations.promql_duration(BASE)}]"
    seen = api.instant(f"count_over_time({over})", at)
    first = api.instant(f"min_over_time(timestamp{over})", at)
    if not seen or not first:
        return 0.0
    steps = (at // BASE * BASE - first[0].value) / BASE + 1
    return max(0.0, 1 - seen[0].value / steps)


def _bounds(api: PrometheusClient, of: Server, at: float) -> list[Decimal]:
    """Return the upper bounds of a service's buckets, seconds."""
    units = dict(promql.HISTOGRAMS[of.protocol])
    name = any_of([f"{one}_bucket" for one in units])
    which = f"{{__name__=~{name}, service_name={quoted(of.service)}}}"
    out: set[Decimal] = set()
    for point in api.instant(f"count by (__name__, le) (last_over_time({which}[1d]))", at):
        unit = units[point.labels["__name__"].removesuffix("_bucket")]
        try:
            bound = Decimal(point.labels.get("le", ""))
        except InvalidOperation:
            continue
        if bound.is_finite():
            out.add((bound * unit).normalize())
    return sorted(out)
