"""Services that a person took out of an incident: they are an incident of their own, over later cycles too."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Final

from aiops.incidents import life, telling
from aiops.incidents.fingerprint import fingerprint
from aiops.incidents.matching import same_place
from aiops.model import (
    Episode,
    Explained,
    Incident,
    IncidentState,
    TraceCorrelation,
    judged_service,
    names,
    value_of,
)
from aiops.model.errors import NotPossible

NO_CAUSE: Final = "a person split it off {}; its own cause is not known yet"


def split_off(one: Incident, services: Collection[str], at: float, who: str, number: int) -> tuple[Incident, Incident]:
    """Take services out of an incident; returns it, and the new one with their symptoms. number: how many incidents
    there are with the new one. Raises NotPossible where nothing would be left of either, or of the place of the
    cause."""
    if one.state == IncidentState.RESOLVED:
        raise NotPossible(f"{one.id} is resolved; only open incidents are split")
    there = list(dict.fromkeys(judged_service(series) for series, _ in one.symptoms))
    for name in services:
        if name not in there:
            raise NotPossible(f"{one.id} has no symptom of {name}; it has symptoms of {', '.join(there)}")
    if one.root_cause is not None and one.root_cause.cause.service in services:
        raise NotPossible(f"the cause of {one.id} is in {one.root_cause.cause.service}; split the others off instead")
    if set(there) <= set(services):
        raise NotPossible(f"nothing would be left of {one.id}: it has symptoms of {', '.join(there)} alone")
    taken = tuple(each for each in one.symptoms if judged_service(each[0]) in services)
    routes = dict.fromkeys(value_of(series, names.ROUTE) for series, _ in taken)
    chosen = tuple(name for name in there if name in services)
    new = Incident(
        id=f"INC-{int(one.onset)}-{number}",
        key=sha256(f"split|{one.key}|{taken!r}|{at:.3f}".encode()).hexdigest()[:16],
        state=IncidentState.OPEN,
        severity=one.own_severity,
        title=f"Trouble in {', '.join(chosen)}, split off {one.id}",
        first_detected=at,
        onset=one.onset,
        last_seen=one.last_seen,
        symptoms=taken,
        no_cause=NO_CAUSE.format(one.id),
        affected_services=chosen,
        affected_endpoints=tuple(one for one in routes if one),
        fingerprint=fingerprint(None, taken),
        episodes=(Episode(one.onset, at),),
        split_from=one.id,
    )
    new = life.noted(replace(new, notice=telling.noticed(new, at)), at, "split", f"{who} splits it off {one.id}")
    kept = replace(
        one,
        symptoms=tuple(each for each in one.symptoms if each not in taken),
        affected_services=tuple(name for name in one.affected_services if name not in services),
    )
    return life.noted(kept, at, "split", f"{who} splits {', '.join(chosen)} off it, as {new.id}"), new


def parted(groups: Sequence[Explained], known: Iterable[Incident]) -> Iterator[Explained]:
    """Yield the groups of a cycle, with what people split off open incidents as groups of their own: they have no
    cause, unless the evidence names another than that of the incident they were in."""
    everything = list(known)
    apart = [one for one in everything if one.split_from and one.state != IncidentState.RESOLVED]
    for group in groups:
        rest = group
        for one in apart:
            origin = next((each for each in everything if each.id == one.split_from), None)
            if not _is_of(rest, origin):
                continue
            mine = [each for each in rest.findings if judged_service(each.series) in one.affected_services]
            if mine:
                yield _part(rest, [each in mine for each in rest.findings], one)
                rest = _part(rest, [each not in mine for each in rest.findings], None)
        if rest.findings:
            yield rest


def _is_of(group: Explained, origin: Incident | None) -> bool:
    """Whether a group belongs to the incident from which something was split, as far as its cause tells; one that
    ended long ago is not known any more."""
    if group.root_cause is None or origin is None or origin.root_cause is None:
        return True
    return same_place(group.root_cause.cause, origin.root_cause.cause)


def _part(group: Explained, wanted: Sequence[bool], of: Incident | None) -> Explained:
    """Return a group with some of its findings. of: the incident that was split off, which has no cause."""
    findings = tuple(one for one, keep in zip(group.findings, wanted, strict=True) if keep)
    texts = tuple(one for one, keep in zip(group.texts, wanted, strict=True) if keep)
    if of is not None:
        return Explained(
            title=of.title,
            findings=findings,
            texts=texts,
            root_cause=None,
            no_cause=of.no_cause,
            first_failing_span=None,
            correlation=TraceCorrelation(),
            affected_services=of.affected_services,
            affected_endpoints=of.affected_endpoints,
        )
    left = {judged_service(one.series) for one in findings}
    gone = {judged_service(one.series) for one in group.findings} - left
    services = tuple(name for name in group.affected_services if name not in gone)
    return replace(group, findings=findings, texts=texts, affected_services=services)
