"""Which findings form one incident, and in which state it is. Pure computation, no I/O."""

from aiops.incidents.dismissing import is_dismissed
from aiops.incidents.life import acknowledge, resolve, with_help
from aiops.incidents.muting import Mutes, muted
from aiops.incidents.reconcile import reconcile
from aiops.incidents.surroundings import ResolutionPolicy, Surroundings
from aiops.model.errors import NotPossible

__all__ = [
    "Mutes",
    "NotPossible",
    "ResolutionPolicy",
    "Surroundings",
    "acknowledge",
    "is_dismissed",
    "muted",
    "reconcile",
    "resolve",
    "with_help",
]
