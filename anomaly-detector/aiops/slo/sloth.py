"""Objectives of sloth (`prometheus/v1`, https://sloth.dev) as OpenSLO documents."""

from typing import Final

from aiops.model import Query, Ratio, Rolling, Slo
from aiops.slo import parts
from aiops.slo.fields import Fields, Mistake, Problem, documents
from aiops.slo.writing import Document, document

VERSION: Final = "prometheus/v1"
PERIOD: Final = Rolling(30 * 86_400, "30d")
"""What sloth computes for unless it is told otherwise on its command line."""


def convert(text: str, file: str) -> tuple[list[Document], list[Problem], list[str]]:
    """Turn a file of sloth into OpenSLO documents; what cannot be turned is a problem, what is left behind a note."""
    made: list[Document] = []
    problems: list[Problem] = []
    notes: list[str] = []
    try:
        for written in documents(text, file):
            written.need("version").choice(VERSION)
            service, labels = written.need("service").text(), _texts(written.get("labels"))
            slos = written.need("slos").items()
            written.end()
            for one in slos:
                try:
                    made.append(_slo(one, service, labels, notes))
                except Mistake as mistake:
                    problems.append(mistake.problem)
    except Mistake as mistake:
        problems.append(mistake.problem)
    return made, problems, notes


def _slo(fields: Fields, service: str, labels: dict[str, str], notes: list[str]) -> Document:
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
        sli.wrong("has only a ratio, which cannot be counted; write error_query and total_query under sli.events")
    queries = {key: sli.need(f"{key}_query").text().strip() for key in ("error", "total")}
    sli.end()
    runbook = _alerting(fields.get("alerting"), slug, labels, notes)
    fields.end()
    return document(
        Slo(
            name=slug,
            service=service,
            indicator=Ratio(Query(queries["total"]), bad=Query(queries["error"])),
            target=objective.number() / 100,
            period=PERIOD,
            place=fields.place,
            display_name=f"{service} {name.text()}",
            description="" if description is None else description.text(),
            labels=tuple(sorted(labels.items())),
            runbook=runbook,
        )
    )


def _alerting(fields: Fields | None, name: str, labels: dict[str, str], notes: list[str]) -> str:
    """Take over what alerts carry, and note what is not; returns the runbook's address."""
    if fields is None:
        return ""
    fields.get("name")
    labels |= _texts(fields.get("labels"))
    annotations = _texts(fields.get("annotations"))
    runbook = annotations.pop("runbook", "") or annotations.pop("runbook_url", "")
    notes += [f"{name}: the annotation {key} is left behind" for key in annotations]
    for which in ("page_alert", "ticket_alert"):
        if (alert := fields.get(which)) is not None:
            notes.append(f"{name}: what {which} says is left behind; severity and routing are by urgency here")
            alert.texts()
    fields.end()
    return runbook


def _texts(fields: Fields | None) -> dict[str, str]:
    return {} if fields is None else {key: value.text() for key, value in fields.texts()}
