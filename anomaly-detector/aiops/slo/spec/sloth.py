"""Objectives of sloth (https://sloth.dev) converted to OpenSLO documents: its files, and its Kubernetes resources."""

from dataclasses import dataclass
from typing import Final

from aiops.model import Query, Ratio, Rolling, Slo, Urgency
from aiops.slo.rules.writing import RuleDocument, rules_document
from aiops.slo.spec import parts
from aiops.slo.spec.fields import Fields, Mistake, Problem, documents

VERSION: Final = "prometheus/v1"
KUBERNETES: Final = "sloth.slok.dev/v1"
KIND: Final = "PrometheusServiceLevel"
PERIOD: Final = Rolling(30 * 86_400, "30d")
"""The period that sloth uses unless its command line sets another."""


@dataclass(frozen=True, slots=True)
class _Words:
    """The names of the fields in one of sloth's two formats, which differ in spelling only."""

    error: str
    total: str
    alerts: dict[Urgency, str]


_FILE: Final = _Words("error_query", "total_query", {Urgency.PAGE: "page_alert", Urgency.TICKET: "ticket_alert"})
_RESOURCE: Final = _Words("errorQuery", "totalQuery", {Urgency.PAGE: "pageAlert", Urgency.TICKET: "ticketAlert"})


def convert(text: str, file: str) -> tuple[list[RuleDocument], list[Problem], list[str]]:
    """Convert a file of sloth to OpenSLO documents. What cannot be converted is a problem; what is left out is a
    note."""
    made: list[RuleDocument] = []
    problems: list[Problem] = []
    notes: list[str] = []
    try:
        for written in documents(text, file):
            try:
                spec, words = _opened(written)
                service, labels = spec.need("service").text(), _texts(spec.get("labels"))
                slos = spec.need("slos").items()
                spec.end()
            except Mistake as mistake:
                problems.append(mistake.problem)
                continue
            for one in slos:
                try:
                    made.append(_slo(one, service, labels, words, notes))
                except Mistake as mistake:
                    problems.append(mistake.problem)
    except Mistake as mistake:
        problems.append(mistake.problem)
    return made, problems, notes


def _opened(written: Fields) -> tuple[Fields, _Words]:
    """Return where the objectives of a document are, and the names of their fields."""
    version = written.get("apiVersion")
    if version is None:
        written.need("version").choice(VERSION)
        return written, _FILE
    version.choice(KUBERNETES)
    written.need("kind").choice(KIND)
    for one in ("metadata", "status"):
        written.get(one)  # about the resource, not the objectives
    spec = written.need("spec")
    written.end()
    return spec, _RESOURCE


def _slo(fields: Fields, service: str, labels: dict[str, str], words: _Words, notes: list[str]) -> RuleDocument:
    name, objective = fields.need("name"), fields.need("objective")
    slug = parts.slug(f"{service}-{name.text()}")
    if not slug or len(slug) > 63:
        name.wrong(f"makes the name {slug!r}, which must have 1 to 63 characters")
    if not 0 < objective.number() < 100:
        objective.wrong(f"is {objective.text()}, but must lie between 0 and 100, both excluded")
    description = fields.get("description")
    labels = {**labels, **_texts(fields.get("labels"))}
    kind, sli = fields.need("sli").one_of("events", "raw", "plugin")
    if kind != "events":
        sli.wrong(f"has only a ratio, which cannot be counted; write {words.error} and {words.total} under sli.events")
    error, total = (sli.need(key).text().strip() for key in (words.error, words.total))
    sli.end()
    runbook, alerts = _alerting(fields.get("alerting"), slug, labels, words, notes)
    fields.end()
    return rules_document(
        Slo(
            name=slug,
            service=service,
            indicator=Ratio(Query(total), bad=Query(error)),
            target=objective.number() / 100,
            period=PERIOD,
            place=fields.place,
            display_name=f"{service} {name.text()}",
            description="" if description is None else description.text(),
            labels=tuple(sorted(labels.items())),
            runbook=runbook,
            alerts=alerts,
        )
    )


def _alerting(
    fields: Fields | None, name: str, labels: dict[str, str], words: _Words, notes: list[str]
) -> tuple[str, tuple[Urgency, ...]]:
    """Take over the settings of alerts, and note what is left out; returns the runbook's address, and which alerts are
    on."""
    if fields is None:
        return "", tuple(Urgency)
    fields.get("name")
    labels |= _texts(fields.get("labels"))
    annotations = _texts(fields.get("annotations"))
    runbook = annotations.pop("runbook", "") or annotations.pop("runbook_url", "")
    notes += [f"{name}: the annotation {key} is left behind" for key in annotations]
    on = []
    for urgency, key in words.alerts.items():
        alert = fields.get(key)
        off = alert.get("disable") if alert is not None else None
        if off is None or not off.true():
            on.append(urgency)
        if alert is not None and any(one != "disable" for one, _ in alert.texts()):
            notes.append(f"{name}: what {key} says is left behind; severity and routing are by urgency here")
    fields.end()
    return runbook, tuple(on)


def _texts(fields: Fields | None) -> dict[str, str]:
    return {} if fields is None else {key: value.text() for key, value in fields.texts()}
