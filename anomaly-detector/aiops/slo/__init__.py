"""Objectives (SLOs): error budgets, burn rates, and the rules generated from them. Pure computation, no I/O."""

from aiops.slo.rules import lock
from aiops.slo.rules.grafana import provisioning
from aiops.slo.rules.links import Links
from aiops.slo.rules.prometheus import groups
from aiops.slo.rules.proof import provable, scenarios, tests
from aiops.slo.rules.writing import documents
from aiops.slo.spec import sloth
from aiops.slo.spec.fields import Problem
from aiops.slo.spec.lint import Note, lint
from aiops.slo.spec.openslo import Objectives, read_objectives

__all__ = [
    "Links",
    "Note",
    "Objectives",
    "Problem",
    "documents",
    "groups",
    "lint",
    "lock",
    "provable",
    "provisioning",
    "read_objectives",
    "scenarios",
    "sloth",
    "tests",
]
