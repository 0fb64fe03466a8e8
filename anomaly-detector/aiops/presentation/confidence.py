"""How sure a cause is, in sentences: of which place and kind, what is ruled out, what looks the same, and which check
decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiops.model import names
from aiops.model.anatomy import IncidentEvidence
from aiops.model.cause import Cause, CauseKind
from aiops.model.hop import Hop
from aiops.model.incident import Incident, RootCause
from aiops.presentation.headline import RUNS_ON, blamed, place_written
from aiops.presentation.leads import Lead
from aiops.presentation.ruled_out import is_slow_hop, ruled_out
from aiops.presentation.words import place

EXCLUDED: Final = 3
"""Sentences of what is ruled out at most."""
RUNS_AS: Final = {
    names.SERVICE_INSTANCE: "instance",
    "host.name": "host",
    "k8s.node.name": "node",
    "k8s.pod.name": "pod",
}
"""What a process runs on, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """place: what the number is of, and the counts behind it. kind: what goes wrong there. excluded: what the evidence
    rules out, with its numbers. alike: what cannot be told apart from here. check: the one look that decides."""

    place: str
    kind: str
    excluded: tuple[str, ...]
    alike: str
    check: Lead | None


def confidence_of(incident: Incident, evidence: IncidentEvidence | None, others: Sequence[Hop]) -> Confidence | None:
    """Say how sure a cause is; None without a cause. others: calls of other callers to the cause."""
    root = incident.root_cause
    if root is None:
        return None
    alike, check = _decider(incident, root, others)
    return Confidence(
        place=_of_place(root, evidence),
        kind=_goes_wrong(root.cause),
        excluded=tuple(ruled_out(incident, root, evidence, others))[:EXCLUDED],
        alike=alike,
        check=check,
    )


def _of_place(root: RootCause, evidence: IncidentEvidence | None) -> str:
    where = place(root.cause)
    if root.from_metrics:
        return f"it starts at {where}; so often was such evidence of metrics alone right, where the truth was known"
    mine = [one for one in (evidence.votes if evidence is not None else ()) if one.cause.service == root.cause.service]
    if not mine:
        return f"it starts at {where}"
    count = min(sum(one.traces for one in mine), mine[0].of)
    rest = ", none elsewhere" if count >= mine[0].of - 0.5 else ""
    counts = f"all {mine[0].of}" if rest else f"{count:.0f} of {mine[0].of}"
    return f"in {counts} bad traces that were read it starts at {where}"


def _goes_wrong(cause: Cause) -> str:
    service, caller = cause.service, cause.caller
    match cause.kind:
        case CauseKind.ERRORS:
            return f"{service}'s own work fails"
        case CauseKind.LATENCY:
            return (
                f"calls to {service} take longer; it sends no spans itself"
                if caller
                else f"{service} takes longer, outside of its calls that have spans"
            )
        case CauseKind.TIMEOUT:
            return f"{service} does not answer in time"
        case CauseKind.DOWN:
            return f"no process of {service} answers"
        case CauseKind.NETWORK:
            return f"time is lost between {caller or 'its callers'} and {service}"
        case CauseKind.DEPENDENCY:
            return f"{service} does not do what {caller or 'others'} ask of it"
        case CauseKind.TRAFFIC:
            return f"fewer requests reach {service}"
        case CauseKind.MACHINE:
            return f"all that runs on {service} is slow at once"


