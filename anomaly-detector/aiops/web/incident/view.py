"""The page of one incident: charts, the chain of calls, reasons and rows, put together for its template."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiops.model import Alert, CauseKind, Family, Incident, IncidentEvidence, Trace
from aiops.presentation.cause_kinds import LAST_SEEN, SLOW_KINDS
from aiops.presentation.confidence import Confidence, confidence_of
from aiops.presentation.documents.base import Json
from aiops.presentation.evidence import evidence_document
from aiops.presentation.evidence_text import exemplar_pairs
from aiops.presentation.leads import Lead
from aiops.presentation.reasons import reasons
from aiops.presentation.timeline import TimelineRow, bursts
from aiops.service.picture import IncidentPicture
from aiops.web.chart import Chart
from aiops.web.incident.chain import Arrow, OtherCalls, arrows, chain_words, other_calls
from aiops.web.incident.charts import course, course_of, drawn, flags
from aiops.web.incident.episode import Lane, lanes
from aiops.web.incident.twins import Twin, twins
from aiops.web.tree import TreeRow, tree_rows

REASONS: Final = 3
"""Reasons that are shown at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """What the template draws of an incident beside its own fields."""

    cause: Chart | None
    hit: tuple[Chart, ...]
    flags: tuple[str, ...]
    chain: tuple[Arrow, ...]
    chain_words: str
    others: tuple[OtherCalls, ...]
    confidence: Confidence | None
    course_of: str | None
    usual_seconds: float | None
    span_named: bool
    may_be_normal: bool
    reasons: tuple[Lead, ...]
    course: tuple[Chart, ...]
    lanes: tuple[Lane, ...]
    timeline: tuple[TimelineRow, ...]
    evidence: Json | None
    tree: tuple[TreeRow, ...]
    pairs: tuple[tuple[Json, Json | None], ...]
    twins: tuple[Twin, Twin] | None


def incident_view(
    one: Incident,
    evidence: IncidentEvidence | None,
    picture: IncidentPicture,
    alerts: Sequence[Alert],
    pair: tuple[Trace, Trace] | None,
) -> IncidentView:
    """Put the page of an incident together. pair: a bad and a good trace of the same route."""
    marks = tuple(flags(one))
    document = None if evidence is None else evidence_document(evidence).model_dump()
    anatomy = document["anatomy"] if document else None
    root = one.root_cause
    chain = tuple(arrows(root.cause, picture.hops)) if root is not None else ()
    others = tuple(other_calls(root.cause, picture.others)) if root is not None else ()
    return IncidentView(
        cause=drawn(picture.cause, picture, marks) if picture.cause is not None else None,
        hit=tuple(drawn(each, picture, marks) for each in picture.hit),
        flags=tuple(dict.fromkeys(each.kind for each in marks)),
        chain=chain,
        chain_words=chain_words(chain),
        others=others,
        confidence=confidence_of(one, evidence, picture.others),
        course_of=course_of(picture.cause, one, picture.step),
        span_named=one.first_failing_span is not None
        and (root is None or root.cause.kind not in (*SLOW_KINDS, *LAST_SEEN)),
        may_be_normal=_may_be_normal(one),
        usual_seconds=next((each.usual[1] for each in picture.hops if not each.caller), None),
        reasons=tuple(reasons(one, evidence))[:REASONS],
        course=tuple(course(picture, marks)),
        lanes=tuple(lanes(picture, alerts)),
        timeline=tuple(bursts(one.timeline)),
        evidence=document,
        tree=tuple(tree_rows(anatomy["nodes"])) if anatomy else (),
        pairs=tuple(exemplar_pairs(anatomy["exemplars"])) if anatomy else (),
        twins=twins(*pair) if pair is not None else None,
    )


def _may_be_normal(one: Incident) -> bool:
    """Whether it makes sense to call the trouble normal: requests that take longer, or fewer requests; no failures."""
    cause = one.root_cause.cause if one.root_cause is not None else None
    return all(family in (Family.LATENCY, Family.TRAFFIC) for _, family in one.symptoms) and (
        cause is None or cause.kind in (*SLOW_KINDS, CauseKind.TRAFFIC)
    )
