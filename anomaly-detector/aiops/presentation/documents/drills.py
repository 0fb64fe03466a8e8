"""Drills: faults caused on purpose, and whether they were found."""

from pydantic import Field

from aiops.model import Drill as Stored
from aiops.model import iso
from aiops.presentation.documents.base import Document, Time


class Drill(Document):
    """A drill: what was expected, and what became of it."""

    id: str
    name: str
    service: str = Field(description="the service that the incident must blame")
    kind: str | None = Field(description="the kind of cause that it must have; null: any")
    within_seconds: float
    lasts_seconds: float
    who: str
    started_at: Time
    ended_at: Time | None = Field(description="when the fault was taken back; null: not yet")
    result: str = Field(description="running, found, late, missed, failed or skipped")
    incident: str | None
    detected_at: Time | None
    took_seconds: float | None = Field(description="from the beginning until the incident was found")
    text: str | None = Field(description="why it was missed, failed or skipped")


class Drills(Document):
    drills: list[Drill]


def drill_document(one: Stored) -> Drill:
    """Return a drill as a document."""
    return Drill(
        id=one.id,
        name=one.name,
        service=one.service,
        kind=one.kind or None,
        within_seconds=one.within,
        lasts_seconds=one.lasts,
        who=one.who,
        started_at=iso(one.started),
        ended_at=None if one.ended is None else iso(one.ended),
        result=str(one.result),
        incident=one.incident or None,
        detected_at=None if one.detected is None else iso(one.detected),
        took_seconds=one.took,
        text=one.text or None,
    )
