"""What to do now, by the kind of the cause."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from aiops.model import names
from aiops.model.alert import Alert
from aiops.model.anatomy import IncidentEvidence
from aiops.model.cause import Cause, CauseKind
from aiops.model.change import Change, ChangeVerdict, ConsideredChange
from aiops.model.incident import Ending, FirstFailingSpan, Incident, IncidentState, RootCause
from aiops.model.slo import Slo
from aiops.presentation.headline import RUNS_ON, blamed, place_written
from aiops.presentation.numbers import span_of_time

OWNERS: Final = ("owner", "team", "aiops/owner", "aiops/team", "owner_team")
"""Labels and annotations of objectives and alerts that name who looks after a service."""
RUNBOOKS: Final = ("runbook_url", "runbook")
CHANGES: Final = "changes"
"""The anchor of the changes that were considered."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do: a sentence, and where it leads: an anchor of the page (`#changes`), an address, or ""."""

    text: str
    link: str = ""
    words: str = ""


def advice(
    incident: Incident,
    evidence: IncidentEvidence | None,
    objectives: Sequence[Slo],
    alerts: Sequence[Alert],
    alike: Sequence[Incident],
    changes: Sequence[Change],
    now: float,
) -> list[Advice]:
    """Return what to do now, the most promising first. objectives: those that the incident hits; alerts, alike: of
    other rules, and with the same fingerprint; changes: of all services before it, oldest first; now: Unix seconds."""
    root = incident.root_cause
    found = list(_by_kind(incident, root, evidence) if root is not None else _without_cause(incident, evidence))
    found += _last_change(root, changes, incident.onset) if root is not None else ()
    found += _written(objectives, alerts)
    if past := next((one for one in alike if one.state == IncidentState.RESOLVED), None):
        found.append(_past(past, now))
    return found


def _by_kind(incident: Incident, root: RootCause, evidence: IncidentEvidence | None) -> Iterator[Advice]:
    cause, change = root.cause, _change(root)
    if change is not None:
        yield _undo(change)
    elif version := _version(root):
        yield Advice(
            f"Take {cause.service} {version} out of service: other versions do not show it", "#shared", "compare"
        )
    elif alone := _alone(root):
        yield alone
    span = incident.first_failing_span
    match cause.kind:
        case CauseKind.ERRORS:
            if span is not None:
                yield _look_at(span)
            yield from _before_a_call(cause, evidence)
            yield Advice("Compare a failing request with a good one", "#traces", "traces")
        case CauseKind.TIMEOUT | CauseKind.DOWN:
            yield from _unanswered(cause)
        case CauseKind.NETWORK:
            yield from _network(cause)
        case CauseKind.DEPENDENCY:
            yield Advice(f"Check {cause.service} itself: its status page, its operator; it sends no telemetry here")
            yield Advice(f"Until it is back, let {cause.caller} answer without it where that is possible")
        case CauseKind.LATENCY if cause.caller:
            what = f"the statement {cause.endpoint}" if cause.endpoint else "its calls"
            yield Advice(f"Look at {what} on {cause.service}: locks, a missing index, a changed plan, its load")
            yield Advice(f"Ask whether {cause.caller} asks for more than before", "#traces", "slow and good traces")
        case CauseKind.LATENCY:
            yield from _slow(cause, evidence)
        case CauseKind.TRAFFIC:
            yield Advice(f"Look before {cause.service}: load balancer, DNS, certificates, the clients themselves")
        case CauseKind.MACHINE:
            yield Advice(
                f"Drain {cause.service}: move what runs there elsewhere, then look at its CPU, memory and disk"
            )
    if change is None and cause.kind != CauseKind.MACHINE:
        yield from _changed_lately(root)


def _undo(considered: ConsideredChange) -> Advice:
    change, link = considered.change, f"#{CHANGES}"
    if change.kind == "deployment":
        version = f" {change.version}" if change.version else ""
        before = considered.instead or "the version before it"
        return Advice(f"Roll back {change.service}{version} to {before}", link, "what changed")
    return Advice(
        f"Undo the change of {change.service}: {change.kind} {change.text or change.version}", link, "what changed"
    )


def _version(root: RootCause) -> str:
    found = next((one for one in root.dimensions if one.attribute == names.SERVICE_VERSION), None)
    return found.value if found is not None and blamed(root).endswith(found.value) else ""


def _alone(root: RootCause) -> Advice | None:
    """What to do where one place or one group of requests has the trouble alone."""
    first = next((one for one in root.dimensions if blamed(root) == f"{one.attribute} {one.value}"), None)
    if first is None:
        return None
    if first.attribute in RUNS_ON:
        return Advice(f"Take {first.value} out of service: what runs elsewhere works", "#shared", "compare")
    return Advice(
        f"Look at what is special about {first.attribute} {first.value}: data, limits, flags", "#shared", "compare"
    )


def _look_at(span: FirstFailingSpan) -> Advice:
    error = span.exception.rpartition(".")[2]
    what = f"{error}: {span.status}" if error and error != span.status else span.status
    return Advice(
        f"Look at {what} in {span.service}", f"/traces/{span.trace_id}?span={span.span_id}", "the failing span"
    )


