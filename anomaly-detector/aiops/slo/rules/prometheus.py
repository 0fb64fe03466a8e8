"""Objectives as Prometheus rules: events recorded, burn rates, one alert for each urgency.

What is recorded is bad and all events, never their ratio: a mean of ratios counts an idle minute as much as a busy
one. Windows up to six hours rate the counters themselves; longer ones sum up what was recorded over five minutes. Of
the time before anything was recorded nothing bad is known: it counts as traffic like the rest, so that one error in the
first minute of a new Prometheus is no tenth of a month's budget.

What is recorded carries labels that may change, such as the service that an objective is about. It is read by the
objective's name and its groups alone: of two that there are for a moment, as after a restart, the larger, and of a
stretch of time what was recorded under the old labels and the new ones together.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from aiops.model import Missing, Slo, Urgency, names
from aiops.model.promql import label, quoted
from aiops.slo.rules import promql, tiers
from aiops.slo.rules.links import Links, literal
from aiops.slo.rules.tiers import Tier
from aiops.slo.spec import durations

RAW: Final = 6 * tiers.HOUR
"""Longest window that is read from the counters themselves."""
BASE: Final = 5 * 60
"""Window of the rates that longer windows are made of."""
EVENTS: Final = "slo:events:rate"
BAD: Final = "slo:bad_events:rate"
BURN: Final = "slo:burn_rate:ratio_rate"
SLICE: Final = "slo:bad_slice:bool"
SPLIT: Final = "slo_by"
"""Label of what is recorded: the labels that an objective is split by, where it is."""
INTERVAL: Final = 60
"""Seconds between evaluations: known, so that what was recorded can be summed up to counts."""
ABSENT_FOR: Final = 30 * 60
SEVERITY: Final = {Urgency.PAGE: "critical", Urgency.TICKET: "warning"}

Rule = dict[str, Any]


def groups(slos: Sequence[Slo], links: Links) -> list[Rule]:
    """Rule groups of each objective, by name: a mistake in one leaves the others evaluated. Slices of time are judged
    in a group of their own, once a slice."""
    return [group for slo in sorted(slos, key=lambda one: one.name) for group in _groups(slo, links)]


def selector(slo: Slo, *matchers: str) -> str:
    return "{" + ", ".join((f"slo={quoted(slo.name)}", *matchers)) + "}"


def recorded(slo: Slo, record: str, window: int) -> str:
    """The last of what was recorded for a window (seconds), by group."""
    return f"max{promql.by_groups(slo)}({record}{durations.prometheus(window)}{selector(slo)})"


def burning(slo: Slo, tier: Tier) -> str:
    """The condition of one tier: both windows burn faster than its factor, with as many bad events as are asked for."""
    factor = tiers.plain(tier.factor(slo.period))
    conditions = [f"{recorded(slo, BURN, window)} > {factor}" for window in (tier.long, tier.short)]
    if slo.min_bad_events:
        counted = f"{recorded(slo, BAD, tier.long)} * {tier.long}"
        conditions.append(f"{counted} >= {slo.min_bad_events}")
    return "\nand ".join(conditions)


def told(slo: Slo, links: Links) -> dict[str, str]:
    """Labels by which an alert of an objective finds whom it is for."""
    said = {**{label(key): value for key, value in slo.labels}, **links.labels, **_labels(slo)}
    return {key: literal(value) for key, value in said.items()}


def annotations(slo: Slo, links: Links, alert: str, summary: str) -> dict[str, str]:
    """What an alert says; the summary is a template, all else stands as it is."""
    out = {"description": slo.description, "runbook_url": slo.runbook or f"{links.runbooks}/{alert}.md"}
    said = {key: literal(value) for key, value in (out | links.of(slo)).items() if value}
    return {"summary": summary, **said}


def _groups(slo: Slo, links: Links) -> Iterator[Rule]:
    if slo.slices is not None:
        rule = {"record": SLICE, "expr": _slice(slo), "labels": _written(slo)}
        interval = durations.prometheus(slo.slices.seconds)
        yield {"name": f"slices-{slo.name}", "interval": interval, "rules": [rule]}
    interval = durations.prometheus(INTERVAL)
    yield {"name": f"slo-{slo.name}", "interval": interval, "rules": [*_recorded(slo), *_alerts(slo, links)]}


def _labels(slo: Slo) -> dict[str, str]:
    """What every series of an objective carries, but for labels that it is split by."""
    own = {"slo": slo.name, "service_name": slo.service}
    split = {label(one) for one in slo.group_by}
    return {key: value for key, value in own.items() if key not in split}


def _written(slo: Slo) -> dict[str, str]:
    """What is recorded carries besides how an objective is split: series of another split are not summed with it."""
    return {**_labels(slo), **({SPLIT: promql.grouping(slo)} if slo.group_by else {})}


def _history(slo: Slo, record: str, window: int) -> str:
    """All that was recorded in a window (seconds)."""
    split = f"{SPLIT}={quoted(promql.grouping(slo))}"
    return f"{record}{selector(slo, split)}[{durations.prometheus(window)}]"


def _recorded(slo: Slo) -> Iterator[Rule]:
    labels = _written(slo)
    for window in tiers.WINDOWS:
        text = durations.prometheus(window)
        events = recorded(slo, EVENTS, window)
        for record, expression in zip((EVENTS, BAD), _rates(slo, window, events), strict=True):
            yield {"record": record + text, "expr": expression, "labels": labels}
        allowed = f"{slo.allowed.normalize():f}"
        ratio = f"{recorded(slo, BAD, window)} / ({events} > 0) / {allowed}"
        yield {"record": BURN + text, "expr": ratio, "labels": labels}


def _rates(slo: Slo, window: int, events: str) -> tuple[str, str]:
    """All and bad events a second; `events` is the first of them as it was recorded."""
    by = promql.by_groups(slo)
    if slo.slices is not None:
        width = max(window, slo.slices.seconds)
        over = _history(slo, SLICE, width)
        known = f"(sum{by}(count_over_time({over})) > bool 0) / {slo.slices.seconds}"
        return known, f"sum{by}(sum_over_time({over})) / {width}"
    if window > RAW:
        base = durations.prometheus(BASE)
        every, wrong = (_history(slo, record + base, window) for record in (EVENTS, BAD))
        mean = f"sum{by}(sum_over_time({every})) / sum{by}(count_over_time({every}))"
        return mean, f"sum{by}(sum_over_time({wrong})) * {INTERVAL} / {window}"
    on = f"on ({promql.grouping(slo)})"
    # Zero while nothing is bad: errors have no series before the first.
    return promql.total(slo, window), f"({promql.bad(slo, window, events)})\nor {on} 0 * {events}"


def _slice(slo: Slo) -> str:
    """Whether the slice that ends now is bad: 1 or 0, absent without data unless that is bad as well."""
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
        "expr": f"absent({EVENTS}{durations.prometheus(BASE)}{selector(slo)})",
        "for": durations.prometheus(ABSENT_FOR),
        "labels": {**told(slo, links), "severity": "warning"},
        "annotations": annotations(
            slo, links, names.SLO_NO_DATA, f"{literal(slo.display_name)}: nothing is counted for 30 minutes"
        ),
    }


def _group_label(slo: Slo) -> dict[str, str]:
    """Which part of an objective an alert is about, in one label: a page silences the ticket of the same part."""
    parts = " ".join(f"{{{{ $labels.{label(one)} }}}}" for one in sorted(slo.group_by))
    return {"slo_group": parts} if parts else {}


def _summary(slo: Slo) -> str:
    split = "".join(f" {{{{ $labels.{label(one)} }}}}" for one in slo.group_by)
    rate = '{{ $value | printf "%.1f" }}'
    return f"{literal(slo.display_name)}{split} spends its error budget {rate} times as fast as allowed"
