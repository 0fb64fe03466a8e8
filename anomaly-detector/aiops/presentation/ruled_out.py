"""What the evidence of an incident rules out, with the numbers that do so."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Final

from aiops.model.anatomy import CallNode, IncidentEvidence
from aiops.model.cause import Cause, CauseKind
from aiops.model.hop import Hop
from aiops.model.incident import Incident, RootCause
from aiops.presentation.numbers import duration

ENOUGH: Final = 5
"""Spans of either side from which it says something that no attribute tells them apart."""
MORE: Final = 0.2
"""By which part of the usual a duration is longer to be called slow."""
FAILS: Final = 0.01
"""Share of failing calls above the usual from which they are called failing."""


def ruled_out(
    incident: Incident, root: RootCause, evidence: IncidentEvidence | None, others: Sequence[Hop]
) -> Iterator[str]:
    """Yield what the evidence rules out, the most telling first."""
    cause = root.cause
    match cause.kind:
        case CauseKind.ERRORS:
            yield from _not_its_calls(cause, evidence)
        case CauseKind.LATENCY if cause.caller:
            yield from _no_more_calls(cause, evidence)
        case CauseKind.LATENCY:
            yield from _calls_as_before(cause, evidence)
        case CauseKind.NETWORK if evidence is not None and None not in evidence.seconds:
            good, bad = evidence.seconds
            yield f"{cause.service} itself: {duration(bad or 0.0)}, normally {duration(good or 0.0)}"
        case CauseKind.TIMEOUT | CauseKind.DOWN:
            yield from _connection(incident)
    yield from _other_callers(cause, others)
    if cause.kind in (CauseKind.ERRORS, CauseKind.LATENCY) and not cause.caller and not root.dimensions:
        good_spans, bad_spans = evidence.spans if evidence is not None else (0, 0)
        if min(good_spans, bad_spans) >= ENOUGH:
            compared = f"{bad_spans} bad and {good_spans} good requests at {cause.service} compared"
            yield f"a single version, instance or tenant ({compared})"


def raises_before(cause: Cause, evidence: IncidentEvidence | None) -> str | None:
    """Return what a service fails before it calls: the names of all that good requests call; "" where these call
    nothing at all; None where bad requests make calls, or nothing is known."""
    if not _served_at(cause, evidence):
        return None
    calls = _calls_of(cause, evidence)
    if any(one.calls[1] >= FAILS * one.calls[0] for one in calls):
        return None
    return " and ".join(dict.fromkeys(one.callee for one in calls))


def _not_its_calls(cause: Cause, evidence: IncidentEvidence | None) -> Iterator[str]:
    calls, before = _calls_of(cause, evidence), raises_before(cause, evidence)
    if before:
        yield f"{before}: the bad requests have no call to it, the good ones have"
    elif calls and all(one.failing[1] <= one.failing[0] + FAILS for one in calls):
        yield f"the calls that {cause.service} makes: they do not fail"


def _no_more_calls(cause: Cause, evidence: IncidentEvidence | None) -> Iterator[str]:
    here = [one for one in _nodes(evidence) if one.service == cause.caller and one.callee == cause.service]
    mine = [one for one in here if one.operation == cause.endpoint] or here
    if mine and mine[0].calls[0] > 0 and mine[0].calls[1] <= (1 + MORE) * mine[0].calls[0]:
        good, bad = mine[0].calls[0], mine[0].calls[1]
        yield f"{cause.caller} calls no more often: {bad:.3g} a request, normally {good:.3g}"
    rest = [one for one in here if one not in mine and None not in one.seconds]
    if rest and not any(_slower(*one.seconds) for one in rest):
        yield f"other statements on {cause.service} are not slow"


def _calls_as_before(cause: Cause, evidence: IncidentEvidence | None) -> Iterator[str]:
    known = [one for one in _calls_of(cause, evidence) if None not in one.seconds]
    if known and not any(_slower(*one.seconds) for one in known):
        most = max(known, key=lambda one: one.seconds[1] or 0.0)
        good, bad = (each or 0.0 for each in most.seconds)
        yield f"its calls: {most.callee} takes {duration(bad)}, normally {duration(good)}"


def _connection(incident: Incident) -> Iterator[str]:
    span = incident.first_failing_span
    said = f"{span.exception} {span.status}".lower() if span is not None else ""
    if any(words in said for words in ("connection refused", "connectionrefused", "econnrefused")):
        yield "packets that are lost: the host answers, and refuses the connection"
    elif "readtimeout" in said or "read timed out" in said:
        yield "a refused connection: it is made, and no answer comes"


def _other_callers(cause: Cause, others: Sequence[Hop]) -> Iterator[str]:
    for one in others:
        if cause.kind in (CauseKind.NETWORK, CauseKind.LATENCY):
            if cause.kind == CauseKind.NETWORK and cause.caller and is_slow_hop(one) is False:
                usual = one.usual[1]
                normally = f", normally {duration(usual)}" if usual is not None and isfinite(usual) else ""
                yield f"other callers: {one.caller} → {one.callee} takes {duration(one.seconds or 0.0)}{normally}"
            elif is_slow_hop(one) and not cause.caller:
                yield f"one caller's side: calls from {one.caller} are slow as well"
        elif one.failing is not None and is_failing_hop(one):
            yield f"one caller's side: calls from {one.caller} fail as well"


def is_failing_hop(hop: Hop) -> bool:
    """Whether clearly more of the calls fail than usual."""
    return hop.failing is not None and hop.failing > max(2 * (hop.usual[0] or 0.0), FAILS)


def is_slow_hop(hop: Hop) -> bool | None:
    """Whether the calls take clearly longer than usual; None where that is not known."""
    if hop.seconds is None or hop.usual[1] is None or not isfinite(hop.usual[1]):
        return None
    return _slower(hop.usual[1], hop.seconds)


def _slower(usual: float | None, now: float | None) -> bool:
    return usual is not None and now is not None and now > (1 + MORE) * usual


def _nodes(evidence: IncidentEvidence | None) -> tuple[CallNode, ...]:
    return evidence.anatomy.nodes if evidence is not None and evidence.anatomy is not None else ()


def _calls_of(cause: Cause, evidence: IncidentEvidence | None) -> list[CallNode]:
    """Return the calls that the requests at the cause make."""
    here = _served_at(cause, evidence)
    return [one for one in _nodes(evidence) if one.parent in here and one.callee]


def _served_at(cause: Cause, evidence: IncidentEvidence | None) -> set[int]:
    """Return the positions of the requests that the cause serves in the tree of calls."""
    return {at for at, one in enumerate(_nodes(evidence)) if one.service == cause.service and not one.callee}
