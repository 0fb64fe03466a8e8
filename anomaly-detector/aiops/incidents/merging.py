"""Incidents that people merged: later symptoms of the one that ended attach to the other while that is open."""

from collections.abc import Iterable
from dataclasses import replace

from aiops.incidents import life
from aiops.incidents.fingerprint import fingerprint
from aiops.incidents.matching import symptoms_of
from aiops.model import Ending, Explained, Incident, IncidentState, MergedIncident
from aiops.model.errors import NotPossible


def merge_into(one: Incident, into: Incident, at: float, who: str) -> tuple[Incident, Incident]:
    """Merge an incident into another; returns both afterwards. Raises NotPossible unless both are open."""
    if one.key == into.key:
        raise NotPossible(f"{one.id} cannot be merged into itself")
    for each in (one, into):
        if each.state == IncidentState.RESOLVED:
            raise NotPossible(f"{each.id} is resolved; only open incidents are merged")
    over = life.resolve(one, at, f"merged into {into.id} by {who}", Ending.MERGED)
    part = MergedIncident(
        id=one.id,
        fingerprint=one.fingerprint,
        symptoms=one.symptoms,
        new_symptoms=tuple(each for each in one.symptoms if each not in into.symptoms),
        new_services=tuple(each for each in one.affected_services if each not in into.affected_services),
    )
    after = replace(
        into,
        symptoms=(*into.symptoms, *part.new_symptoms),
        affected_services=(*into.affected_services, *part.new_services),
        affected_endpoints=tuple(dict.fromkeys((*into.affected_endpoints, *one.affected_endpoints))),
        last_seen=max(into.last_seen, one.last_seen),
        merged=(*into.merged, *one.merged, part),
    )
    worst = max(into.own_severity, one.own_severity, key=lambda severity: severity.rank)
    after = life.noted(life.judged(after, worst), at, "merged", f"{who} merges {one.id} into it: {one.title}")
    return replace(over, merged_into=into.id), after


def unmerge(one: Incident, out_of: Incident, at: float, who: str) -> tuple[Incident, Incident]:
    """Take a merged incident out of the other again: it is open, on its own. Returns both afterwards."""
    part = next((each for each in out_of.merged if each.id == one.id), None)
    if part is None or one.merged_into != out_of.id:
        raise NotPossible(f"{one.id} is not merged into {out_of.id}")
    kept = replace(
        out_of,
        merged=tuple(each for each in out_of.merged if each != part),
        symptoms=tuple(each for each in out_of.symptoms if each not in part.new_symptoms),
        affected_services=tuple(each for each in out_of.affected_services if each not in part.new_services),
    )
    text = f"{who} takes {one.id} out of it again"
    return life.taken_out(one, at, f"{who} takes it out of {out_of.id} again"), life.noted(kept, at, "merged", text)


def host_of(group: Explained, known: Iterable[Incident]) -> Incident | None:
    """Return the open incident into which the incident of a group was merged; None where it is that of a group of its
    own."""
    mine, symptoms = fingerprint(group.root_cause, symptoms_of(group.findings)), set(symptoms_of(group.findings))
    for one in known:
        if one.state != IncidentState.RESOLVED and one.fingerprint != mine:
            for each in one.merged:
                if each.fingerprint == mine or (group.root_cause is None and symptoms <= set(each.symptoms)):
                    return one
    return None
