"""The page of one incident: charts, the chain of calls, reasons and rows, put together for its template."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final
from urllib.parse import quote

from aiops.model import (
    Alert,
    Cause,
    CauseKind,
    ChangeVerdict,
    Family,
    Incident,
    IncidentEvidence,
    Labels,
    RootCause,
    SeriesState,
    TimelineEntry,
    names,
    value_of,
)
from aiops.presentation.documents.base import Json
from aiops.presentation.evidence import evidence_document
from aiops.presentation.evidence_text import exemplar_pairs
from aiops.presentation.filters import duration, rate
from aiops.presentation.headline import ALONE
from aiops.presentation.numbers import percent
from aiops.presentation.words import place
from aiops.service.picture import Hop, IncidentPicture, JudgedHistory
from aiops.web.chart import Chart, Curves, Flag, chart, strip
from aiops.web.drawing import Shade
from aiops.web.tree import TreeRow, tree_rows

LIFE: Final = {
    SeriesState.NORMAL: "normal",
    SeriesState.SUSPECT: "suspect",
    SeriesState.INCIDENT: "incident",
    SeriesState.RECOVERING: "recovering",
}
SLOW: Final = (CauseKind.LATENCY, CauseKind.NETWORK, CauseKind.MACHINE)
LAST_SEEN: Final = (CauseKind.TIMEOUT, CauseKind.DOWN, CauseKind.DEPENDENCY)
"""Kinds whose failing spans are those of callers: the requests were last seen there."""
REASONS: Final = 3
BURST: Final = "anomaly"
ACTION: Final = "acknowledged"
"""What the timeline calls symptoms, and what somebody did."""
MOST_CHANGES: Final = 6
"""Changes that are marked in charts at most."""


@dataclass(frozen=True, slots=True)
class WhyLine:
    """One line of why, and where its evidence is: an anchor or an address, "" for none."""

    text: str
    link: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One step of the chain: what the arrow from `caller` says, and who is called; `loud`: it is worse than usual."""

    caller: str
    callee: str
    text: str
    loud: bool
    way_is_cause: bool
    is_cause: bool


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One entry of the timeline, or several of one kind at one time: then `entries` are more than one."""

    at: float
    what: str
    entries: tuple[TimelineEntry, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of the episode: a strip over time, with its name."""

    name: str
    shades: tuple[Shade, ...]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """What the template draws of an incident beside its own fields."""

    cause: Chart | None
    hit: tuple[Chart, ...]
    flags: tuple[str, ...]
    chain: tuple[Arrow, ...]
    chain_words: str
    usual_seconds: float | None
    span_named: bool
    may_be_normal: bool
    reasons: tuple[WhyLine, ...]
    course: tuple[Chart, ...]
    lanes: tuple[Lane, ...]
    timeline: tuple[TimelineRow, ...]
    evidence: Json | None
    tree: tuple[TreeRow, ...]
    pairs: tuple[tuple[Json, Json | None], ...]


def incident_view(
    one: Incident, evidence: IncidentEvidence | None, picture: IncidentPicture, alerts: Sequence[Alert]
) -> IncidentView:
    """Put the page of an incident together."""
    marks = tuple(_flags(one))
    document = None if evidence is None else evidence_document(evidence).model_dump()
    anatomy = document["anatomy"] if document else None
    drawn = _drawn(picture.cause, picture, marks) if picture.cause is not None else None
    arrows = tuple(_arrows(one.root_cause.cause, picture.hops)) if one.root_cause is not None else ()
    return IncidentView(
        cause=drawn,
        hit=tuple(_drawn(each, picture, marks) for each in picture.hit),
        flags=tuple(dict.fromkeys(each.kind for each in marks)),
        chain=arrows,
        chain_words=_chain_words(arrows),
        span_named=one.first_failing_span is not None
        and (one.root_cause is None or one.root_cause.cause.kind not in (*SLOW, *LAST_SEEN)),
        may_be_normal=_may_be_normal(one),
        usual_seconds=next((each.usual[1] for each in picture.hops if not each.caller), None),
        reasons=tuple(_reasons(one, evidence))[:REASONS],
        course=tuple(_course(picture, marks)),
        lanes=tuple(_lanes(picture, alerts)),
        timeline=tuple(bursts(one.timeline)),
        evidence=document,
        tree=tuple(tree_rows(anatomy["nodes"])) if anatomy else (),
        pairs=tuple(exemplar_pairs(anatomy["exemplars"])) if anatomy else (),
    )


