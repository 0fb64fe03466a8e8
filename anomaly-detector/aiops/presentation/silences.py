"""Silences as documents, and in words."""

from typing import Final

from aiops.model import IncidentSilence, Mute, MuteKind, iso
from aiops.presentation.documents import silence as documents

MUTED: Final = {MuteKind.SNOOZE: "snoozed", MuteKind.SILENCE: "silenced", MuteKind.MAINTENANCE: "in maintenance"}


def mute_sentence(mute: Mute) -> str:
    """Write why an incident is not announced: `silenced until 2026-11-21T10:00:00Z by ana: new disks`."""
    by = f" by {mute.who}" if mute.who else f" ({mute.name})" if mute.name else ""
    return f"{MUTED[mute.kind]} until {iso(mute.until)}{by}" + (f": {mute.reason}" if mute.reason else "")


def mute_document(mute: Mute | None) -> documents.Muted | None:
    """Return the document of why an incident is not announced."""
    if mute is None:
        return None
    return documents.Muted(
        kind=mute.kind.value,
        name=mute.name or None,
        by=mute.who or None,
        reason=mute.reason or None,
        since=iso(mute.since),
        until=iso(mute.until),
    )


def silence_document(one: IncidentSilence, now: float) -> documents.Silence:
    """Return the document of a silence."""
    given = one.matcher.given
    return documents.Silence(
        id=one.id,
        state="active" if one.lasts(now) else "expired" if one.ended_at is None else "ended",
        matcher=documents.SilencedIncidents(
            **{name: given.get(name) for name in ("incident", "service", "kind", "severity", "family")}
        ),
        reason=one.reason,
        created_at=iso(one.created_at),
        created_by=one.created_by,
        until=iso(one.until),
        ended_at=None if one.ended_at is None else iso(one.ended_at),
        ended_by=one.ended_by or None,
    )
