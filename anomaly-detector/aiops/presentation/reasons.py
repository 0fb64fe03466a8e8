"""Why the cause of an incident is thought to be it, in a few lines that lead to their evidence."""

from collections.abc import Iterator
from urllib.parse import quote

from aiops.model import Cause, CauseKind, ChangeVerdict, Incident, IncidentEvidence, RootCause, names, value_of
from aiops.presentation.cause_kinds import LAST_SEEN, SLOW_KINDS
from aiops.presentation.filters import duration
from aiops.presentation.headline import ALONE
from aiops.presentation.leads import Lead
from aiops.presentation.numbers import percent
from aiops.presentation.ruled_out import raises_before


def reasons(one: Incident, evidence: IncidentEvidence | None) -> Iterator[Lead]:
    """Yield why the cause is thought to be it, the most telling first."""
    root = one.root_cause
    if root is None:
        if one.no_cause:
            yield Lead(f"{one.no_cause[:1].upper()}{one.no_cause[1:]}", "#symptoms", "the symptoms")
        return
    cause = root.cause
    if root.from_metrics or cause.kind in (CauseKind.MACHINE, CauseKind.TRAFFIC):
        yield Lead(
            _begun(root),
            "#metrics" if root.from_metrics else "#symptoms",
            "the way that metrics show" if root.from_metrics else "the symptoms",
        )
    accepted = next((each for each in root.changes_considered if each.verdict == ChangeVerdict.ACCEPTED), None)
    if accepted is not None and accepted.new is not None:
        (bad, good), (other_bad, other_good) = accepted.new, accepted.old or (0, 0)
        served = f"{bad} of {bad + other_bad} bad requests and {good} of {good + other_good} good ones"
        yield Lead(
            f"It began with the {root.change}. That version served {served} of the same time",
            "#changes",
            "the changes considered",
        )
    elif root.change:
        yield Lead(f"It began with the {root.change}")
    else:
        for each in [one for one in root.dimensions if one.share_of_bad >= ALONE][:1]:
            shares = f"{percent(each.share_of_bad)} of the bad requests, {percent(each.share_of_good)} of the good ones"
            yield Lead(f"{each.attribute} is {each.value} in {shares}", "#shared", "what the bad requests share")
    found = [*_spans(one, cause, evidence), *_numbers(cause, evidence)]
    yield from found
    if not found and not root.from_metrics and cause.kind not in (CauseKind.MACHINE, CauseKind.TRAFFIC):
        yield Lead(_begun(root), "#symptoms", "the symptoms")


def _begun(root: RootCause) -> str:
    """The description as a sentence: names of services keep their first letter."""
    text = root.description
    named = text.startswith(tuple(filter(None, (root.cause.service, root.cause.caller))))
    return text if named else f"{text[:1].upper()}{text[1:]}"


def _spans(one: Incident, cause: Cause, evidence: IncidentEvidence | None) -> Iterator[Lead]:
    span = one.first_failing_span
    if span is None or cause.kind in SLOW_KINDS:
        return
    error = span.exception.rpartition(".")[2]
    said = f"{error}: {span.status}" if error and error != span.status else span.status
    link = f"/traces/{quote(span.trace_id)}?span={quote(span.span_id)}"
    if cause.kind in LAST_SEEN:
        callers = cause.caller or " and ".join(_callers(one, cause)) or span.service
        yield Lead(f"Requests were last seen leaving {callers} for {cause.service}: {said}", link, "the failing span")
    else:
        share = f"in {percent(span.share_of_traces)} of the bad traces"
        before = raises_before(cause, evidence) if cause.kind == CauseKind.ERRORS else None
        if span.service == cause.service and before is not None:
            where = f"{cause.service} itself raises it" + (
                f": no bad request has a call to {before}, good ones have" if before else ", and calls nothing"
            )
            yield Lead(f"{said}, {share}. {where}", link, "the failing span")
        else:
            yield Lead(f"The first failing span says {said}, {share}", link, "the failing span")


def _callers(one: Incident, cause: Cause) -> list[str]:
    """The services whose calls to the cause are in trouble."""
    calls = [series for series, _ in one.symptoms if value_of(series, names.CALLEE) == cause.service]
    return sorted({value_of(series, names.CALLER) for series in calls})


def _numbers(cause: Cause, evidence: IncidentEvidence | None) -> Iterator[Lead]:
    if evidence is None:
        return
    good, bad = evidence.seconds
    if cause.kind == CauseKind.NETWORK and good is not None and bad is not None:
        yield Lead(
            f"{cause.service} itself takes {duration(bad)} (normally {duration(good)}): the rest is lost on the way",
            "#tree",
            "the tree of calls",
        )
    nodes = evidence.anatomy.nodes if evidence.anatomy is not None else ()
    if cause.kind in SLOW_KINDS and nodes:
        most = max(nodes, key=lambda node: node.share_of_excess)
        where = (
            f"spent in {most.service} → {most.callee} {most.operation}"
            if most.callee
            else f"{most.service}'s own work in {most.operation}, without its calls"
        )
        yield Lead(
            f"{percent(most.share_of_excess)} of the longer time is {where}: "
            f"{duration(most.time[1])}, normally {duration(most.time[0])}",
            "#tree",
            "where the time goes",
        )
    changed = evidence.anatomy.changed_calls if evidence.anatomy is not None else ()
    told = cause.kind == CauseKind.ERRORS and raises_before(cause, evidence) is not None
    for each in changed[:1] if cause.kind not in LAST_SEEN and not told else ():
        words = {"missing": "do not make", "added": "also make", "more": "make more often", "fewer": "make less often"}
        yield Lead(
            f"Bad requests {words.get(each.what, each.what)} the call {each.call}", "#calls", "the calls that changed"
        )