def _decider(incident: Incident, root: RootCause, others: Sequence[Hop]) -> tuple[str, Lead | None]:
    """Return what looks the same from here, and the check that decides."""
    cause, service = root.cause, root.cause.service
    request = place_written(cause)
    match cause.kind:
        case CauseKind.ERRORS:
            return _which_fault(incident, root)
        case CauseKind.TIMEOUT:
            return (
                "a process that is stuck, and a network that drops what it sends",
                Lead(f"Look in the log of {service}: if requests arrive there, it is stuck; if not, the network is it"),
            )
        case CauseKind.DOWN:
            return (
                "a process that is gone, and an address or port that changed",
                Lead(f"Look first whether {service} runs: if it does, compare its address and port with its callers'"),
            )
        case CauseKind.NETWORK if cause.caller:
            calm = next((one for one in others if is_slow_hop(one) is False), None)
            if calm:  # the deed looks at the pool; what all callers share is not to blame
                look = f"Time a call to {service} on {cause.caller}'s host: if it is slow too, it is the network there"
                return f"{cause.caller}'s pool of connections, and the network of its hosts", Lead(look)
            look = f"Look at the pool of {cause.caller}: if calls wait for a connection, it is too small or not freed"
            return (
                f"{cause.caller}'s pool of connections, the network, a queue before {service}",
                Lead(f"{look}; if not, time a call to {service} elsewhere", "#tree", "the tree of calls"),
            )
        case CauseKind.NETWORK:
            return (
                "a load balancer, a proxy, and a queue of connections",
                Lead(f"Time a call to {service} on its own host: if it is fast, the time is lost before the host"),
            )
        case CauseKind.DEPENDENCY:
            return (
                f"{service} itself, and the way or the credentials of {cause.caller}",
                Lead(f"Call {service} from another host: if that works, it is {cause.caller}'s side"),
            )
        case CauseKind.LATENCY if cause.caller:
            return (
                f"a slower plan of this statement, locks on its rows, and a busy {service}",
                Lead(f"Time another statement on {service}: if it is slow too, {service} is busy, not this one"),
            )
        case CauseKind.LATENCY:
            return (
                "more work per request, a call that sends no spans, and waiting for a lock, a pool or a full CPU",
                Lead(f"Look at the CPU of {service}: if it is busy, profile {request}; if it is idle, it waits"),
            )
        case CauseKind.TRAFFIC:
            return (
                "customers that stay away, and requests lost before they arrive",
                Lead(f"Count requests at the load balancer: if as many as usual come, they are lost before {service}"),
            )
        case CauseKind.MACHINE:
            return (
                "short of CPU, of memory, and of disk",
                Lead(f"Look at the pressure of CPU, memory and disk on {service}: the highest decides"),
            )


def _which_fault(incident: Incident, root: RootCause) -> tuple[str, Lead | None]:
    """What requests that fail by themselves look like, and what tells it apart."""
    cause, alone = root.cause, blamed(root)
    host = next((one for one in root.dimensions if one.attribute in RUNS_ON), None)
    runs_on = f"{RUNS_AS.get(host.attribute, host.attribute)} {host.value}" if host is not None else ""
    first = next((one for one in root.dimensions if alone == f"{one.attribute} {one.value}"), None)
    if alone.startswith(f"{cause.service} "):
        where = runs_on or "the host that it runs on"
        return (
            f"a fault of {alone}, and a fault of {where}: what fails runs on both",
            Lead(f"See after the rollback: if it still fails on {where}, the version is not it"),
        )
    if first is not None and first.attribute not in RUNS_ON:
        return (
            f"a fault in the data of {first.value}, and a limit or flag set for it",
            Lead(
                f"Compare a failing request of {first.value} with a good one of another "
                f"{first.attribute.partition('.')[0]}: what differs is the limit, the flag or the data to look at",
                "#twins",
                "a bad request beside a good one",
            ),
        )
    if first is not None:
        return (
            f"a fault of {first.value}, and of what runs there alone",
            Lead(f"Start {cause.service} elsewhere: if it fails there too, {first.value} is not it"),
        )
    error = incident.first_failing_span.exception.rpartition(".")[2] if incident.first_failing_span else ""
    return (
        "a fault in its code, a changed setting, and input that it does not expect",
        Lead(f"Read where {error or 'the error'} is raised: code changed lately, a setting, or a check of the input"),
    )
