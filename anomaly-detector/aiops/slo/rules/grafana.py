"""Objectives as rules that Grafana evaluates: what is left of a budget, and how long it lasts. Rules about Grafana
itself come with them: whether what it asks answers, and whether its alerts are taken.

How fast a budget burns is for Prometheus' rules alone: they page. These are about the state that a budget is in, as the
engine exposes it. The result is one file for Grafana's provisioning/alerting. Grafana expands $NAME in most places of
it, so templates say `.Labels` and `.Values`, never `$labels` and `$values`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiops.model import Calendar, Slo, Urgency, names
from aiops.slo.rules import prometheus as rules
from aiops.slo.rules import tiers
from aiops.slo.rules.links import Links, literal
from aiops.slo.rules.prometheus import Rule

LOW: Final = 0.25
"""Share of a budget below which little is left."""
SOON: Final = 3 * tiers.DAY
"""Seconds before it is spent from which on a budget is said to run out: these, or a tenth of a shorter period."""
ORGANISATION: Final = 1
FOLDER: Final = "AIOps alerts"
"""A folder of their own: that of the dashboards has a fixed uid, which a file of rules cannot give it."""
RECEIVER: Final = "aiops-alertmanager"
NOTIFIED: Final = {"receiver": RECEIVER, "group_wait": "10s", "group_interval": "1m", "repeat_interval": "2m"}
"""Alertmanager holds an alert to be over when it has not heard of it for five minutes: Grafana repeats it earlier."""
HELD: Final = "30m"
"""How long an alert outlasts its condition: a share that wavers about a bound tells once."""
QUIET: Final = ("OK", "KeepLast")
"""What is not there tells nobody, and an error changes nothing: others tell of that."""
LOUD: Final = ("Alerting", "Alerting")

_SHARE: Final = "{{ .Values.A.Value | humanizePercentage }}"
_TIME: Final = "{{ .Values.A.Value | humanizeDuration }}"


@dataclass(frozen=True, slots=True)
class _Check:
    """One thing that is looked at of every objective: an alert while `bound`, a comparison of Grafana's with its
    parameters, holds for `since` of the value of `expression`. `panel` shows it."""

    alert: str
    expression: str
    bound: tuple[str, float, *tuple[float, ...]]
    since: str
    panel: int
    summary: str


def provisioning(slos: Sequence[Slo], links: Links, known: Mapping[str, str]) -> tuple[Rule, dict[str, str]]:
    """The provisioning file, and the titles by uid of every rule ever made. `known` are those of the last time: what is
    in them and no longer made is deleted. Of a datasource without a uid there is no rule."""
    groups = [
        _group(f"slo-{slo.name}", (_about(slo, links, check) for check in _checks(slo)))
        for slo in sorted(slos, key=lambda one: one.name)
        if links.prometheus and Urgency.TICKET in slo.alerts
    ]
    groups.append(_group("grafana", _health(links)))
    made = {rule["uid"]: rule["title"] for group in groups for rule in group["rules"]}
    # Alertmanager alone knows who hears what; its address is the datasource's.
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
        names.SLO_BUDGET_LOW, _counted(slo, left), ("within_range", 0, LOW), "5m", names.PANEL_BUDGET, f"{name}: {low}"
    )
    yield _Check(names.SLO_BUDGET_SPENT, _counted(slo, left), ("lte", 0), "5m", names.PANEL_BUDGET, f"{name}: {spent}")
    if isinstance(slo.period, Calendar):
        metric, alert, bound = names.SLO_PROJECTED_LEFT, names.SLO_BUDGET_WILL_NOT_LAST, 0
        told = f"its error budget will not last to the end of the period ({_SHARE} would be left)"
    else:
        metric, alert, bound = names.SLO_EXHAUSTED_IN, names.SLO_BUDGET_RUNS_OUT, _soon(slo)
        told = f"its error budget is spent in {_TIME} if it goes on like this"
    # While a burn alert fires, that one tells.
    burns = f'alertname=~"{"|".join(names.BURN_ALERTS.values())}", alertstate="firing"'
    unspent = f"and on (slo, slo_group) ({left} > 0)"
    untold = f"unless on (slo, slo_group) ALERTS{rules.selector(slo, burns)}"
    forecast = "\n".join((_counted(slo, _gauge(slo, metric)), unspent, untold))
    yield _Check(alert, forecast, ("lt", bound), "30m", names.PANEL_EXHAUSTION, f"{name}: {told}")


def _soon(slo: Slo) -> int:
    return min(SOON, tiers.seconds(slo.period) // 10)


def _gauge(slo: Slo, metric: str) -> str:
    """Of several engines the one that sees the worst."""
    return f"min by ({', '.join(names.SLO_LABELS)}) ({metric}{rules.selector(slo)})"


def _counted(slo: Slo, expression: str) -> str:
    """An expression, where there were as many bad events as are asked for."""
    if not slo.min_bad_events:
        return expression
    bad = f"{names.SLO_BAD_EVENTS}{rules.selector(slo)}"
    return f"{expression}\nand on (slo, slo_group) ({bad} >= {slo.min_bad_events})"


def _about(slo: Slo, links: Links, check: _Check) -> Rule:
    """The rule of one check. Nobody is paged: a budget can be spent for weeks, and what burns it pages."""
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
    """Whether what Grafana asks answers it. The conditions of the first two never hold: an error tells."""
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
    """A rule without labels and annotations. Its title, unique in the folder, is what Alertmanager calls `alertname`;
    its uid is a hash of what it is about, the same whatever else changes."""
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
    """Over time, without exemplars: of TraceQL a rule understands nothing else."""
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
    """Labels in which Grafana expands nothing."""
    return {key: value.replace("$", "$$") for key, value in labels.items()}
