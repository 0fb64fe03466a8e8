"""Is a promise being broken? Objectives, budgets, burn rates, and the rules made of them. Pure."""

from aiops.slo import lock, sloth
from aiops.slo.fields import Problem
from aiops.slo.grafana import provisioning
from aiops.slo.links import Links
from aiops.slo.lint import Note, lint
from aiops.slo.openslo import Objectives, read
from aiops.slo.proof import provable, scenarios, tests
from aiops.slo.rules import groups
from aiops.slo.writing import documents

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
    "read",
    "scenarios",
    "sloth",
    "tests",
]
