"""What to do now, the most promising first: deeds with the check that decides, runbooks and owners, changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from aiops.model.alert import Alert
from aiops.model.anatomy import IncidentEvidence
from aiops.model.cause import CauseKind
from aiops.model.change import HAPPENED, Change, ChangeVerdict
from aiops.model.hop import Hop
from aiops.model.incident import Ending, Incident, IncidentState, RootCause
from aiops.model.slo import Slo
from aiops.presentation.confidence import confidence_of
from aiops.presentation.deeds import CHANGES, accepted_change, deeds
from aiops.presentation.leads import Lead
from aiops.presentation.numbers import span_of_time

OWNERS: Final = ("owner", "team", "aiops/owner", "aiops/team", "owner_team")
"""Labels and annotations of objectives and alerts that name who looks after a service."""
RUNBOOKS: Final = ("runbook_url", "runbook")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceFacts:
    """What is known around an incident. objectives: those that it hits, or that are watched of its services; alerts:
    of other rules; alike: incidents with the same fingerprint; changes: of all services before it, oldest first;
    others: calls of other callers to the cause. runbooks: of the catalogue, titles and addresses."""

    objectives: Sequence[Slo] = ()
    alerts: Sequence[Alert] = ()
    alike: Sequence[Incident] = ()
    changes: Sequence[Change] = ()
    others: Sequence[Hop] = ()
    runbooks: Sequence[tuple[str, str]] = ()


def advice(incident: Incident, evidence: IncidentEvidence | None, around: AdviceFacts, now: float) -> list[Lead]:
    """Return what to do now, the most promising first. now: Unix seconds."""
    root = incident.root_cause
    if root is None:
        found = list(_without_cause(incident, evidence))
    else:
        first, *more = deeds(incident, root, evidence, around.others)
        told = confidence_of(incident, evidence, around.others)
        check = [told.check] if told is not None and told.check is not None else []
        found = [first, *check, *more]
    found += [Lead(f"Follow the runbook: {title}", address, "the runbook") for title, address in around.runbooks]
    found += _written(around.objectives, around.alerts, {address for _, address in around.runbooks})
    if root is not None:
        found += _changes(root, around.changes, incident.onset)
    if past := next((one for one in around.alike if one.state == IncidentState.RESOLVED), None):
        found.append(_past(past, now))
    return found


def _changes(root: RootCause, changes: Sequence[Change], onset: float) -> Iterator[Lead]:
    if accepted_change(root) is None and root.cause.kind != CauseKind.MACHINE:
        yield from _changed_lately(root)
    yield from _last_change(root, changes, onset)


def _changed_lately(root: RootCause) -> Iterator[Lead]:
    possible = next((one for one in root.changes_considered if one.verdict == ChangeVerdict.POSSIBLE), None)
    if possible is not None:
        change = possible.change
        yield Lead(f"Consider the {change.named} shortly before", f"#{CHANGES}", "the changes considered")


def _last_change(root: RootCause, changes: Sequence[Change], onset: float) -> Iterator[Lead]:
    """The last change of the service, where none was considered as the origin: it is the first that people ask for."""
    cause = root.cause
    if any(one.verdict != ChangeVerdict.REJECTED for one in root.changes_considered):
        return
    done = (one for one in changes if one.kind not in HAPPENED)
    mine = [one for one in done if one.service in (cause.service, cause.caller) and one.at <= onset]
    if mine:
        last = mine[-1]
        text = f" ({last.text})" if last.text else ""
        yield Lead(f"Ask about the last change: {last.named}{text}, {span_of_time(onset - last.at)} before")
    elif cause.kind != CauseKind.MACHINE:
        services = " or ".join(filter(None, (cause.caller, cause.service)))
        yield Lead(f"Ask about deployments and settings: no change of {services} was reported or seen")


def _without_cause(incident: Incident, evidence: IncidentEvidence | None) -> Iterator[Lead]:
    worst = evidence.symptoms[0].text if evidence is not None and evidence.symptoms else ""
    if worst:
        yield Lead(f"No cause is known. Begin with what is worst: {worst}", "#charts", "the chart")
    trace = incident.trace_correlation.trace_id
    if trace:
        yield Lead("Look at one of the bad requests", f"/traces/{quote(trace)}", "a bad trace")
    if not worst and not trace:
        where = ", ".join(incident.affected_services) or "the sources of telemetry"
        yield Lead(f"No cause is known. Check that these run and send telemetry: {where}")


def _written(objectives: Sequence[Slo], alerts: Sequence[Alert], seen: set[str]) -> Iterator[Lead]:
    """Runbooks and owners, where somebody wrote them down. seen: runbooks that were named already."""
    for slo in objectives:
        if slo.runbook and slo.runbook not in seen:
            seen.add(slo.runbook)
            yield _runbook(slo.display_name or slo.name, slo.runbook)
    pairs = [(key, value) for slo in objectives for key, value in (*slo.labels, *slo.annotations)]
    pairs += [(key, value) for one in alerts for key, value in (*one.labels, *one.annotations)]
    for key, value in pairs:
        if key in RUNBOOKS and value and value not in seen:
            seen.add(value)
            yield _runbook("the alert", value)
    owners = list(dict.fromkeys(value for key, value in pairs if key in OWNERS and value))
    if owners:
        yield Lead(f"Owner: {', '.join(owners[:3])}")


def _runbook(of: str, address: str) -> Lead:
    """Lead to a runbook; what is no web address is only named."""
    if address.startswith(("http://", "https://")):
        return Lead(f"Follow the runbook of {of}", address, "the runbook")
    return Lead(f"Follow the runbook of {of}: {address}")


def _past(past: Incident, now: float) -> Lead:
    ended = past.resolved_at if past.resolved_at is not None else past.last_seen
    how = "a person resolved it" if past.ending == Ending.PERSON else past.resolution or "it ended"
    change = f", after the {past.root_cause.change}" if past.root_cause is not None and past.root_cause.change else ""
    return Lead(
        f"Last time: {span_of_time(now - ended)} ago, for {span_of_time(ended - past.onset)}{change}; {how}",
        f"/incidents/{past.id}",
        past.id,
    )
