"""Lists of incidents: which rows of the table a filter keeps, by its columns alone."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from aiops.model import Incident, IncidentFilter, IncidentState
from aiops.store import tables

ACTIVE = "active"
UNKNOWN_KIND = "unknown"


def searched_words(incident: Incident) -> str:
    """Return the text in which a search looks, in small letters."""
    cause = incident.root_cause
    parts = (
        incident.id,
        incident.title,
        cause.description if cause is not None else incident.no_cause,
        cause.cause.service if cause is not None else "",
        *incident.affected_services,
        *incident.affected_endpoints,
    )
    return " ".join(parts).lower()


def is_active(at: Any) -> ColumnElement[bool]:
    """Return the condition for open and acknowledged incidents: as a choice, for which there is an index."""
    found: ColumnElement[bool] = at.state.in_((IncidentState.OPEN, IncidentState.ACKNOWLEDGED))
    return found


def page_query(wanted: IncidentFilter, before: int | None, limit: int) -> Select[Any]:
    """Return the query for at most `limit` incidents with a number below `before`, newest first: number, document."""
    at = tables.incidents.c
    kept = list(_conditions(wanted, at))
    if wanted.latest:
        other = tables.incidents.alias("other")
        newer = and_(other.c.fingerprint == at.fingerprint, other.c.number > at.number, *_conditions(wanted, other.c))
        kept.append(~exists(select(other.c.number).where(newer)))
    if before is not None:
        kept.append(at.number < before)
    return select(at.number, at.document).where(*kept).order_by(at.number.desc()).limit(limit)


def alike_query(fingerprints: Sequence[str], since: float) -> Select[Any]:
    """Return the query for how many incidents with each of these fingerprints were detected since a time."""
    at = tables.incidents.c
    of = (at.fingerprint.in_(fingerprints), at.first_detected >= since)
    return select(at.fingerprint, func.count()).where(*of).group_by(at.fingerprint)


def _conditions(wanted: IncidentFilter, at: Any) -> Iterator[ColumnElement[bool]]:
    if wanted.state == ACTIVE:
        yield is_active(at)
    elif wanted.state:
        yield at.state == wanted.state
    if wanted.severity:
        yield at.severity == wanted.severity
    if wanted.service:
        yield at.services.contains(f"|{wanted.service}|", autoescape=True)
    if wanted.kind:
        yield at.kind.is_(None) if wanted.kind == UNKNOWN_KIND else at.kind == wanted.kind
    if wanted.fingerprint:
        yield at.fingerprint == wanted.fingerprint
    for word in wanted.search.lower().split():
        yield at.words.contains(word, autoescape=True)
    if wanted.since is not None:
        yield at.first_detected >= wanted.since
    if wanted.until is not None:
        yield at.first_detected <= wanted.until
