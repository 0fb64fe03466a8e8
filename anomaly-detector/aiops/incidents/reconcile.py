"""Turn the explained groups of a cycle into incidents: open, update, merge, reopen, resolve."""

from collections.abc import Sequence
from dataclasses import replace

from aiops.incidents import life
from aiops.incidents.carrying import carried, joined, opened
from aiops.incidents.matching import absorbed_by, key_of, matching_incident, symptoms_of
from aiops.incidents.merging import host_of
from aiops.incidents.splitting import parted
from aiops.incidents.surroundings import ResolutionPolicy, Surroundings
from aiops.model import (
    Ending,
    Explained,
    Incident,
    IncidentEvent,
    IncidentEvidence,
    IncidentState,
    Sight,
    Transition,
)


def reconcile(
    known: Sequence[Incident],
    groups: Sequence[Explained],
    at: float,
    number: int,
    policy: ResolutionPolicy,
    around: Surroundings,
) -> list[IncidentEvent]:
    """Carry incidents forward by one cycle.

    known: open incidents, and incidents resolved less than `reopen_seconds` ago. number: how many incidents there were
    so far. Returns one event for each incident that changed; applying the same groups at the same time again changes
    none.
    """
    groups = list(parted(groups, known))
    current = {one.key: one for one in known}
    touched: dict[str, Transition] = {}
    proven: dict[str, IncidentEvidence] = {}
    seen: set[str] = set()
    for group in sorted(groups, key=lambda one: host_of(one, known) is not None):  # what is merged comes last
        host = host_of(group, current.values())
        if host is not None:
            after, transition = joined(host, group, at, policy, around)
            seen.add(host.key)
            current[host.key] = after
            if after != host and touched.get(host.key, Transition.UPDATED) == Transition.UPDATED:
                touched[host.key] = transition
            continue
        match = matching_incident(group, current, seen, groups, at, policy, around.past)
        if (match is None or match.state == IncidentState.RESOLVED) and around.dismissed(group):
            continue
        if match is None:
            others = [one for other in groups if other is not group for one in symptoms_of(other.findings)]
            open_ones = (one for one in current.values() if one.state != IncidentState.RESOLVED)
            others += [one for incident in open_ones for one in incident.symptoms]
            key = key_of(group, others)
            match = current.get(key) or around.find(key)
            if match is None:
                number += 1
                current[key], touched[key] = opened(group, key, at, number, around), Transition.OPENED
                proven |= _taken(None, current[key], group)
                seen.add(key)
                continue
            if key in seen:
                continue
        after, transition = carried(match, group, at, policy, around)
        seen.add(match.key)
        current[match.key] = after
        if after != match:
            touched[match.key] = transition
            proven |= _taken(match, after, group)
    for key, incident in list(current.items()):
        if key in seen or incident.state == IncidentState.RESOLVED:
            continue
        after = _without(incident, [current[other] for other in seen], at, policy, around)
        if after != incident:
            over = after.state == IncidentState.RESOLVED
            current[key], touched[key] = after, Transition.RESOLVED if over else Transition.UPDATED
    return [IncidentEvent(transition, current[key], proven.get(key)) for key, transition in touched.items()]


def _taken(before: Incident | None, after: Incident, group: Explained) -> dict[str, IncidentEvidence]:
    """The evidence of a group, by the key of the incident, where the incident has just taken it over."""
    new = group.evidence is not None and after.evidence_at == group.evidence.at
    known = before is not None and before.evidence_at == after.evidence_at
    return {after.key: group.evidence} if group.evidence is not None and new and not known else {}


def _without(
    incident: Incident, seen: Sequence[Incident], at: float, policy: ResolutionPolicy, around: Surroundings
) -> Incident:
    """Handle an open incident that no group continues: it was merged into another, it is over, or it still waits. Only
    symptoms that were judged count as normal again."""
    target = absorbed_by(incident, [one for one in seen if one.state != IncidentState.RESOLVED])
    if target is not None:
        return life.resolve(incident, at, f"merged into {target.id}: the same cause", Ending.MERGED)
    if incident.held_by:
        return incident
    if incident.last_seen > at:  # clocks were set back: its quiet time counts from now
        return replace(incident, last_seen=at)
    if any(symptom in around.settled for symptom in incident.symptoms):
        how = "new normal: it has lasted for so long that it is expected from now on"
        return life.resolve(incident, at, how, Ending.SETTLED)
    if at - incident.last_seen < policy.resolve_seconds:
        return incident
    found = [around.look(symptom, incident.last_seen) for symptom in incident.symptoms]
    if Sight.UNJUDGED in found:
        return incident
    gone = found.count(Sight.GONE)
    if found and gone == len(found):
        return life.resolve(incident, at, "no data from its symptoms any more", Ending.NO_DATA)
    how = "its symptoms are back to normal"
    if gone:
        how += f", but for {gone} of {len(found)}, from which no data come any more"
    return life.resolve(incident, at, how, Ending.CALM)
