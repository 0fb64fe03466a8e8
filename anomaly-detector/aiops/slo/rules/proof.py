"""Unit tests for the rules of objectives, in the format of `promtool test rules`: each alert fires when it must, and
only then.

The expected alerts are computed exactly (see `simulation`). `rate` extrapolates and misses the first value of a series,
so each change of an alert is checked `SLACK` minutes before and after the exact time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

import numpy as np

from aiops.model import Indicator, Protocol, Query, Ratio, Server, Slo, Urgency, names
from aiops.model.arrays import Bools
from aiops.model.promql import label, quoted
from aiops.model.translation import MetricType, metric_name
from aiops.slo.rules import promql, tiers
from aiops.slo.rules.prometheus import BAD, BURN
from aiops.slo.rules.simulation import MINUTE, Phase, SimulatedCounters, firing, simulate_counters

SLACK: Final = 3
STEADY: Final = 360
"""Minutes of healthy traffic before the trouble starts: with less, tiers over hours would see no more than tiers over
one hour."""
BUSY: Final = 1000
"""Events per minute."""
SAMPLES: Final = 4
"""Samples per minute of each series."""
GROUP: Final = "one"

Test = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens to an objective. `restart` is the minute in which the counting process is replaced: its series has a
    new instance (`renamed`), or is the same and starts again from zero. `unborn`: bad events have no series before the
    first one."""

    name: str
    phases: tuple[Phase, ...]
    restart: int = 0
    renamed: bool = False
    unborn: bool = False


