"""Objectives as OpenSLO v1 documents in one normal form, which `openslo.read_objectives` reads."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from aiops.model import (
    Adjustment,
    CalendarPeriods,
    CompositeSlo,
    Indicator,
    Missing,
    Period,
    Probe,
    Query,
    Ratio,
    Server,
    Slo,
    Threshold,
    Urgency,
)
from aiops.slo.spec import durations
from aiops.slo.spec.indicators import METRIC_SOURCE, PROBE, PROMETHEUS
from aiops.slo.spec.openslo import OWN_VERSION, VERSION, Objectives
from aiops.slo.spec.parts import EXTENSION_PREFIX, NO_ALERTS

RuleDocument = dict[str, Any]
"""Mappings, lists, texts, booleans, and numbers as Decimal."""


def documents(found: Objectives) -> list[RuleDocument]:
    """Return one document for each objective, one for those of a composite objective together, then the adjustments.

    Reading them gives the same objectives, except for their places in files.
    """
    slos = {one.name: one for one in found.slos}
    composites = [_journey(one, [(slos[name], weight) for name, weight in one.parts]) for one in found.composites]
    parts = {name for one in found.composites for name, _ in one.parts}
    single = [rules_document(one) for one in found.slos if one.name not in parts]
    return [*single, *composites, *(_adjustment(one) for one in found.adjustments)]


def rules_document(slo: Slo) -> RuleDocument:
    """Return the document of one objective."""
    spec = {**_about(slo.description, slo.service), "indicator": _indicator(slo.name, slo), **_when(slo)}
    return _slo(_metadata(slo.name, slo), {**spec, "objectives": [_objective(slo)]})


def _journey(composite: CompositeSlo, parts: Sequence[tuple[Slo, Decimal]]) -> RuleDocument:
    """Return the document of a composite objective: its parts share everything except what each measures and
    promises."""
    first = parts[0][0]
    written = []
    for slo, weight in parts:
        suffix = slo.name.removeprefix(f"{composite.name}-")
        indicator = _indicator(suffix, slo)
        written.append({"displayName": suffix, "indicator": indicator, **_objective(slo), "compositeWeight": weight})
    spec = {**_about(composite.description, composite.service), **_when(first), "objectives": written}
    return _slo(_metadata(composite.name, first), spec)


def _slo(metadata: RuleDocument, spec: RuleDocument) -> RuleDocument:
    return {"apiVersion": VERSION, "kind": "SLO", "metadata": metadata, "spec": spec}


def _metadata(name: str, slo: Slo) -> RuleDocument:
    own = {
        "min-bad-events": str(slo.min_bad_events) if slo.min_bad_events else "",
        "missing-data": slo.missing.value if slo.missing != Missing.IGNORE else "",
        "runbook-url": slo.runbook,
        "alerts": "" if slo.alerts == tuple(Urgency) else ", ".join(slo.alerts) or NO_ALERTS,
    }
    notes = {**{EXTENSION_PREFIX + key: value for key, value in own.items() if value}, **dict(slo.annotations)}
    return {"name": name, "displayName": slo.display_name, **_some(labels=dict(slo.labels), annotations=notes)}


def _about(description: str, service: str) -> RuleDocument:
    return {**_some(description=description), "service": service}


def _when(slo: Slo) -> RuleDocument:
    method = "Occurrences" if slo.slices is None else "Timeslices"
    return {"timeWindow": [_window(slo.period)], "budgetingMethod": method}


def _window(period: Period) -> RuleDocument:
    if isinstance(period, CalendarPeriods):
        start = period.start.isoformat(sep=" ")
        return {"duration": period.text, "calendar": {"startTime": start, "timeZone": period.zone}}
    return {"duration": period.text, "isRolling": True}


def _objective(slo: Slo) -> RuleDocument:
    out: RuleDocument = {"target": slo.target}
    if isinstance(slo.indicator, Threshold):
        out |= {"op": slo.indicator.op, "value": slo.indicator.bound}
    if slo.slices is not None:
        width = durations.promql_duration(slo.slices.seconds)
        out |= {"timeSliceTarget": slo.slices.target, "timeSliceWindow": width}
    return out


def _indicator(name: str, slo: Slo) -> RuleDocument:
    return {"metadata": {"name": name}, "spec": _measured(slo.indicator, slo)}


def _measured(of: Indicator, slo: Slo) -> RuleDocument:
    if isinstance(of, Server):
        return {"ratioMetric": {"counter": True, "rawType": "success", "raw": _server(of, slo)}}
    if isinstance(of, Ratio):
        queries = (("good", of.good), ("bad", of.bad), ("total", of.total))
        asked = {key: _query(query, slo.group_by) for key, query in queries if query is not None}
        return {"ratioMetric": {"counter": True, **asked}}
    return {"thresholdMetric": _query(of.query, slo.group_by, PROBE if isinstance(of, Probe) else "")}


def _server(of: Server, slo: Slo) -> RuleDocument:
    spec = _some(
        service=of.service if of.service != slo.service else "",
        route=of.route,
        method=of.method,
        threshold="" if of.threshold is None else durations.exact(of.threshold),
        histogram="native" if of.native else "",
        groupBy=list(slo.group_by),
    )
    return _source(of.protocol.value, spec)


def _query(query: Query, group_by: Sequence[str], kind: str = "") -> RuleDocument:
    if query.promql:
        spec = _some(query=query.promql, groupBy=list(group_by))
        return _source(kind or PROMETHEUS, spec)
    spec = {"metric": query.metric, **_some(unit=query.unit, where=dict(query.where), groupBy=list(group_by))}
    return _source(kind or METRIC_SOURCE, spec)


def _source(kind: str, spec: RuleDocument) -> RuleDocument:
    return {"metricSource": {"type": kind, "spec": spec}}


def _adjustment(one: Adjustment) -> RuleDocument:
    spec = {
        "description": one.reason,
        **({"service": one.service} if one.service else {"slos": list(one.slos)}),
        "startTime": one.start.isoformat(sep=" "),
        "timeZone": one.zone,
        "duration": durations.promql_duration(one.seconds),
        **_some(rrule=one.rrule),
    }
    return {"apiVersion": OWN_VERSION, "kind": "BudgetAdjustment", "metadata": {"name": one.name}, "spec": spec}


def _some(**fields: Any) -> RuleDocument:
    """Return only the fields that have a value."""
    return {key: value for key, value in fields.items() if value}
