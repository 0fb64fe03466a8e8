"""Two populations of requests compared, as the document that API and command line share."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Final

from aiops.explain import wording
from aiops.explain.anatomy import anatomy
from aiops.explain.comparison import Candidate, Comparison, compared
from aiops.explain.evidence import sentences
from aiops.explain.excess import Excess
from aiops.explain.shape import NewShape
from aiops.explain.table import RowNumbers, SpanColumns
from aiops.explain.waits import Waits
from aiops.model import TraceQuestion
from aiops.model.arrays import Bools
from aiops.presentation.documents import explanation as documents
from aiops.presentation.evidence import anatomy_document, cause_fields, question_document

NO_CAUSE: Final = "no cause found: what differs between the bad and the good requests may be chance"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRequests:
    """Where good and bad requests come from: each in words, the store and its questions, and what was left out."""

    good: str
    bad: str
    store: str | None = None
    questions: Sequence[TraceQuestion] = ()
    notes: Sequence[str] = ()


def explanation(table: SpanColumns, entries: RowNumbers, bad: Bools, asked: AskedRequests) -> documents.Explanation:
    """Compare the requests that begin at these rows of a table. bad: which of them are bad ones. Raises ValueError
    where there are not both, good and bad requests."""
    waits = Waits.of(table)
    found = compared(table, entries, bad, waits)
    clearest = found.candidates[0].traces if found.candidates else ()
    named = next((one for one in found.candidates[:1] if one.named), None)
    return documents.Explanation(
        good=documents.ComparedRequests(requests=found.good, which=asked.good),
        bad=documents.ComparedRequests(requests=found.bad, which=asked.bad),
        failing=_ratios(found.failing),
        slow=documents.SlowRatios(good=found.slow[0], bad=found.slow[1], longer_than_seconds=found.limit),
        median_seconds=_ratios(found.seconds),
        cause=None if named is None else wording.title(named.cause),
        no_cause=None if named is not None else NO_CAUSE,
        services=list(dict.fromkeys(one.cause.service for one in found.candidates)),
        candidates=[_candidate(found, one) for one in found.candidates],
        anatomy=anatomy_document(anatomy(table, waits, entries, bad, clearest)),
        store=asked.store,
        questions=[question_document(one) for one in asked.questions],
        notes=list(asked.notes),
    )


def _candidate(found: Comparison, one: Candidate) -> documents.CauseCandidate:
    return documents.CauseCandidate.model_validate(
        {
            **cause_fields(one.cause),
            "title": wording.title(one.cause),
            "named": one.named,
            "share": one.weight,
            "failing": one.failing,
            "slower": None if one.slower is None else _slower(one.slower),
            "shape": None if one.shape is None else _shape(one.shape),
            "evidence": sentences(found, one),
            "traces": list(one.traces),
        }
    )


def _slower(one: Excess) -> documents.SlowerPlace:
    return documents.SlowerPlace(
        seconds_a_request=one.seconds,
        standard_error=one.error,
        of_it_by_more_calls=one.more_calls,
        median_seconds_a_visit=documents.KnownRatios(good=_known(one.took), bad=_known(one.takes)),
        requests=len(one.entries),
    )


def _shape(one: NewShape) -> documents.OtherCalls:
    missing, added = ([" ".join(filter(None, call)) for call in calls] for calls in (one.missing, one.added))
    return documents.OtherCalls(
        share_of_visits=_ratios((one.usual, one.share)),
        interval=one.interval,
        visits=one.visits,
        missing=missing,
        added=added,
    )


def _ratios(of: tuple[float, float]) -> documents.Ratios:
    return documents.Ratios(good=of[0], bad=of[1])


def _known(value: float) -> float | None:
    return None if isnan(value) else value