def scenarios(slo: Slo) -> list[Scenario]:
    """Return the scenarios: outage, recovery, errors, slow burn, idle, no error series yet, label change, reset."""
    steady, after = Phase(STEADY, BUSY), Phase(60, BUSY)
    # Not exactly the share that a slice may have: the result would depend on rounding.
    percent = 5 if slo.slices is None or slo.slices.target != Decimal("0.95") else 6
    first = max(1, round(BUSY * min(0.9, 2 * float(slo.allowed))))
    out = [
        Scenario("outage", (steady, Phase(40, BUSY, BUSY), after)),
        Scenario("recovery", (steady, Phase(10, BUSY, BUSY), Phase(400, BUSY))),
        Scenario(f"{percent} percent fail", (steady, Phase(120, BUSY, BUSY * percent // 100), after)),
        Scenario("slow burn", (_slow(slo), after)),
        Scenario("errors in the first minutes of all", (Phase(5, BUSY, first), after)),
        Scenario("idle", (steady, Phase(90, 0))),
        Scenario("no error series yet", (steady, Phase(40, BUSY, BUSY)), unborn=True),
        Scenario("nothing is bad", (steady,), unborn=True),
        Scenario("an instance is replaced", (steady, after), restart=STEADY, renamed=True),
        Scenario("a counter starts again", (steady, after), restart=STEADY),
    ]
    if slo.min_bad_events > 1 and slo.slices is None:
        few = slo.min_bad_events - 1
        out.append(Scenario("low traffic", (Phase(STEADY, 1), Phase(few, 1, 1), Phase(60, 1))))
    return out


def tests(slo: Slo, rule_file: str) -> Test:
    """Return the document that promtool runs, for an objective that is `provable`."""
    documents = [_test(slo, one) for one in scenarios(slo)]
    return {"rule_files": [rule_file], "evaluation_interval": f"{_minutes(slo)}m", "tests": documents}


def provable(slo: Slo) -> bool:
    """Whether series can be generated for an objective: its queries must name their metrics."""
    of = slo.indicator
    if isinstance(of, Ratio):
        return not any(one.promql for one in _queries(of))
    return isinstance(of, Server) and not of.native


def _queries(of: Indicator) -> list[Query]:
    found = (of.total, of.bad, of.good) if isinstance(of, Ratio) else ()
    return [one for one in found if one is not None]


def _slow(slo: Slo) -> Phase:
    """Return a burn that pages nobody, for as long as it takes until a ticket fires, plus an hour."""
    pages = [float(one.factor(slo.period)) for one in tiers.live(slo) if one.urgency == Urgency.PAGE]
    tickets = [one for one in tiers.live(slo) if one.urgency == Urgency.TICKET]
    burn = 0.9 * min(pages, default=10.0)
    seconds = min((float(one.factor(slo.period)) * one.long / burn for one in tickets), default=0.0)
    bad = max(1, round(BUSY * min(0.9, burn * float(slo.allowed))))
    return Phase(int(seconds) // MINUTE + 60, BUSY, bad)


def _test(slo: Slo, scenario: Scenario) -> Test:
    counts = simulate_counters(scenario.phases)
    asked = list(_asked(slo, scenario, counts))
    return {
        "name": f"{slo.name}: {scenario.name}",
        "interval": f"{60 // SAMPLES}s",
        "input_series": [{"series": name, "values": values} for name, values in _series(slo, scenario, counts)],
        "promql_expr_test": asked,
    }


def _asked(slo: Slo, scenario: Scenario, counts: SimulatedCounters) -> Iterator[Test]:
    last = (len(counts.events) - 1) // _minutes(slo) * _minutes(slo)
    of = f'slo="{slo.name}"'
    for urgency in Urgency:
        fires = firing(slo, counts, urgency)
        alert = f'count(ALERTS{{alertname="{names.BURN_ALERTS[urgency]}", {of}, alertstate="firing"}})'
        for minute in _checked(fires, _minutes(slo)):
            samples = [{"labels": "{}", "value": 1}] if fires[minute] else []
            yield {"expr": alert, "eval_time": f"{minute}m", "exp_samples": samples}
    # A burn rate of NaN would be neither above nor below any bound for the length of its window.
    for window in ("5m", "1h", "3d"):
        burn = f"{BURN}{window}{{{of}}}"
        yield {"expr": f"{burn} != {burn}", "eval_time": f"{last}m", "exp_samples": []}
    if scenario.unborn and not counts.bad[-1] and slo.slices is None:
        yield {"expr": f"sum({BAD}5m{{{of}}})", "eval_time": f"{last}m", "exp_samples": [{"labels": "{}", "value": 0}]}


def _checked(fires: Bools, every: int) -> list[int]:
    """Return the minutes of evaluations at which a state is certain: before and after each change, and at the end."""
    changes = np.flatnonzero(fires[1:] != fires[:-1]) + 1
    certain = np.arange(len(fires)) % every == 0
    for at in changes:
        certain[max(0, at - SLACK + 1) : at + SLACK] = False
    minutes = np.flatnonzero(certain)[1:]
    wanted = {int(one) for at in changes for one in (*minutes[minutes < at][-1:], *minutes[minutes > at][:1])}
    return sorted(wanted | {int(minutes[-1])})


def _minutes(slo: Slo) -> int:
    """Return the minutes between evaluations: promtool evaluates every group equally often, and slices must be
    evaluated once each."""
    return 1 if slo.slices is None else slo.slices.seconds // MINUTE


def _series(slo: Slo, scenario: Scenario, counts: SimulatedCounters) -> Iterator[tuple[str, str]]:
    """The series of a scenario in promtool's notation."""
    good = counts.events - counts.bad
    born = 0 if not scenario.unborn else int(np.argmax(counts.bad > 0)) if counts.bad[-1] else len(counts.bad)
    for name, labels, values, since in _parts(slo, counts, good, born):
        if not scenario.restart:
            yield _line(name, {**labels, "instance": "a"}, _values(values, since))
            continue
        first, second = values[: scenario.restart + 1], values[scenario.restart :] - values[scenario.restart]
        if scenario.renamed:
            yield _line(name, {**labels, "instance": "a"}, _values(first, since))
            yield _line(name, {**labels, "instance": "b"}, f"{_absent(scenario.restart)} {_values(second, 0)}")
        else:
            yield _line(name, {**labels, "instance": "a"}, f"{_values(first, since)} {_values(second, 0)}")


def _parts(slo: Slo, counts: SimulatedCounters, good: Any, born: int) -> Iterator[tuple[str, dict[str, str], Any, int]]:
    """Yield metric, labels, counter, and the minute in which the series begins."""
    of = slo.indicator
    said = {} if isinstance(of, Server) else {key: value for query in _queries(of) for key, value in query.where}
    split = {label(one): said.get(one, GROUP) for one in slo.group_by}
    if isinstance(of, Ratio):
        yield _metric(of.total), _where(of.total, split), counts.events, 0
        bad = of.bad is not None
        which = of.bad or of.good
        assert which is not None
        yield _metric(which), _where(which, split), counts.bad if bad else good, born if bad else 0
    elif isinstance(of, Server):
        yield from _server(of, split, counts, good, born)


def _server(
    of: Server, split: dict[str, str], counts: SimulatedCounters, good: Any, born: int
) -> Iterator[tuple[str, dict[str, str], Any, int]]:
    name, unit = promql.HISTOGRAMS[of.protocol][0]
    http = of.protocol == Protocol.HTTP
    route, method = ("http_route", "http_request_method") if http else ("rpc_service", "rpc_method")
    status, fine, failed = (
        ("http_response_status_code", "200", "503") if http else ("rpc_response_status_code", "OK", "INTERNAL")
    )
    asked = {"service_name": of.service, route: of.route or "/any", method: of.method or "ANY", **split}
    if of.threshold is None:
        yield f"{name}_count", {**asked, status: fine}, good, 0
        yield f"{name}_count", {**asked, status: failed}, counts.bad, born
        return
    bound = of.threshold / unit
    text = str(int(bound)) if bound == int(bound) else f"{bound.normalize():f}"
    for le, values in ((text, good), ("+Inf", counts.events)):
        yield f"{name}_bucket", {**asked, status: fine, "le": le}, values, 0
    yield f"{name}_count", {**asked, status: fine}, counts.events, 0


def _metric(query: Query) -> str:
    return metric_name(query.metric, query.unit, MetricType.COUNTER)


def _where(query: Query, split: dict[str, str]) -> dict[str, str]:
    return {**{label(key): value for key, value in query.where}, **split}


def _line(name: str, labels: dict[str, str], values: str) -> tuple[str, str]:
    of = ", ".join(f"{key}={quoted(value)}" for key, value in labels.items())
    return f"{name}{{{of}}}", values


def _absent(minutes: int) -> str:
    """Return missing samples before a minute; `_xN` stands for N + 1 of them."""
    return f"_x{SAMPLES * minutes - 1}"


def _values(counter: Any, since: int) -> str:
    """Write a counter that is known for each minute as `start+stepxTIMES …` with samples in between; no samples before
    `since`."""
    out = [_absent(since)] if since else []
    steps = np.diff(counter[since:])
    if not len(steps):
        return out[0]
    starts = [0, *(np.flatnonzero(steps[1:] != steps[:-1]) + 1).tolist(), len(steps)]
    for first, last in pairwise(starts):
        out.append(f"{counter[since + first]:g}+{steps[first] / SAMPLES:g}x{SAMPLES * (last - first) - 1}")
    return " ".join(out)
