"""The first things to do about a cause, by its kind: each a deed, with the object of it."""

from collections.abc import Iterator, Sequence

from aiops.model import names
from aiops.model.anatomy import IncidentEvidence
from aiops.model.cause import CauseKind
from aiops.model.change import ChangeVerdict, ConsideredChange
from aiops.model.hop import Hop
from aiops.model.incident import FirstFailingSpan, Incident, RootCause
from aiops.presentation.headline import RUNS_ON, blamed, place_written
from aiops.presentation.leads import Lead
from aiops.presentation.numbers import duration
from aiops.presentation.ruled_out import is_slow_hop, raises_before

CHANGES = "changes"
"""The anchor of the changes that were considered."""
SHARED = "what the bad requests share"
"""What opens at the anchor `#shared`."""


def deeds(
    incident: Incident, root: RootCause, evidence: IncidentEvidence | None, others: Sequence[Hop]
) -> Iterator[Lead]:
    """Yield what to do about a cause, the most promising first. others: calls of other callers to the cause."""
    if (limited := _limited(root)) is not None:
        yield limited
    cause, span = root.cause, incident.first_failing_span
    match cause.kind:
        case CauseKind.ERRORS:
            if span is not None:
                yield _open_failing(span)
            elif limited is None:
                yield Lead(f"Open a failing request of {place_written(cause)}", "#traces", "a bad and a good request")
            before = raises_before(cause, evidence)
            if before and limited is None:
                yield Lead(
                    f"Look in {cause.service} before you ask who runs {before}: failing requests have no call to it",
                    "#calls",
                    "the calls that changed",
                )
        case CauseKind.TIMEOUT:
            yield Lead(f"Take a thread dump of {cause.service}, then restart it, one instance first")
        case CauseKind.DOWN:
            yield Lead(f"Save the last log lines of {cause.service}, then start it again")
        case CauseKind.NETWORK if cause.caller:
            yield _way(root, others)
        case CauseKind.NETWORK:
            yield Lead(f"Check what lies in front of {cause.service}: load balancer, proxy, queue of connections")
        case CauseKind.DEPENDENCY:
            yield Lead(f"Look at the status page of {cause.service}, or ask its operator: it sends no telemetry here")
            yield Lead(f"Let {cause.caller} answer without {cause.service} where that is possible, until it is back")
        case CauseKind.LATENCY if cause.caller:
            yield _query(root)
        case CauseKind.LATENCY:
            yield from _slow(root, evidence)
        case CauseKind.TRAFFIC:
            yield Lead(f"Check what lies before {cause.service}: load balancer, DNS, certificates, the clients")
        case CauseKind.MACHINE:
            yield Lead(f"Drain {cause.service}: move what runs there elsewhere")


def _limited(root: RootCause) -> Lead | None:
    """Return what to do where one version, host or group of requests has the trouble alone."""
    if (change := accepted_change(root)) is not None:
        return _undo(change)
    alone, service = blamed(root), root.cause.service
    if alone.startswith(f"{service} ") and any(one.attribute == names.SERVICE_VERSION for one in root.dimensions):
        return Lead(f"Take {alone} out of service: other versions do not show it", "#shared", SHARED)
    first = next((one for one in root.dimensions if alone == f"{one.attribute} {one.value}"), None)
    if first is None:
        return None
    if first.attribute in RUNS_ON:
        return Lead(f"Drain {first.value}: what runs elsewhere works", "#shared", SHARED)
    return Lead(f"Check what is set for {alone} alone: its limits, flags and data", "#shared", SHARED)


def _undo(considered: ConsideredChange) -> Lead:
    change, link, words = considered.change, f"#{CHANGES}", "the changes considered"
    if change.kind == "deployment":
        version = f" {change.version}" if change.version else ""
        return Lead(
            f"Roll back {change.service}{version} to {considered.instead or 'the version before it'}", link, words
        )
    return Lead(f"Undo the change of {change.service}: {change.kind} {change.text or change.version}", link, words)


def accepted_change(root: RootCause) -> ConsideredChange | None:
    """Return the change that a cause came with."""
    return next((one for one in root.changes_considered if one.verdict == ChangeVerdict.ACCEPTED), None)


def _open_failing(span: FirstFailingSpan) -> Lead:
    error = span.exception.rpartition(".")[2]
    what = f"{error}: {span.status}" if error and error != span.status else span.status
    link = f"/traces/{span.trace_id}?span={span.span_id}"
    return Lead(f"Open the failing exception in {span.service}: {what}", link, "the failing span")


def _way(root: RootCause, others: Sequence[Hop]) -> Lead:
    caller, callee = root.cause.caller, root.cause.service
    if any(is_slow_hop(one) is False for one in others):
        return Lead(
            f"Look whether {caller} waits for connections to {callee}: then its pool is too small or not freed",
            "#tree",
            "the tree of calls",
        )
    return Lead(f"Check the way from {caller} to {callee}: DNS, TLS, proxy, network", "#tree", "the tree of calls")


def _query(root: RootCause) -> Lead:
    cause = root.cause
    if not cause.endpoint:
        return Lead(f"Look at what {cause.caller} asks of {cause.service}: locks, load", "#tree", "the tree of calls")
    return Lead(
        f"Look at the query plan of {cause.endpoint} on {cause.service}: a missing index, locks",
        "#tree",
        "where the time goes",
    )


def _slow(root: RootCause, evidence: IncidentEvidence | None) -> Iterator[Lead]:
    cause = root.cause
    changed = evidence.anatomy.changed_calls if evidence is not None and evidence.anatomy is not None else ()
    more = next((one for one in changed if one.what in ("more", "added")), None)
    if more is not None:
        yield Lead(f"Find out why {more.caller} makes {more.call} more often", "#calls", "the calls that changed")
    itself = next(
        (
            one.time[1]
            for one in (evidence.anatomy.nodes if evidence is not None and evidence.anatomy is not None else ())
            if one.service == cause.service and not one.callee and one.share_of_excess >= 0.5
        ),
        None,
    )
    own = f": {duration(itself)} are its own work" if itself is not None else ""
    yield Lead(f"Open a slow request of {place_written(cause)}{own}", "#traces", "a slow request beside a good one")