def is_slow(one: Incident) -> bool:
    """Whether the trouble costs time, rather than answers."""
    if one.root_cause is not None:
        return one.root_cause.cause.kind in SLOW
    return all(family == Family.LATENCY for _, family in one.symptoms)


def _may_be_normal(one: Incident) -> bool:
    """Whether it makes sense to call the trouble normal: requests that take longer, or fewer requests; no failures."""
    cause = one.root_cause.cause if one.root_cause is not None else None
    return all(family in (Family.LATENCY, Family.TRAFFIC) for _, family in one.symptoms) and (
        cause is None or cause.kind in (*SLOW, CauseKind.TRAFFIC)
    )


def bursts(timeline: Sequence[TimelineEntry]) -> Iterator[TimelineRow]:
    """Yield a timeline, newest first; symptoms that began at one time are one row."""
    rows: list[list[TimelineEntry]] = []
    for entry in timeline:
        last = rows[-1][0] if rows else None
        if last is not None and entry.what == last.what == BURST and entry.at == last.at:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    for row in reversed(rows):
        yield TimelineRow(row[0].at, row[0].what, tuple(row))


def series_words(series: Labels, family: str) -> str:
    """Write what a series counts: `Failing requests of payment POST /payment`."""
    caller = value_of(series, names.CALLER)
    parts = (value_of(series, key) for key in (names.SERVICE, names.METHOD, names.ROUTE))
    where = f"{caller} → {value_of(series, names.CALLEE)}" if caller else " ".join(filter(None, parts))
    what = "calls" if caller else "requests"
    return {
        Family.ERRORS: f"{where}: failing {what}",
        Family.LATENCY: f"{where}: duration",
        Family.TRAFFIC: f"{where}: requests",
        Family.SILENCE: f"{where}: telemetry",
    }.get(Family(family), f"{where}: {family}")


def _drawn(of: JudgedHistory, picture: IncidentPicture, marks: Sequence[Flag]) -> Chart:
    amount = {Family.ERRORS: percent, Family.LATENCY: duration}.get(of.family, lambda value: f"{value:,.3g}")
    return chart(
        Curves(
            title=series_words(of.series, of.family),
            window=picture.window,
            step=picture.step,
            times=of.times,
            lines={"observed": of.observed, "expected": of.expected},
            amount=amount,
            lower=of.lower,
            upper=of.upper,
            flags=marks,
        )
    )


def _course(picture: IncidentPicture, marks: Sequence[Flag]) -> Iterator[Chart]:
    """Draw the requests of users and the score of the cause's series."""
    if picture.traffic:
        times = [at for at, _ in picture.traffic]
        yield chart(
            Curves(
                title="requests of users",
                window=picture.window,
                step=times[1] - times[0] if len(times) > 1 else picture.step,
                times=times,
                lines={"observed": [value for _, value in picture.traffic]},
                amount=rate,
                flags=marks,
            )
        )
    cause = picture.cause
    if cause is not None:
        yield chart(
            Curves(
                title="score of the cause's series, above 1 is unusual",
                window=picture.window,
                step=picture.step,
                times=cause.times,
                lines={"observed": cause.score},
                amount=lambda value: f"{value:.2g}",
                lower=[0.0] * len(cause.times),
                upper=[1.0] * len(cause.times),
                flags=marks,
            )
        )


