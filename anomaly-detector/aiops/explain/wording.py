"""Causes and evidence in words, the same wherever they are shown."""

from collections.abc import Sequence

from aiops.model import Cause, CauseKind, Family, Finding, Labels, Span, names, value_of
from aiops.presentation.numbers import duration, percent

FEW = 5  # traces under which a cause is only suspected
SLOW = (CauseKind.LATENCY, CauseKind.NETWORK)  # kinds that cost time, not answers

TITLES = {
    CauseKind.ERRORS: "Error spike in {what}",
    CauseKind.LATENCY: "Latency spike in {what}",
    CauseKind.TIMEOUT: "{what} does not answer",
    CauseKind.DOWN: "{service} is down",
    CauseKind.NETWORK: "Time is lost between {caller} and {service}",
    CauseKind.DEPENDENCY: "Calls to {service} fail",
    CauseKind.TRAFFIC: "Fewer requests reach {what}",
    CauseKind.MACHINE: "Services on {service} are slow at once",
}

STOPS = {
    "own": ", and no call that {service} makes is in trouble",
    "rest": ", and the calls that {service} makes explain too little of it",
    "caller": ", and so do most calls that {service} makes, while those that it calls report no such trouble",
    "dark": ", and {service} sends no telemetry that tells why",
    "edge": ", but {service} reports no such trouble, and other callers have none",
    "front": ", but {service} reports no such trouble, whoever calls it",
    "down": ", and {service} sends no telemetry any more",
}
"""Why a walk over metrics goes no further, behind what is seen there."""


def title(cause: Cause) -> str:
    """The headline of an incident with this cause."""
    what = " ".join(part for part in (cause.service, cause.method, cause.endpoint) if part)
    if cause.kind == CauseKind.NETWORK and not cause.caller:
        return f"Time is lost in front of {cause.service}"
    text = TITLES[cause.kind].format(what=what, service=cause.service, caller=cause.caller)
    named = cause.kind in (CauseKind.TIMEOUT, CauseKind.LATENCY)
    return f"{text}, called by {cause.caller}" if cause.caller and named else text


def where(series: Labels) -> str:
    """Whose requests a series counts: `payment POST /payment`, or `checkout → payment`."""
    caller = value_of(series, names.CALLER)
    if caller:
        return f"{caller} → {value_of(series, names.CALLEE)}"
    parts = (value_of(series, name) for name in (names.SERVICE, names.METHOD, names.ROUTE))
    return " ".join(part for part in parts if part)


def finding_clause(finding: Finding, at: str) -> str:
    """One finding in one clause: what is seen, and what was expected."""
    if finding.family == Family.ERRORS:
        return f"{percent(finding.observed)} of requests to {at} fail ({_counted(finding)})"
    if finding.family == Family.LATENCY:
        return f"requests to {at} take {duration(finding.observed)} on average (expected {duration(finding.expected)})"
    if finding.family == Family.TRAFFIC:
        return f"{finding.observed:.2g} requests/s reach {at} (expected {finding.expected:.2g}/s)"
    if finding.family == Family.SILENCE:
        return f"{at} sends no telemetry while its callers still call it"
    if finding.family == Family.NO_TELEMETRY:
        return "no telemetry arrives from any service"
    return f"{finding.family} of {at}: {finding.observed:.3g} (expected {finding.expected:.3g})"


def describe(
    cause: Cause, finding: Finding, hits: float, traces: int, takes: float | None = None, took: float | None = None
) -> str:
    """Why this is the cause, with the counts behind it: `hits` of `traces` bad traces start there.

    takes, took: median seconds of the spans at the cause in bad and in good traces, where there are any.
    """
    if cause.kind == CauseKind.ERRORS and finding.family == Family.ERRORS:
        text = f"{percent(finding.observed)} of requests fail ({_counted(finding)})"
    elif cause.kind == CauseKind.ERRORS:
        text = f"{hits:.0f} of {traces} bad requests fail first in {cause.service}"
    elif cause.kind == CauseKind.LATENCY and cause.caller:
        text = _waits(cause, takes, took)
    elif cause.kind == CauseKind.LATENCY and finding.family == Family.LATENCY:
        text = (
            f"requests take {duration(finding.observed)} on average (expected {duration(finding.expected)}), "
            f"spent in {cause.service} itself"
        )
    elif cause.kind == CauseKind.LATENCY:
        text = f"{hits:.0f} of {traces} bad requests lose their time in {cause.service} itself"
    elif cause.kind == CauseKind.TIMEOUT:
        text = f"calls to {cause.service} end by timeout, without a span from {cause.service}"
    elif cause.kind == CauseKind.DOWN and finding.family == Family.SILENCE:
        text = f"{cause.service} sends no telemetry, and calls to it fail"
    elif cause.kind == CauseKind.DOWN:
        text = f"connections to {cause.service} are refused"
    elif cause.kind == CauseKind.NETWORK:
        who = cause.caller or "every caller"
        text = f"{who} waits longer than {cause.service} works: the time is lost between them"
    else:
        text = f"calls from {cause.caller} to {cause.service}, which sends no telemetry of its own, fail"
    return f"suspected, from few traces: {text}" if traces < FEW else text


def _waits(cause: Cause, takes: float | None, took: float | None) -> str:
    """That a caller waits for what sends no spans of its own, and for what."""
    what = f" for {cause.endpoint}" if cause.endpoint else ""
    text = f"the time is spent in calls from {cause.caller} to {cause.service}{what}"
    if takes is None:
        return text
    before = f" (usually {duration(took)})" if took is not None else ""
    return f"{text}, which take {duration(takes)}{before}"


def starves(location: tuple[str, str], counts: tuple[int, int, int, int], factor: float) -> str:
    """Why a machine is the cause: slower and all services, slower and all ways between them, and by how much."""
    slow, services, slow_ways, ways = counts
    where = "=".join(location) if location[0] else "whatever they run on, for no attribute says it"
    return (
        f"the own work of {slow} of {services} services and {slow_ways} of {ways} ways between them take about "
        f"{factor:.1f} times as long, all at once; what they share is {where}: it may be short of CPU, memory or disk"
    )


def from_metrics(why: str, cause: Cause, findings: Sequence[Finding], unread: str) -> str:
    """Why a walk over metrics ends at a cause, with the finding that shows most there; `why` is a key of `STOPS`."""
    most = max(findings, key=lambda one: (one.total * abs(one.observed - one.expected), one.series))
    seen = finding_clause(most, where(most.series))
    reason = STOPS[why].format(service=cause.service, caller=cause.caller)
    return f"{seen}{reason}; from metrics alone: no trace was read" + (f", because {unread}" if unread else "")


def fewer(observed: float, expected: float) -> str:
    """What missing traffic says of its cause; requests a second."""
    return (
        f"{observed:.2g} requests/s arrive, expected {expected:.2g}/s; those that do are served, so what is wrong "
        "lies before it: its customers, their network, or what they call it by"
    )


def status(span: Span) -> str:
    """What a failed span says of its failure, the most telling word first."""
    return span.status_message or span.exception_message or span.error_type or (str(span.http_status or "") or "error")


def _counted(finding: Finding) -> str:
    return f"{finding.bad:.0f} of {finding.total:.0f}; expected {percent(finding.expected)}"
