"""The evidence of an incident's cause: its numbers, the traces that show it, and where they were read.

See docs/methods.md, The evidence of a cause.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from statistics import median
from typing import Final

import numpy as np

from aiops.explain import wilson, wording
from aiops.explain.anatomy import anatomy
from aiops.explain.attribution import Attribution, Vote, entries_of
from aiops.explain.cause import spans_at, strongest
from aiops.explain.latency import comparable, side_by_side
from aiops.explain.own import places
from aiops.explain.places import VICTIM, Place, place_of, shares_of
from aiops.explain.requests import RequestWork
from aiops.explain.waits import Waits
from aiops.explain.wanted import beside
from aiops.explain.wording import SLOW
from aiops.model import (
    Cause,
    CauseVotes,
    Explained,
    Family,
    Finding,
    IncidentEvidence,
    MeasuredSymptom,
    Population,
    RequestAnatomy,
    Span,
    Trace,
    TraceQuestion,
    names,
    value_of,
)

SYMPTOMS: Final = 8
VOTES: Final = 5
QUESTIONS: Final = 8
"""Symptoms, causes and questions that are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTraces:
    """The traces that were read for a finding, and what was asked for: `bad_wanted` until the last time. beside: any of
    the time of slow ones."""

    good_wanted: Population
    bad_wanted: Population
    good: Sequence[Trace]
    bad: Sequence[Trace]
    beside: Sequence[Trace] = ()


ReadAttribution = tuple[Attribution, ReadTraces | None]
"""What the traces of a finding say, and these traces, where any were read."""


def evidence_of(
    group: Explained, told: Sequence[ReadAttribution], described: Callable[[Population], str], at: float
) -> IncidentEvidence:
    """Take the evidence of a group at a time (Unix seconds). told: all of its findings. described: says a question for
    traces in the words of their store."""
    cause = None if group.root_cause is None else group.root_cause.cause
    place = None if cause is None else place_of(cause)
    members = [one for one, _ in told]
    known = sorted(((one, read) for one, read in told if read is not None), key=lambda pair: _order(pair[0], place))
    shown = next(((one, read) for one, read in known if one.votes and read.good and read.bad), None)
    good, bad = spans_at(cause, members)[::-1] if cause is not None else ([], [])
    worst = sorted(zip(group.findings, group.texts, strict=True), key=lambda one: (-_score(one[0]), one[0].series))
    asked = sorted(known, key=lambda pair: pair != shown)
    return IncidentEvidence(
        at=at,
        symptoms=tuple(_symptom(*one) for one in worst[:SYMPTOMS]),
        more_symptoms=max(0, len(worst) - SYMPTOMS),
        votes=_votes(members, place),
        spans=(len(good), len(bad)),
        seconds=(_median(good), _median(bad)),
        questions=tuple([one for _, read in asked for one in _questions(read, described)][:QUESTIONS]),
        read="" if shown is None else wording.where(shown[0].finding.series),
        anatomy=None if shown is None else _anatomy(*shown, cause),
    )


def _order(one: Attribution, place: Place | None) -> tuple[object, ...]:
    """Sort key of a finding, the one whose requests are best shown first: of those whose trouble is mostly this cause
    the nearest to the users, because its requests have the whole way to the cause; else the one that it holds most."""
    share = 1.0 if place is None else shares_of(one).get(place, 0.0)
    mostly = share >= VICTIM
    callee = value_of(one.finding.series, names.CALLEE)
    return (
        not mostly,
        0.0 if mostly else -share,
        len(one.upstream),
        callee != "",
        -len(one.traces),
        one.finding.series,
        one.finding.family,
    )


def _anatomy(one: Attribution, read: ReadTraces, cause: Cause | None) -> RequestAnatomy | None:
    """The requests of a finding side by side; None where no good or no bad trace has such a request."""
    bad = entries_of(read.bad_wanted, read.bad)
    ids = {entry.trace_id for _, entry in bad}
    good = [pair for pair in entries_of(read.bad_wanted, read.good) if pair[1].trace_id not in ids]
    if not bad or not good:
        return None
    if one.finding.family == Family.LATENCY:
        good = list(comparable(good, read.bad_wanted.threshold))
    table, entries, is_bad = side_by_side(good, bad)
    waits = Waits.of(table)
    return anatomy(table, waits, entries, is_bad, _clearest(one, cause, RequestWork.of(table, waits, entries, is_bad)))


def _clearest(one: Attribution, cause: Cause | None, requests: RequestWork) -> list[str]:
    """Traces that show a cause, the clearest first: those that spend most time there, or failed there first."""
    if cause is None:
        return []
    votes = [vote for vote in one.votes if place_of(vote.cause) == place_of(cause)]
    if cause.kind not in SLOW:
        spans = sorted((span for vote in votes for span in vote.spans), key=lambda span: (span.start, span.span_id))
        return list(dict.fromkeys(span.trace_id for span in spans))
    named, table = places(requests), requests.table
    there = np.array([place_of(each) == place_of(cause) for each in named.causes])[named.at]
    seconds = (requests.waits.own[requests.rows] * requests.waited)[there]
    lost = np.bincount(requests.entry[there], seconds, len(requests.entries))
    order = np.lexsort((requests.entries, -lost))
    bad = [at for at in order.tolist() if lost[at] > 0 and requests.bad[at]]
    return [table.traces[table.trace[requests.entries[at]]] for at in bad]


def _votes(members: Sequence[Attribution], place: Place | None) -> tuple[CauseVotes, ...]:
    """The votes of the finding that speaks most surely for the place, its own first."""
    if not members:
        return ()
    best = max(members, key=lambda one: len(one.traces)) if place is None else strongest(place, members)
    ordered: list[Vote] = sorted(best.votes, key=lambda vote: (place_of(vote.cause) != place, -vote.evidence))
    return tuple(
        CauseVotes(
            cause=vote.cause,
            traces=vote.evidence,
            of=vote.traces,
            confidence=wilson.centre(vote.evidence, vote.traces),
            interval=vote.interval,
        )
        for vote in ordered[:VOTES]
    )


def _questions(read: ReadTraces, described: Callable[[Population], str]) -> list[TraceQuestion]:
    return [
        TraceQuestion(
            service=one.service,
            route=one.route,
            method=one.method,
            callee=one.callee,
            kind=one.kind,
            threshold=one.threshold,
            window=one.window,
            limit=one.limit,
            traces=len(came),
            query=described(one),
        )
        for one, came in (
            (read.bad_wanted, read.bad),
            (read.good_wanted, read.good),
            *(((beside(read.bad_wanted), read.beside),) if read.beside else ()),
        )
        if one is not None
    ]


def _symptom(found: Finding, text: str) -> MeasuredSymptom:
    values = (found.score, found.observed, found.expected, found.bad, found.total)
    score, observed, expected, bad, total = (value if isfinite(value) else None for value in values)
    return MeasuredSymptom(
        series=found.series,
        family=str(found.family),
        text=text,
        onset=found.onset,
        at=found.at,
        score=score,
        observed=observed,
        expected=expected,
        bad=bad,
        total=total,
    )


def _score(found: Finding) -> float:
    return -1.0 if isnan(found.score) else found.score


def _median(spans: Sequence[Span]) -> float | None:
    return median(span.duration for span in spans) if spans else None
