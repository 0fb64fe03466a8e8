"""Which traces to read for a finding."""

from dataclasses import replace
from typing import Final

from aiops.explain.tree import CALLING, SERVING, Tree
from aiops.model import (
    Family,
    Finding,
    Population,
    PopulationKind,
    Span,
    Trace,
    Window,
    judged_service,
    names,
    value_of,
)

BAD_SECONDS = 600.0
GOOD_SECONDS = 900.0
LIMIT: Final = 60
"""Traces of each population, unless it is set (docs/explanation.md, How many traces)."""


def populations(finding: Finding, step: float, limit: int = LIMIT) -> tuple[Population, Population] | None:
    """The bad and the good population of a finding; None where traces cannot tell (a silent service has none).

    Bad ones from the onset on, good ones, fast and slow, from before it, with a guard gap of two steps between, so that
    a late detection does not teach that the trouble is normal (docs/methods.md, Good traces from before).
    """
    if finding.family not in (Family.ERRORS, Family.LATENCY):
        return None
    service = judged_service(finding.series)
    since = finding.onset - step
    bad = Window(since, max(since, min(finding.at, since + BAD_SECONDS)))
    good = Window(since - 2 * step - GOOD_SECONDS, since - 2 * step)
    threshold = 0.0
    if finding.family == Family.LATENCY:
        threshold = (finding.expected * max(finding.observed, finding.expected)) ** 0.5
    route, method = value_of(finding.series, names.ROUTE), value_of(finding.series, names.METHOD)
    callee = value_of(finding.series, names.CALLEE)
    kind = PopulationKind.FAILED if finding.family == Family.ERRORS else PopulationKind.SLOW
    return (
        Population(
            service=service,
            window=bad,
            kind=kind,
            route=route,
            method=method,
            callee=callee,
            threshold=threshold,
            limit=limit,
        ),
        Population(
            service=service,
            window=good,
            kind=PopulationKind.GOOD,
            route=route,
            method=method,
            callee=callee,
            limit=limit,
        ),
    )


def beside(bad: Population) -> Population | None:
    """Any requests of the time of slow ones: how common these are, and what the others take."""
    if bad.kind != PopulationKind.SLOW:
        return None
    return replace(bad, kind=PopulationKind.GOOD, threshold=0.0)


def earlier(bad: Population, seconds: float, step: float, kind: PopulationKind = PopulationKind.ANY) -> Population:
    """Requests like these from `seconds` before their window, with a guard gap of two steps between."""
    until = bad.window.start - 2 * step
    return replace(bad, window=Window(until - seconds, until), kind=kind)


def begins(trace: Trace) -> Span | None:
    """The request with which a trace begins: the served one that no other served one is above, the first of these; None
    where no service serves one."""
    tree = Tree.of(trace)
    served = [one for one in trace.spans if one.kind in SERVING]
    first = [one for one in served if not any(above.kind in SERVING for above in tree.ancestors(one))]
    return min(first or served, key=lambda one: (one.start, one.span_id), default=None)


def is_entry(population: Population, span: Span, answered: str) -> bool:
    """Whether the population was drawn by a span like this; `answered` is the service on the other side of a call."""
    if span.service != population.service or (population.method and span.method not in ("", population.method)):
        return False
    if population.callee:
        return span.kind in CALLING and (population.callee == answered or span.calls(population.callee))
    return span.kind not in CALLING and span.goes_by(population.route)
