"""Objectives as rules that Grafana evaluates: what is left of a budget, and how long it lasts. Rules about Grafana
itself come with them: whether its datasources answer, and whether its alerts are delivered.

How fast a budget burns is alerted by Prometheus' rules alone: they page. The rules here are about the state of a
budget, as the engine exposes it. The result is one file for Grafana's provisioning/alerting. Grafana expands $NAME in
most places of it, so templates use `.Labels` and `.Values`, never `$labels` and `$values`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiops.model import CalendarPeriods, Slo, Urgency, names
from aiops.slo.rules import prometheus as rules
from aiops.slo.rules import tiers
from aiops.slo.rules.links import Links, literal
from aiops.slo.rules.prometheus import Rule

LOW: Final = 0.25
"""The share of a budget below which little is left."""
SOON: Final = 3 * tiers.DAY
"""A budget that will be spent within so many seconds is said to run out: this, or a tenth of a shorter period."""
ORGANISATION: Final = 1
FOLDER: Final = "AIOps alerts"
"""A separate folder: the folder of the dashboards has a fixed uid, which a file of rules cannot set."""
RECEIVER: Final = "aiops-alertmanager"
NOTIFIED: Final = {"receiver": RECEIVER, "group_wait": "10s", "group_interval": "1m", "repeat_interval": "2m"}
"""Alertmanager treats an alert as over when it has not heard of it for five minutes: Grafana repeats it earlier."""
HELD: Final = "30m"
"""How long an alert outlasts its condition, so that a share that wavers around a bound alerts once."""
QUIET: Final = ("OK", "KeepLast")
"""Missing data raise no alert, and an error changes nothing: other rules report these."""
LOUD: Final = ("Alerting", "Alerting")

_SHARE: Final = "{{ .Values.A.Value | humanizePercentage }}"
_TIME: Final = "{{ .Values.A.Value | humanizeDuration }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """One check of every objective: it alerts while the value of `expression` meets `bound` (a comparison of Grafana
    with its parameters) for `since`. `panel` shows the value."""

    alert: str
    expression: str
    bound: tuple[str, float, *tuple[float, ...]]
    since: str
    panel: int
    summary: str


def provisioning(slos: Sequence[Slo], links: Links, known: Mapping[str, str]) -> tuple[Rule, dict[str, str]]:
    """Return the provisioning file, and the titles by uid of every rule ever made. `known` are those of the last time:
    rules that are no longer made are deleted. Rules on a datasource without a uid are left out."""
    groups = [
        _group(f"slo-{slo.name}", (_about(slo, links, check) for check in _checks(slo)))
        for slo in sorted(slos, key=lambda one: one.name)
        if links.prometheus and Urgency.TICKET in slo.alerts
    ]
    groups.append(_group("grafana", _health(links)))
    made = {rule["uid"]: rule["title"] for group in groups for rule in group["rules"]}
    # Only Alertmanager decides who is notified; its address is that of the datasource.
    receiver = {"uid": RECEIVER, "type": "prometheus-alertmanager", "settings": {"url": "${ALERTMANAGER_URL}"}}
    point = {"orgId": ORGANISATION, "name": RECEIVER, "receivers": [receiver]}
    document: Rule = {"apiVersion": 1, "contactPoints": [point], "groups": groups}
    if gone := sorted(known.keys() - made.keys()):
        document["deleteRules"] = [{"orgId": ORGANISATION, "uid": uid} for uid in gone]
    return document, {**known, **made}


def _group(name: str, made: Iterator[Rule]) -> Rule:
    return {"orgId": ORGANISATION, "name": name, "folder": FOLDER, "interval": "1m", "rules": list(made)}


def _checks(slo: Slo) -> Iterator[_Check]:
    name = literal(slo.display_name) + (" {{ .Labels.slo_group }}" if slo.group_by else "")
    left = _gauge(slo, names.SLO_BUDGET_LEFT)
    low, spent = f"{_SHARE} of its error budget is left", f"its error budget is spent ({_SHARE} left)"
    yield _Check(
        alert=names.SLO_BUDGET_LOW,
        expression=_counted(slo, left),
        bound=("within_range", 0, LOW),
        since="5m",
        panel=names.PANEL_BUDGET,
        summary=f"{name}: {low}",
    )
    yield _Check(
        alert=names.SLO_BUDGET_SPENT,
        expression=_counted(slo, left),
        bound=("lte", 0),
        since="5m",
        panel=names.PANEL_BUDGET,
        summary=f"{name}: {spent}",
    )
    if isinstance(slo.period, CalendarPeriods):
        metric, alert, bound = names.SLO_PROJECTED_LEFT, names.SLO_BUDGET_WILL_NOT_LAST, 0
        told = f"its error budget will not last to the end of the period ({_SHARE} would be left)"
    else:
        metric, alert, bound = names.SLO_EXHAUSTED_IN, names.SLO_BUDGET_RUNS_OUT, _soon(slo)
        told = f"its error budget is spent in {_TIME} if it goes on like this"
    # While a burn alert fires, it is enough.
    burns = f'alertname=~"{"|".join(names.BURN_ALERTS.values())}", alertstate="firing"'
    unspent = f"and on (slo, slo_group) ({left} > 0)"
    untold = f"unless on (slo, slo_group) ALERTS{rules.selector(slo, burns)}"
    forecast = "\n".join((_counted(slo, _gauge(slo, metric)), unspent, untold))
    yield _Check(
        alert=alert,
        expression=forecast,
        bound=("lt", bound),
        since="30m",
        panel=names.PANEL_EXHAUSTION,
        summary=f"{name}: {told}",
    )


def _soon(slo: Slo) -> int:
    return min(SOON, tiers.seconds(slo.period) // 10)


def _gauge(slo: Slo, metric: str) -> str:
    """Return the worst value where several engines expose it."""
    return f"min by ({', '.join(names.SLO_LABELS)}) ({metric}{rules.selector(slo)})"


def _counted(slo: Slo, expression: str) -> str:
    """Return an expression that is limited to objectives with at least the required bad events."""
    if not slo.min_bad_events:
        return expression
    bad = f"{names.SLO_BAD_EVENTS}{rules.selector(slo)}"
    return f"{expression}\nand on (slo, slo_group) ({bad} >= {slo.min_bad_events})"


def _about(slo: Slo, links: Links, check: _Check) -> Rule:
    """Return the rule of one check. It pages nobody: a budget can be spent for weeks, and the burn itself pages."""
    made = _rule(
        check.alert, slo.name, [_instant(links, check.expression), _threshold("A", *check.bound)], QUIET, check.since
    )
    made["keepFiringFor"] = HELD
    made["labels"] = _literal({**rules.told(slo, links), "severity": "warning"})
    made["annotations"] = rules.annotations(slo, links, check.alert, check.summary)
    if links.dashboards:
        made |= {"dashboardUid": names.DASHBOARD_SLO, "panelId": check.panel}
        made["annotations"] |= {"__dashboardUid__": names.DASHBOARD_SLO, "__panelId__": str(check.panel)}
    return made


def _health(links: Links) -> Iterator[Rule]:
    """Yield rules on whether the datasources of Grafana answer. The conditions of the first two never hold: an error of
    the query alerts."""
    works = [_instant(links, "vector(1)"), _threshold("A", "lt", 1)]
    spans = [_traces(links, "{} | rate() with (exemplars=false)"), _reduced("A"), _threshold("B", "lt", 0)]
    unanswered = (
        (links.prometheus, "Prometheus", works, LOUD, "critical"),
        (links.tempo, "Tempo", spans, ("OK", "Alerting"), "warning"),
    )
    for uid, of, data, states, severity in unanswered:
        if uid:
            yield _own(links, names.DATASOURCE_FAILING, of, data, states, severity, f"{of} does not answer Grafana")
    if not links.prometheus:
        return
    # A counter has no series before its first failure.
    failed = "grafana_alerting_notifications_failed_total"
    born = f"({failed} unless {failed} offset 10m) and on (job, instance) up offset 10m == 1"
    lost = [_instant(links, f"sum(increase({failed}[10m])) > 0\nor sum({born}) > 0"), _threshold("A", "gt", 0)]
    yield _own(
        links, names.NOTIFICATIONS_FAILING, "Alertmanager", lost, QUIET, "critical", "Grafana's alerts are not taken"
    )


def _own(
    links: Links, alert: str, of: str, data: list[Rule], states: tuple[str, str], severity: str, summary: str
) -> Rule:
    made = _rule(alert, of, data, states, "2m")
    said = {key: literal(value) for key, value in links.labels.items()}
    made["labels"] = _literal({**said, "team": "platform", "severity": severity})
    made["annotations"] = {"summary": summary, "runbook_url": f"{links.runbooks}/{alert}.md"}
    return made


def _rule(alert: str, of: str, data: list[Rule], states: tuple[str, str], since: str) -> Rule:
    """Return a rule without labels and annotations. Its title, unique in the folder, becomes `alertname` in
    Alertmanager; its uid is a hash of its subject and stays the same whatever else changes."""
    digest = hashlib.sha256(f"{alert}\n{of}".encode()).hexdigest()
    return {
        "uid": f"aiops-{digest[:24]}",
        "title": f"{alert} {of}",
        "condition": data[-1]["refId"],
        "data": data,
        "noDataState": states[0],
        "execErrState": states[1],
        "for": since,
        "notification_settings": dict(NOTIFIED),
    }


def _instant(links: Links, expression: str) -> Rule:
    model = {"expr": expression, "instant": True, "range": False, "editorMode": "code"}
    return _query("A", links.prometheus, "prometheus", model, 600)


def _traces(links: Links, query: str) -> Rule:
    """Query TraceQL as a time series without exemplars: a rule can read nothing else of TraceQL."""
    model = {"query": query, "queryType": "traceql", "metricsQueryType": "range"}
    return {"queryType": "traceql", **_query("A", links.tempo, "tempo", model, 600)}


def _reduced(what: str) -> Rule:
    model = {"type": "reduce", "expression": what, "reducer": "last", "settings": {"mode": "dropNN"}}
    return _query("B", "__expr__", "__expr__", model, 0)


def _threshold(what: str, comparison: str, *parameters: float) -> Rule:
    conditions = [{"evaluator": {"type": comparison, "params": list(parameters)}}]
    return _query("C", "__expr__", "__expr__", {"type": "threshold", "expression": what, "conditions": conditions}, 0)


def _query(name: str, uid: str, kind: str, model: dict[str, Any], since: int) -> Rule:
    return {
        "refId": name,
        "datasourceUid": uid,
        "relativeTimeRange": {"from": since, "to": 0},
        "model": {"refId": name, "datasource": {"type": kind, "uid": uid}, **model},
    }


def _literal(labels: Mapping[str, str]) -> dict[str, str]:
    """Return labels in which Grafana expands nothing."""
    return {key: value.replace("$", "$$") for key, value in labels.items()}
