"""Selectors of the queries of an objective that match nothing in Prometheus, and why: without a match for bad events,
an objective would never see any."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aiops.model import Query, Ratio, Server, Slo, names
from aiops.model.promql import quoted
from aiops.slo import Note
from aiops.slo.rules import promql, tiers
from aiops.slo.spec import durations, expressions
from aiops.slo.spec.indicators import windows
from aiops.sources.prometheus.client import PrometheusClient

DAY: Final = durations.promql_duration(tiers.DAY)
SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class _Part:
    """Selectors of which one must match. `needed`: without a match the numbers are wrong, not only small."""

    selectors: list[str]
    needed: bool


def unmatched(api: PrometheusClient, slo: Slo, at: float) -> Iterator[Note]:
    """Yield notes on what an objective queries but the last day before a time (Unix seconds) does not have. Raises
    SourceError."""
    for side, part in _parts(slo):
        if any(_counted(api, one, at) for one in part.selectors):
            continue
        for selector in part.selectors:
            why, never = _why(api, selector, at)
            if side == "failed" and not never:
                continue  # without errors there is no series of them
            hope = "" if part.needed or never else "; has that never happened, or is it called otherwise?"
            yield Note(slo, f"nothing matches {selector} of the {side} events: {why}{hope}", part.needed or never)


def _parts(slo: Slo) -> Iterator[tuple[str, _Part]]:
    of = slo.indicator
    if isinstance(of, Ratio):
        for side, query in (("total", of.total), ("bad", of.bad), ("good", of.good)):
            if query is not None:
                yield from ((side, part) for part in _of_query(slo, query, side))
    elif isinstance(of, Server) and of.threshold is None and not of.native:
        for text in promql.failed(slo, tiers.DAY):
            yield "failed", _Part(expressions.selectors(text), needed=False)


def _of_query(slo: Slo, query: Query, side: str) -> Iterator[_Part]:
    if query.metric:
        yield _Part(expressions.selectors(promql.rated(query, slo, tiers.DAY)), side == "good")
    for term in query.terms:
        alone = len(query.terms) == 1 and side != "bad"
        yield _Part(expressions.selectors(windows(term.text, DAY)), term.factor < 0 or alone or side == "good")


def _why(api: PrometheusClient, selector: str, at: float) -> tuple[str, bool]:
    """Return why a selector matches nothing, and whether it never can."""
    name, matchers = expressions.matchers(selector)
    for label, written in matchers:
        others = [text for _, text in matchers if text != written]
        found = api.instant(f"count by ({label}) (last_over_time({_series(name, others)}[{DAY}]))", at)
        values = sorted({one.labels.get(label, "") for one in found} - {""})
        if found and not values:
            return f"the others match, but no such series has the label {label}", True
        if found:
            shown = ", ".join(values[:SHOWN]) + (", …" if len(values) > SHOWN else "")
            # All buckets exist from the first request on.
            return f"the others match, but there {label} is {shown}", label == names.LE
    if name and not _counted(api, _series(name, []), at):
        return f"there is no {name}{_hint(api, name, at)}", False
    return "no series fits all of it", False


def _hint(api: PrometheusClient, name: str, at: float) -> str:
    """Return metrics with similar names."""
    begun = quoted(f"{name.partition('_')[0]}_.*")
    known = [one.labels[names.NAME] for one in api.instant(f"count by (__name__) ({{__name__=~{begun}}})", at)]
    close = difflib.get_close_matches(name, known, 3)
    return f", but {', '.join(close)}" if close else ""


def _counted(api: PrometheusClient, selector: str, at: float) -> bool:
    return bool(api.instant(f"count(last_over_time({selector}[{DAY}]))", at))


def _series(name: str, matchers: list[str]) -> str:
    named = [f"__name__={quoted(name)}"] if name else []
    return f"{{{', '.join([*named, *matchers])}}}"