def _before_a_call(cause: Cause, evidence: IncidentEvidence | None) -> Iterator[Advice]:
    """Where bad requests leave out a call of the service that fails: what it calls is not to blame."""
    changed = evidence.anatomy.changed_calls if evidence is not None and evidence.anatomy is not None else ()
    left_out = next((one for one in changed if one.what == "missing" and one.caller == cause.service), None)
    if left_out is not None:
        yield Advice(
            f"Look in {cause.service} itself: it fails before it makes the call {left_out.call}",
            "#calls",
            "changed calls",
        )


def _unanswered(cause: Cause) -> Iterator[Advice]:
    if cause.kind == CauseKind.DOWN:
        yield Advice(f"Check whether {cause.service} runs: its process, restarts, lack of memory")
        yield Advice("Read the last log lines before it went away; start it again")
    else:
        yield Advice(f"Check whether {cause.service} runs, and restart it where it is stuck")
        yield Advice("If it runs, find out what it waits for: its database, locks, threads or connections that ran out")


def _network(cause: Cause) -> Iterator[Advice]:
    if cause.caller:
        yield Advice(
            f"Check what is between {cause.caller} and {cause.service}: network, DNS, TLS, proxy, pool of connections",
            "#tree",
            "calls compared",
        )
        yield Advice(
            f"Compare hosts and zones of both; if one is at fault, move {cause.caller} or {cause.service} away"
        )
    else:
        yield Advice(f"Check what lies in front of {cause.service}: load balancer, proxy, queue of connections")


def _slow(cause: Cause, evidence: IncidentEvidence | None) -> Iterator[Advice]:
    changed = evidence.anatomy.changed_calls if evidence is not None and evidence.anatomy is not None else ()
    more = next((one for one in changed if one.what in ("more", "added")), None)
    if more is not None:
        yield Advice(f"Find out why {more.caller} makes {more.call} more often", "#calls", "changed calls")
    yield Advice("Compare a slow request with a good one", "#traces", "traces")
    yield Advice(
        f"Look at what {place_written(cause)} does by itself: CPU, locks, garbage collection, its load",
        "#tree",
        "where the time goes",
    )


def _changed_lately(root: RootCause) -> Iterator[Advice]:
    possible = next((one for one in root.changes_considered if one.verdict == ChangeVerdict.POSSIBLE), None)
    if possible is not None:
        change = possible.change
        what = f"{change.kind} of {change.service} {change.version}".rstrip()
        yield Advice(f"Consider the {what} shortly before", f"#{CHANGES}", "what changed")


def _last_change(root: RootCause, changes: Sequence[Change], onset: float) -> Iterator[Advice]:
    """The last change of the service, where none was considered as the origin: it is the first that people ask for."""
    cause = root.cause
    if any(one.verdict != ChangeVerdict.REJECTED for one in root.changes_considered):
        return
    mine = [one for one in changes if one.service in (cause.service, cause.caller) and one.at <= onset]
    if mine:
        last = mine[-1]
        what = " ".join(filter(None, (last.kind, "of", last.service, last.version)))
        text = f" ({last.text})" if last.text else ""
        yield Advice(f"Ask about the last change: {what}{text}, {span_of_time(onset - last.at)} before")
    elif cause.kind != CauseKind.MACHINE:
        yield Advice(f"No change of {cause.service} was reported or seen before it: look for one that nobody reported")


def _without_cause(incident: Incident, evidence: IncidentEvidence | None) -> Iterator[Advice]:
    worst = evidence.symptoms[0].text if evidence is not None and evidence.symptoms else ""
    if worst:
        yield Advice(f"No cause is known. Begin with what is worst: {worst}", "#charts", "chart")
    trace = incident.trace_correlation.trace_id
    if trace:
        yield Advice("Look at one of the bad requests", f"/traces/{quote(trace)}", "a bad trace")
    if not worst and not trace:
        where = ", ".join(incident.affected_services) or "the sources of telemetry"
        yield Advice(f"No cause is known. Check that these run and send telemetry: {where}")


def _written(objectives: Sequence[Slo], alerts: Sequence[Alert]) -> Iterator[Advice]:
    """Runbooks and owners, where somebody wrote them down."""
    seen: set[str] = set()
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
        yield Advice(f"Owner: {', '.join(owners[:3])}")


def _runbook(of: str, address: str) -> Advice:
    """Lead to a runbook; what is no web address is only named."""
    if address.startswith(("http://", "https://")):
        return Advice(f"Follow the runbook of {of}", address, "runbook")
    return Advice(f"Follow the runbook of {of}: {address}")


def _past(past: Incident, now: float) -> Advice:
    ended = past.resolved_at if past.resolved_at is not None else past.last_seen
    how = "a person resolved it" if past.ending == Ending.PERSON else past.resolution or "it ended"
    change = f", after the {past.root_cause.change}" if past.root_cause is not None and past.root_cause.change else ""
    return Advice(
        f"Last time: {span_of_time(now - ended)} ago, for {span_of_time(ended - past.onset)}{change}; {how}",
        f"/incidents/{past.id}",
        past.id,
    )


def _change(root: RootCause) -> ConsideredChange | None:
    return next((one for one in root.changes_considered if one.verdict == ChangeVerdict.ACCEPTED), None)