def _flags(one: Incident) -> Iterator[Flag]:
    yield Flag(one.onset, "onset", "the trouble begins")
    detected = one.episode.detected
    if detected > one.onset:
        yield Flag(detected, "detected", "it is found")
    considered = one.root_cause.changes_considered if one.root_cause is not None else ()
    for each in [one for one in considered if one.verdict != ChangeVerdict.REJECTED][:MOST_CHANGES]:
        change = each.change
        yield Flag(change.at, "change", f"{change.kind} of {change.service} {change.version}".rstrip())
    for entry in [entry for entry in one.timeline if entry.what == ACTION][-MOST_CHANGES:]:
        yield Flag(entry.at, "action", entry.text)
    if one.resolved_at is not None:
        yield Flag(one.resolved_at, "over", "it is over")


def _arrows(cause: Cause, hops: Sequence[Hop]) -> Iterator[Arrow]:
    slow = cause.kind in SLOW
    for hop in hops:
        text, loud = _slower(hop) if slow else _failing(hop)
        yield Arrow(
            caller=hop.caller or "users",
            callee=hop.callee,
            text=text,
            loud=loud,
            way_is_cause=hop.cause,
            is_cause=hop.callee == cause.service and cause.kind != CauseKind.NETWORK,
        )


def _failing(hop: Hop) -> tuple[str, bool]:
    if hop.failing is None:
        return "", False
    usual = hop.usual[0] or 0.0
    return f"{percent(hop.failing)} fail", hop.failing > max(2 * usual, 0.01)


def _slower(hop: Hop) -> tuple[str, bool]:
    if hop.seconds is None:
        return "", False
    usual = hop.usual[1]
    if usual is None or not isfinite(usual):
        return duration(hop.seconds), False
    more = hop.seconds - usual
    return (f"+{duration(more)}", True) if more > 0.1 * usual else (duration(hop.seconds), False)


def _chain_words(arrows: Sequence[Arrow]) -> str:
    said = [f"{one.caller} to {one.callee}{f': {one.text}' if one.text else ''}" for one in arrows]
    cause = next((f"the way from {one.caller} to {one.callee}" for one in arrows if one.way_is_cause), "") or next(
        (one.callee for one in arrows if one.is_cause), ""
    )
    return f"Calls from {'; '.join(said)}." + (f" The cause is {cause}." if cause else "") if said else ""


def _reasons(one: Incident, evidence: IncidentEvidence | None) -> Iterator[WhyLine]:
    """Yield why the cause is thought to be it, the most telling first."""
    root = one.root_cause
    if root is None:
        if one.no_cause:
            yield WhyLine(f"{one.no_cause[:1].upper()}{one.no_cause[1:]}", "#symptoms", "what is seen")
        return
    cause = root.cause
    if root.from_metrics or cause.kind in (CauseKind.MACHINE, CauseKind.TRAFFIC):
        yield WhyLine(
            _begun(root),
            "#metrics" if root.from_metrics else "#symptoms",
            "numbers",
        )
    accepted = next((each for each in root.changes_considered if each.verdict == ChangeVerdict.ACCEPTED), None)
    if accepted is not None and accepted.new is not None:
        (bad, good), (other_bad, other_good) = accepted.new, accepted.old or (0, 0)
        served = f"{bad} of {bad + other_bad} bad requests and {good} of {good + other_good} good ones"
        yield WhyLine(f"It came with the {root.change}, which served {served} of the same time", "#changes", "changes")
    elif root.change:
        yield WhyLine(f"It came with the {root.change}")
    else:
        for each in [one for one in root.dimensions if one.share_of_bad >= ALONE][:1]:
            shares = f"{percent(each.share_of_bad)} of the bad requests, {percent(each.share_of_good)} of the good ones"
            yield WhyLine(f"{each.attribute} is {each.value} in {shares}", "#shared", "what they share")
    yield from _spans(one, cause)
    yield from _numbers(cause, evidence)
    located = cause.kind in SLOW and evidence is not None and evidence.anatomy is not None
    if not located and not root.from_metrics and cause.kind not in (CauseKind.MACHINE, CauseKind.TRAFFIC):
        yield WhyLine(_begun(root), "#symptoms", "numbers")


