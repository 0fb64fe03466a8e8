"""Why? Populations of bad and good traces in, ranked causes with confidence and evidence out. Pure."""

from aiops.explain import wording
from aiops.explain.anatomy import anatomy
from aiops.explain.attribution import Attribution, Vote, attribute, refreshed
from aiops.explain.cause import explain
from aiops.explain.changes import CHANGES_SECONDS, considered, lately, touched, with_changes
from aiops.explain.comparison import Candidate, Comparison, compared
from aiops.explain.doubt import doubted
from aiops.explain.evidence import sentences
from aiops.explain.incident_evidence import ReadAttribution, ReadTraces, evidence_of
from aiops.explain.places import owner
from aiops.explain.table import SpanColumns
from aiops.explain.troubles import MetricsAlone
from aiops.explain.versions import SameTime, requests_of, to_compare
from aiops.explain.wanted import LIMIT, beside, populations
from aiops.explain.world import KnownServices

__all__ = [
    "CHANGES_SECONDS",
    "LIMIT",
    "Attribution",
    "Candidate",
    "Comparison",
    "KnownServices",
    "MetricsAlone",
    "ReadAttribution",
    "ReadTraces",
    "SameTime",
    "SpanColumns",
    "Vote",
    "anatomy",
    "attribute",
    "beside",
    "compared",
    "considered",
    "doubted",
    "evidence_of",
    "explain",
    "lately",
    "owner",
    "populations",
    "refreshed",
    "requests_of",
    "sentences",
    "to_compare",
    "touched",
    "with_changes",
    "wording",
]
