"""What people did during an incident, and the moments that its charts mark."""

from collections.abc import Iterator
from typing import Final

from aiops.model import ChangeVerdict, iso
from aiops.presentation.documents.post_mortem import MarkedMoment, PostMortemAction
from aiops.service.post_mortem.record import IncidentRecord

ACKNOWLEDGED: Final = "acknowledged"
"""What the timeline calls it when somebody took an incident."""
CHANGES: Final = 6
"""Changes that are marked at most."""
SAME: Final = 1.0
"""Seconds within which the timeline and the audit tell of one action."""


def people_did(of: IncidentRecord) -> Iterator[PostMortemAction]:
    """Yield what people did, oldest first: by the audit, and where an earlier release kept none, by the timeline."""
    known = [
        PostMortemAction(at=iso(each.at), who=each.by.name, what=each.what, text=each.text)
        for each in (row.entry for row in of.actions)
    ]
    times = [row.entry.at for row in of.actions]
    for entry in of.incident.timeline:
        if entry.what == ACKNOWLEDGED and all(abs(entry.at - at) > SAME for at in times):
            known.append(PostMortemAction(at=iso(entry.at), who="", what=entry.what, text=entry.text))
    yield from sorted(known, key=lambda each: each.at)


def marked_moments(of: IncidentRecord) -> Iterator[MarkedMoment]:
    """Yield the moments that charts mark, oldest first."""
    one = of.incident
    found = [(one.onset, "onset", "the trouble begins")]
    if one.episode.detected > one.onset:
        found.append((one.episode.detected, "detected", "it is found"))
    considered = one.root_cause.changes_considered if one.root_cause is not None else ()
    for each in [each for each in considered if each.verdict != ChangeVerdict.REJECTED][:CHANGES]:
        change = each.change
        found.append((change.at, "change", change.named))
    found += [(entry.at, "action", entry.text) for entry in one.timeline if entry.what == ACKNOWLEDGED]
    if one.resolved_at is not None:
        found.append((one.resolved_at, "over", "it is over"))
    for at, kind, text in sorted(found):
        yield MarkedMoment.model_validate({"at": iso(at), "kind": kind, "text": text})