def _begun(root: RootCause) -> str:
    """The description as a sentence: names of services keep their first letter."""
    text = root.description
    named = text.startswith(tuple(filter(None, (root.cause.service, root.cause.caller))))
    return text if named else f"{text[:1].upper()}{text[1:]}"


def _spans(one: Incident, cause: Cause) -> Iterator[WhyLine]:
    span = one.first_failing_span
    if span is None or cause.kind in SLOW:
        return
    error = span.exception.rpartition(".")[2]
    said = f"{error}: {span.status}" if error and error != span.status else span.status
    link = f"/traces/{quote(span.trace_id)}?span={quote(span.span_id)}"
    if cause.kind in LAST_SEEN:
        callers = cause.caller or " and ".join(_callers(one, cause)) or span.service
        yield WhyLine(f"Requests were last seen leaving {callers} for {cause.service}: {said}", link, "a trace")
    else:
        share = f"in {percent(span.share_of_traces)} of the bad traces"
        yield WhyLine(f"The first failing span says {said}, {share}", link, "a trace")


def _callers(one: Incident, cause: Cause) -> list[str]:
    """The services whose calls to the cause are in trouble."""
    calls = [series for series, _ in one.symptoms if value_of(series, names.CALLEE) == cause.service]
    return sorted({value_of(series, names.CALLER) for series in calls})


def _numbers(cause: Cause, evidence: IncidentEvidence | None) -> Iterator[WhyLine]:
    if evidence is None:
        return
    good, bad = evidence.seconds
    if cause.kind == CauseKind.NETWORK and good is not None and bad is not None:
        yield WhyLine(
            f"{cause.service} itself takes {duration(bad)} (normally {duration(good)}): the rest is lost on the way",
            "#tree",
            "tree",
        )
    nodes = evidence.anatomy.nodes if evidence.anatomy is not None else ()
    if cause.kind in SLOW and nodes:
        most = max(nodes, key=lambda node: node.share_of_excess)
        where = (
            f"spent in {most.service} → {most.callee} {most.operation}"
            if most.callee
            else f"{most.service}'s own work in {most.operation}, without its calls"
        )
        yield WhyLine(
            f"{percent(most.share_of_excess)} of the longer time is {where}: "
            f"{duration(most.time[1])}, normally {duration(most.time[0])}",
            "#tree",
            "where the time goes",
        )
    votes = next((each for each in evidence.votes if each.cause.service == cause.service), None)
    if votes is not None:
        told = f"{votes.traces:.0f} of {votes.of} bad traces point to {place(votes.cause)}"
        yield WhyLine(told, "#tree" if nodes else "#queries", "evidence")
    changed = evidence.anatomy.changed_calls if evidence.anatomy is not None else ()
    for each in changed[:1] if cause.kind not in LAST_SEEN else ():
        words = {"missing": "do not make", "added": "also make", "more": "make more often", "fewer": "make less often"}
        yield WhyLine(f"Bad requests {words.get(each.what, each.what)} the call {each.call}", "#calls", "changed calls")


def _lanes(picture: IncidentPicture, alerts: Sequence[Alert]) -> Iterator[Lane]:
    """The states of the series, and when alerts of other rules fired, on the axis of the charts."""
    for each in (*([picture.cause] if picture.cause is not None else []), *picture.hit):
        kinds = [LIFE[state] for state in each.states]
        shades = strip(picture.window, each.times, kinds, picture.step)
        yield Lane(series_words(each.series, each.family), shades, f"now {kinds[-1]}" if kinds else "")
    for alert in alerts:
        end = min(alert.ends_at if alert.ends_at is not None else picture.window.end, picture.window.end)
        start = max(alert.starts_at, picture.window.start)
        if start < end:
            shades = strip(picture.window, [end], ["firing"], end - start)
            yield Lane(f"Alert {alert.name or 'without a name'}", shades, str(alert.state))
