"""Objectives as OpenSLO v1 documents: what `openslo.read` reads, in one form."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from aiops.model import (
    Adjustment,
    Calendar,
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
from aiops.slo.spec.indicators import METRIC, PROBE, PROMETHEUS
from aiops.slo.spec.openslo import OWN_VERSION, VERSION, Objectives
from aiops.slo.spec.parts import NO_ALERTS, OWN

Document = dict[str, Any]
"""Mappings, lists, texts, truths, and numbers as Decimal."""


def documents(found: Objectives) -> list[Document]:
    """Each objective as a document of its own, those of a journey in one, then what does not count.

    Reading them gives the same objectives, but for the places where they stand.
    """
    slos = {one.name: one for one in found.slos}
    journeys = [_journey(one, [(slos[name], weight) for name, weight in one.parts]) for one in found.journeys]
    parts = {name for one in found.journeys for name, _ in one.parts}
    single = [document(one) for one in found.slos if one.name not in parts]
    return [*single, *journeys, *(_adjustment(one) for one in found.adjustments)]


def document(slo: Slo) -> Document:
    """One objective."""
    spec = {**_about(slo.description, slo.service), "indicator": _indicator(slo.name, slo), **_when(slo)}
    return _slo(_metadata(slo.name, slo), {**spec, "objectives": [_objective(slo)]})


def _journey(journey: CompositeSlo, parts: Sequence[tuple[Slo, Decimal]]) -> Document:
    """Objectives that were written in one document share all but what each of them measures and promises."""
    first = parts[0][0]
    written = []
    for slo, weight in parts:
        suffix = slo.name.removeprefix(f"{journey.name}-")
        indicator = _indicator(suffix, slo)
        written.append({"displayName": suffix, "indicator": indicator, **_objective(slo), "compositeWeight": weight})
    spec = {**_about(journey.description, journey.service), **_when(first), "objectives": written}
    return _slo(_metadata(journey.name, first), spec)


def _slo(metadata: Document, spec: Document) -> Document:
    return {"apiVersion": VERSION, "kind": "SLO", "metadata": metadata, "spec": spec}


def _metadata(name: str, slo: Slo) -> Document:
    own = {
        "min-bad-events": str(slo.min_bad_events) if slo.min_bad_events else "",
        "missing-data": slo.missing.value if slo.missing != Missing.IGNORE else "",
        "runbook-url": slo.runbook,
        "alerts": "" if slo.alerts == tuple(Urgency) else ", ".join(slo.alerts) or NO_ALERTS,
    }
    notes = {**{OWN + key: value for key, value in own.items() if value}, **dict(slo.annotations)}
    return {"name": name, "displayName": slo.display_name, **_some(labels=dict(slo.labels), annotations=notes)}


def _about(description: str, service: str) -> Document:
    return {**_some(description=description), "service": service}


def _when(slo: Slo) -> Document:
    method = "Occurrences" if slo.slices is None else "Timeslices"
    return {"timeWindow": [_window(slo.period)], "budgetingMethod": method}


def _window(period: Period) -> Document:
    if isinstance(period, Calendar):
        start = period.start.isoformat(sep=" ")
        return {"duration": period.text, "calendar": {"startTime": start, "timeZone": period.zone}}
    return {"duration": period.text, "isRolling": True}


def _objective(slo: Slo) -> Document:
    out: Document = {"target": slo.target}
    if isinstance(slo.indicator, Threshold):
        out |= {"op": slo.indicator.op, "value": slo.indicator.bound}
    if slo.slices is not None:
        width = durations.prometheus(slo.slices.seconds)
        out |= {"timeSliceTarget": slo.slices.target, "timeSliceWindow": width}
    return out


def _indicator(name: str, slo: Slo) -> Document:
    return {"metadata": {"name": name}, "spec": _measured(slo.indicator, slo)}


def _measured(of: Indicator, slo: Slo) -> Document:
    if isinstance(of, Server):
        return {"ratioMetric": {"counter": True, "rawType": "success", "raw": _server(of, slo)}}
    if isinstance(of, Ratio):
        queries = (("good", of.good), ("bad", of.bad), ("total", of.total))
        asked = {key: _query(query, slo.group_by) for key, query in queries if query is not None}
        return {"ratioMetric": {"counter": True, **asked}}
    return {"thresholdMetric": _query(of.query, slo.group_by, PROBE if isinstance(of, Probe) else "")}


def _server(of: Server, slo: Slo) -> Document:
    spec = _some(
        service=of.service if of.service != slo.service else "",
        route=of.route,
        method=of.method,
        threshold="" if of.threshold is None else durations.exact(of.threshold),
        histogram="native" if of.native else "",
        groupBy=list(slo.group_by),
    )
    return _source(of.protocol.value, spec)


def _query(query: Query, group_by: Sequence[str], kind: str = "") -> Document:
    if query.promql:
        spec = _some(query=query.promql, groupBy=list(group_by))
        return _source(kind or PROMETHEUS, spec)
    spec = {"metric": query.metric, **_some(unit=query.unit, where=dict(query.where), groupBy=list(group_by))}
    return _source(kind or METRIC, spec)


def _source(kind: str, spec: Document) -> Document:
    return {"metricSource": {"type": kind, "spec": spec}}


def _adjustment(one: Adjustment) -> Document:
    spec = {
        "description": one.reason,
        **({"service": one.service} if one.service else {"slos": list(one.slos)}),
        "startTime": one.start.isoformat(sep=" "),
        "timeZone": one.zone,
        "duration": durations.prometheus(one.seconds),
        **_some(rrule=one.rrule),
    }
    return {"apiVersion": OWN_VERSION, "kind": "BudgetAdjustment", "metadata": {"name": one.name}, "spec": spec}


def _some(**fields: Any) -> Document:
    """Those that say anything."""
    return {key: value for key, value in fields.items() if value}
