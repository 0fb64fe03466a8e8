"""Which incidents are not announced now, and what people are told when that ends.

A muted incident opens, changes and ends as any other, and is shown. While it is muted nothing about it is announced,
with one exception: if people were told before that it is open, they are told of its end, once. When it is no longer
muted and still open, it is announced as a reminder.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aiops.incidents import life, telling
from aiops.model import (
    Incident,
    IncidentEvent,
    IncidentSilence,
    IncidentState,
    Maintenance,
    Mute,
    MuteKind,
    SilenceMatcher,
    Transition,
)
from aiops.presentation.silences import MUTED, mute_sentence

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mutes:
    """The silences that are in force, and what is planned for maintenance."""

    silences: Sequence[IncidentSilence] = ()
    maintenance: Sequence[Maintenance] = ()

    def of(self, incident: Incident, now: float) -> Mute | None:
        """Return what mutes an incident: what ends last, if there is more than one."""
        found: list[Mute] = []
        if incident.snooze is not None and now < incident.snooze.until:
            one = incident.snooze
            found.append(Mute(kind=MuteKind.SNOOZE, name="", who=one.who, reason=one.reason, until=one.until))
        for each in self.silences:
            if each.lasts(now) and matches(each.matcher, incident):
                found.append(
                    Mute(
                        kind=MuteKind.SILENCE,
                        name=each.id,
                        who=each.created_by,
                        reason=each.reason,
                        until=each.until,
                    )
                )
        for plan in self.maintenance:
            window = plan.current(now) if plan.concerns(services_of(incident)) else None
            if window is not None:
                found.append(
                    Mute(kind=MuteKind.MAINTENANCE, name=plan.name, who="", reason=plan.reason, until=window.end)
                )
        return max(found, key=lambda one: one.until, default=None)


def matches(matcher: SilenceMatcher, incident: Incident) -> bool:
    """Whether a silence is for this incident."""
    cause = incident.root_cause.cause if incident.root_cause is not None else None
    return all(
        (
            matcher.incident in ("", incident.id),
            not matcher.service or matcher.service in services_of(incident),
            matcher.kind in ("", str(cause.kind) if cause is not None else UNKNOWN),
            matcher.severity in ("", str(incident.severity)),
            not matcher.family or any(family == matcher.family for _, family in incident.symptoms),
        )
    )


def services_of(incident: Incident) -> list[str]:
    """Return the services that an incident affects, and that of its cause."""
    cause = incident.root_cause.cause if incident.root_cause is not None else None
    return [*incident.affected_services, *((cause.service,) if cause is not None else ())]


def muted(events: Iterable[IncidentEvent], before: Iterable[Incident], mutes: Mutes, now: float) -> list[IncidentEvent]:
    """Return events with the incidents muted as they are now, and further events for those that are muted, or no
    longer, without another event. before: the incidents as they were, those of the events among them."""
    was = {one.key: one for one in before}
    out = [_judged(event, was.pop(event.incident.key, None), mutes, now) for event in events]
    for one in was.values():
        event = _judged(IncidentEvent(Transition.UPDATED, one), one, mutes, now)
        if event.incident != one:
            out.append(event)
    return out


def _judged(event: IncidentEvent, before: Incident | None, mutes: Mutes, now: float) -> IncidentEvent:
    after = event.incident
    if after.state == IncidentState.RESOLVED:
        return event
    live = before if before is not None and before.state != IncidentState.RESOLVED else None
    last, mute = live.mute if live is not None else None, mutes.of(after, now)
    if mute is not None:
        told = last.told if last is not None else live is not None and not live.quiet
        mute = replace(mute, since=last.since if last is not None else now, told=told)
        after = replace(after, mute=mute, notice=before.notice if before is not None else None)
        if last is None or (last.kind, last.name, last.until) != (mute.kind, mute.name, mute.until):
            after = life.noted(after, now, "muted", mute_sentence(mute))
        return replace(event, incident=after)
    if last is None:
        return replace(event, incident=replace(after, mute=None)) if after.mute is not None else event
    after = life.noted(life.tell(replace(after, mute=None, snooze=None)), now, "reminded", _reminder(last))
    after = replace(after, notice=telling.noticed(after, now))
    transition = Transition.REMINDED if event.transition == Transition.UPDATED else event.transition
    return replace(event, incident=after, transition=transition)


def _reminder(last: Mute) -> str:
    return f"no longer {MUTED[last.kind]}, and still open: people are told again"
