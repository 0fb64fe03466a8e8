"""Why? Populations of bad and good traces in, ranked causes with confidence and evidence out. Pure."""

from aiops.explain import wording
from aiops.explain.anatomy import anatomy
from aiops.explain.attribution import Attribution, Vote, attribute, refreshed
from aiops.explain.cause import explain
from aiops.explain.comparison import Candidate, Comparison, compared
from aiops.explain.doubt import doubted
from aiops.explain.evidence import sentences
from aiops.explain.incident_evidence import ReadAttribution, ReadTraces, evidence_of
from aiops.explain.places import owner
from aiops.explain.table import SpanColumns
from aiops.explain.wanted import populations
from aiops.explain.world import KnownServices

__all__ = [
    "Attribution",
    "Candidate",
    "Comparison",
    "KnownServices",
    "ReadAttribution",
    "ReadTraces",
    "SpanColumns",
    "Vote",
    "anatomy",
    "attribute",
    "compared",
    "doubted",
    "evidence_of",
    "explain",
    "owner",
    "populations",
    "refreshed",
    "sentences",
    "wording",
]
