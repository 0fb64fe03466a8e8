"""Objectives as Prometheus rules: recorded events, burn rates, and one alert for each urgency.

Bad events and all events are recorded, never their ratio: a mean of ratios would count an idle minute as much as a busy
one. Windows up to six hours rate the counters themselves; longer windows sum up what was recorded over five minutes.
Time before the first recording counts as traffic at the same rate without errors, so that one error in the first minute
of a new Prometheus is no tenth of a month's budget.

Recorded series carry labels that may change, such as the service of an objective. They are read by the objective's name
and its groups alone. Where two exist for a moment, as after a restart, the larger counts; over a stretch of time,
series under old and new labels count together.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from aiops.model import Missing, Slo, Urgency, names
from aiops.model.promql import label, quoted
from aiops.slo.rules import promql, tiers
from aiops.slo.rules.links import Links, literal
from aiops.slo.rules.tiers import AlertTier
from aiops.slo.spec import durations

RAW: Final = 6 * tiers.HOUR
"""The longest window that is read from the counters themselves, seconds."""
BASE: Final = 5 * 60
"""The window of the rates that longer windows are summed from, seconds."""
EVENTS: Final = "slo:events:rate"
BAD: Final = "slo:bad_events:rate"
BURN: Final = "slo:burn_rate:ratio_rate"
SLICE: Final = "slo:bad_slice:bool"
SPLIT: Final = "slo_by"
"""Label of recorded series with the names of the labels that the objective is split by."""
INTERVAL: Final = 60
"""Seconds between evaluations: fixed, so that recorded rates can be summed up to counts."""
ABSENT_FOR: Final = 30 * 60
SEVERITY: Final = {Urgency.PAGE: "critical", Urgency.TICKET: "warning"}

Rule = dict[str, Any]


def groups(slos: Sequence[Slo], links: Links) -> list[Rule]:
    """Return the rule groups of each objective, by name: a mistake in one leaves the others working. Slices of time are
    judged in a separate group, once per slice."""
    return [group for slo in sorted(slos, key=lambda one: one.name) for group in _groups(slo, links)]


def selector(slo: Slo, *matchers: str) -> str:
    """Return a PromQL selector for the recorded series of an objective, with further matchers."""
    return "{" + ", ".join((f"slo={quoted(slo.name)}", *matchers)) + "}"


def recorded(slo: Slo, record: str, window: int) -> str:
    """Return PromQL for the last recorded value of a window (seconds), by group."""
    return f"max{promql.by_groups(slo)}({record}{durations.promql_duration(window)}{selector(slo)})"


def burning(slo: Slo, tier: AlertTier) -> str:
    """Return the condition of one tier: both windows burn faster than its factor, with at least the required bad
    events."""
    factor = tiers.plain_number(tier.factor(slo.period))
    conditions = [f"{recorded(slo, BURN, window)} > {factor}" for window in (tier.long, tier.short)]
    if slo.min_bad_events:
        counted = f"{recorded(slo, BAD, tier.long)} * {tier.long}"
        conditions.append(f"{counted} >= {slo.min_bad_events}")
    return "\nand ".join(conditions)


def told(slo: Slo, links: Links) -> dict[str, str]:
    """Return the labels by which an alert of an objective is routed to its receivers."""
    said = {**{label(key): value for key, value in slo.labels}, **links.labels, **_labels(slo)}
    return {key: literal(value) for key, value in said.items()}


def annotations(slo: Slo, links: Links, alert: str, summary: str) -> dict[str, str]:
    """Return the annotations of an alert; the summary is a template, everything else is literal text."""
    out = {"description": slo.description, "runbook_url": slo.runbook or f"{links.runbooks}/{alert}.md"}
    said = {key: literal(value) for key, value in (out | links.of(slo)).items() if value}
    return {"summary": summary, **said}


def _groups(slo: Slo, links: Links) -> Iterator[Rule]:
    if slo.slices is not None:
        rule = {"record": SLICE, "expr": _slice(slo), "labels": _written(slo)}
        interval = durations.promql_duration(slo.slices.seconds)
        yield {"name": f"slices-{slo.name}", "interval": interval, "rules": [rule]}
    interval = durations.promql_duration(INTERVAL)
    yield {"name": f"slo-{slo.name}", "interval": interval, "rules": [*_recorded(slo), *_alerts(slo, links)]}


def _labels(slo: Slo) -> dict[str, str]:
    """Return the labels of every recorded series of an objective, except those that it is split by."""
    own = {"slo": slo.name, "service_name": slo.service}
    split = {label(one) for one in slo.group_by}
    return {key: value for key, value in own.items() if key not in split}


def _written(slo: Slo) -> dict[str, str]:
    """Return the labels of recorded series, including how the objective is split: series of another split are not
    summed with them."""
    return {**_labels(slo), **({SPLIT: promql.grouping(slo)} if slo.group_by else {})}


def _history(slo: Slo, record: str, window: int) -> str:
    """Return PromQL for everything that was recorded in a window (seconds)."""
    split = f"{SPLIT}={quoted(promql.grouping(slo))}"
    return f"{record}{selector(slo, split)}[{durations.promql_duration(window)}]"


def _recorded(slo: Slo) -> Iterator[Rule]:
    labels = _written(slo)
    for window in tiers.WINDOWS:
        text = durations.promql_duration(window)
        events = recorded(slo, EVENTS, window)
        for record, expression in zip((EVENTS, BAD), _rates(slo, window, events), strict=True):
            yield {"record": record + text, "expr": expression, "labels": labels}
        allowed = f"{slo.allowed.normalize():f}"
        ratio = f"{recorded(slo, BAD, window)} / ({events} > 0) / {allowed}"
        yield {"record": BURN + text, "expr": ratio, "labels": labels}


def _rates(slo: Slo, window: int, events: str) -> tuple[str, str]:
    """Return all and bad events per second; `events` is the recorded name of the former."""
    by = promql.by_groups(slo)
    if slo.slices is not None:
        width = max(window, slo.slices.seconds)
        over = _history(slo, SLICE, width)
        known = f"(sum{by}(count_over_time({over})) > bool 0) / {slo.slices.seconds}"
        return known, f"sum{by}(sum_over_time({over})) / {width}"
    if window > RAW:
        base = durations.promql_duration(BASE)
        every, wrong = (_history(slo, record + base, window) for record in (EVENTS, BAD))
        mean = f"sum{by}(sum_over_time({every})) / sum{by}(count_over_time({every}))"
        return mean, f"sum{by}(sum_over_time({wrong})) * {INTERVAL} / {window}"
    on = f"on ({promql.grouping(slo)})"
    # Zero while nothing is bad: there is no series of errors before the first error.
    return promql.total(slo, window), f"({promql.bad(slo, window, events)})\nor {on} 0 * {events}"


def _slice(slo: Slo) -> str:
    """Return PromQL for whether the slice that ends now is bad: 1 or 0; absent without data, unless missing data are
    bad."""
    assert slo.slices is not None
    width, on = slo.slices.seconds, f"on ({promql.grouping(slo)})"
    events = f"({promql.total(slo, width)})"
    bad = f"(({promql.bad(slo, width, events)}) or {on} 0 * {events})"
    text = f"1 - {bad} / {on} ({events} > 0) < bool {slo.slices.target}"
    return f"({text})\nor on () vector(1)" if slo.missing == Missing.BAD and not slo.group_by else text


def _alerts(slo: Slo, links: Links) -> Iterator[Rule]:
    for urgency in Urgency:
        found = [tier for tier in tiers.live(slo) if tier.urgency == urgency]
        if found:
            expression = "\nor\n".join(f"({burning(slo, tier)})" for tier in found)
            yield {
                "alert": names.BURN_ALERTS[urgency],
                "expr": expression,
                "labels": {**told(slo, links), **_group_label(slo), "severity": SEVERITY[urgency]},
                "annotations": annotations(slo, links, names.BURN_ALERTS[urgency], _summary(slo)),
            }
    if not slo.alerts:
        return
    yield {
        "alert": names.SLO_NO_DATA,
        "expr": f"absent({EVENTS}{durations.promql_duration(BASE)}{selector(slo)})",
        "for": durations.promql_duration(ABSENT_FOR),
        "labels": {**told(slo, links), "severity": "warning"},
        "annotations": annotations(
            slo, links, names.SLO_NO_DATA, f"{literal(slo.display_name)}: nothing is counted for 30 minutes"
        ),
    }


def _group_label(slo: Slo) -> dict[str, str]:
    """Return one label with the group that an alert is about, so that a page silences the ticket of the same group."""
    parts = " ".join(f"{{{{ $labels.{label(one)} }}}}" for one in sorted(slo.group_by))
    return {"slo_group": parts} if parts else {}


def _summary(slo: Slo) -> str:
    split = "".join(f" {{{{ $labels.{label(one)} }}}}" for one in slo.group_by)
    rate = '{{ $value | printf "%.1f" }}'
    return f"{literal(slo.display_name)}{split} spends its error budget {rate} times as fast as allowed"
