"""What to do about an incident, as a notification names it: by everything that is stored around it."""

from collections.abc import Sequence
from typing import Final

from aiops.model import Incident, Window
from aiops.model.errors import SourceError, StoreError
from aiops.presentation.advice import AdviceFacts, advice
from aiops.presentation.leads import Lead
from aiops.service.use_cases import UseCases

CHANGES_BEFORE: Final = 7 * 86_400.0
"""Seconds before the onset in which changes are looked for."""


def advised(use_cases: UseCases, one: Incident) -> Sequence[Lead] | None:
    """Return what to do now, the most promising first; None where a store does not answer. Telemetry is not read, so
    that a notification never waits for it."""
    try:
        hit = {impact.slo for impact in one.slo_impact}
        around = AdviceFacts(
            objectives=[slo for slo in use_cases.engine.budgets.objectives.slos if slo.name in hit],
            alerts=use_cases.alerts.of(one),
            alike=use_cases.incidents.alike(one),
            changes=use_cases.incidents.changes(Window(one.onset - CHANGES_BEFORE, one.onset)),
        )
        return advice(one, use_cases.incidents.evidence(one), around, use_cases.now())
    except (SourceError, StoreError):
        return None
