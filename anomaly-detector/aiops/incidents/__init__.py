"""Which findings are one incident, and where in its life is it? Pure."""

from aiops.incidents.life import NotPossible, acknowledge, resolve
from aiops.incidents.reconcile import Habits, Surroundings, reconcile

__all__ = ["Habits", "NotPossible", "Surroundings", "acknowledge", "reconcile", "resolve"]
