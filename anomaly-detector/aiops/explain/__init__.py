"""Why? Populations of bad and good traces in, ranked causes with confidence and evidence out. Pure."""

from aiops.explain import wording
from aiops.explain.anatomy import anatomy
from aiops.explain.attribution import Attribution, Vote, attribute, entries_of, refreshed
from aiops.explain.cause import explain
from aiops.explain.changes import CHANGES_SECONDS, considered, lately, touched, with_changes
from aiops.explain.comparison import Candidate, Comparison, compared
from aiops.explain.dimensions import differences
from aiops.explain.doubt import doubted
from aiops.explain.explanation import AskedRequests, explanation
from aiops.explain.incident_evidence import ReadAttribution, ReadTraces, evidence_of
from aiops.explain.latency import side_by_side
from aiops.explain.places import owner
from aiops.explain.span_times import SpanTimes, span_times
from aiops.explain.table import SpanColumns
from aiops.explain.troubles import MetricsAlone
from aiops.explain.versions import SameTime, requests_of, to_compare
from aiops.explain.wanted import LIMIT, begins, beside, earlier, populations
from aiops.explain.world import KnownServices

__all__ = [
    "CHANGES_SECONDS",
    "LIMIT",
    "AskedRequests",
    "Attribution",
    "Candidate",
    "Comparison",
    "KnownServices",
    "MetricsAlone",
    "ReadAttribution",
    "ReadTraces",
    "SameTime",
    "SpanColumns",
    "SpanTimes",
    "Vote",
    "anatomy",
    "attribute",
    "begins",
    "beside",
    "compared",
    "considered",
    "differences",
    "doubted",
    "earlier",
    "entries_of",
    "evidence_of",
    "explain",
    "explanation",
    "lately",
    "owner",
    "populations",
    "refreshed",
    "requests_of",
    "side_by_side",
    "span_times",
    "to_compare",
    "touched",
    "with_changes",
    "wording",
]
