"""What is left to tell when quiet hours end: the newest of what goes on, and in one line what is over."""

from collections.abc import Sequence

from aiops.model import (
    ENDINGS,
    Announcement,
    Burn,
    Digest,
    HeldDelivery,
    Incident,
    Transition,
    subject_key,
    subject_name,
)
from aiops.model.announcement import Subject
from aiops.presentation.burn import burn_sentence
from aiops.presentation.headline import headline


def after_quiet(held: Sequence[HeldDelivery], now: float) -> tuple[list[int], list[int], Digest | None]:
    """Return the numbers of the messages that are sent, of those that are not, and the digest of what began and ended
    meanwhile. held: oldest first; now: Unix seconds."""
    by_subject: dict[str, list[HeldDelivery]] = {}
    for one in held:
        by_subject.setdefault(subject_key(one.told.subject), []).append(one)
    sent: list[int] = []
    over: list[Announcement] = []
    for each in by_subject.values():
        last, known = each[-1].told, each[0].known
        if last.transition in ENDINGS and not known:
            over.append(last)
        else:
            sent += _kept([one.told for one in each])
    ended = tuple((subject_name(one.subject), said_of(one.subject)) for one in over)
    dropped = [one.told.number for one in held if one.told.number not in sent]
    first = min((one.told.at for one in held), default=now)
    return sent, dropped, Digest(first, now, ended) if ended else None


def _kept(told: Sequence[Announcement]) -> list[int]:
    """Return the newest message, and before an acknowledgement the newest one that says what is wrong."""
    last = told[-1]
    if last.transition != Transition.ACKNOWLEDGED:
        return [last.number]
    before = next((one for one in reversed(told[:-1]) if one.transition != Transition.ACKNOWLEDGED), None)
    return [one.number for one in (before, last) if one is not None]


def said_of(subject: Subject) -> str:
    """Return what is wrong, in one line."""
    match subject:
        case Incident():
            return headline(subject)
        case Burn():
            return burn_sentence(subject)
        case Digest():
            count = len(subject.ended)
            return f"{count} {'problem' if count == 1 else 'problems'} began and ended in quiet hours"
