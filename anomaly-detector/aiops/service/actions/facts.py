"""What the gate is told: the present evidence, the blast radius, budgets and earlier actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiops.act.blast import blast_of
from aiops.act.gate import GateFacts
from aiops.act.policy import ActionRule
from aiops.act.proposals import grounds_of, grounds_of_alert
from aiops.engine import Engine
from aiops.model import (
    Action,
    ActionEvidence,
    Alert,
    AlertState,
    BlastRadius,
    Incident,
    IncidentState,
    Server,
    Slo,
    names,
)
from aiops.model.errors import NotFound, SourceError
from aiops.service.details import ServiceDetails
from aiops.service.map import MapService
from aiops.store import SqlActions, SqlAlerts, SqlIncidents

DAY: Final = 86_400.0
ALERT: Final = "alert "


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFacts:
    """Reads the facts. What cannot be read is a problem among the facts, and refuses. Raises StoreError."""

    engine: Engine
    incidents: SqlIncidents
    alerts: SqlAlerts
    store: SqlActions
    map: MapService
    details: ServiceDetails
    commands: bool

    def of(self, action: Action, rule: ActionRule | None, problem: str = "") -> GateFacts:
        """Return the facts for a decision on an action."""
        now = self.engine.clock.now()
        evidence = self.evidence(action.evidence)
        blast, failed = self.blast(action.target, rule)
        return GateFacts(
            now=now,
            evidence=evidence,
            blast=blast,
            earlier=[one for one in self.store.earlier(now - DAY, action.evidence.subject) if one.id != action.id],
            spent=self._spent(blast.services),
            commands=self.commands,
            problem="; ".join(filter(None, (problem, failed))),
        )

    def evidence(self, before: ActionEvidence) -> ActionEvidence | None:
        """Return what the subject of some evidence says now; None where it is over."""
        if before.subject.startswith(ALERT):
            alert = self.alert(before)
            return grounds_of_alert(alert, before.service) if alert is not None and _fires(alert) else None
        found = self.incidents.get(before.subject)
        return grounds_of(found) if found is not None and found.state != IncidentState.RESOLVED else None

    def incident(self, action: Action) -> Incident | None:
        """Return the incident that an action is about; None for an alert."""
        subject = action.evidence.subject
        return None if subject.startswith(ALERT) else self.incidents.get(subject)

    def alert(self, evidence: ActionEvidence) -> Alert | None:
        """Return the alert that some evidence is about."""
        found = self.alerts.episodes([evidence.subject.removeprefix(ALERT)], evidence.episode)
        return next((one for one in found if one.starts_at == evidence.episode), None)

    def blast(self, target: str, rule: ActionRule | None) -> tuple[BlastRadius, str]:
        """Return the blast radius, and why it cannot be read ("" where it can)."""
        try:
            found = self.map.now()
            instances = self._instances(target) if rule is not None and rule.max_blast.instances is not None else None
        except SourceError as error:
            return BlastRadius((target,)), f"the blast radius cannot be read: {error}"
        calls = [(one.caller, one.callee, one.rate) for one in found.calls if one.caller]
        return blast_of(target, calls, {name: node.rate for name, node in found.nodes.items() if name}, instances), ""

    def _instances(self, target: str) -> int | None:
        try:
            return len(self.details.senders(target).values.get(names.SERVICE_INSTANCE, ())) or None
        except NotFound:
            return None

    def _spent(self, services: Sequence[str]) -> list[str]:
        found = (one.slo for one in self.engine.budgets.statuses if one.budget.left <= 0)
        return sorted({one.name for one in found if _service(one) in services})


def _service(slo: Slo) -> str:
    return slo.indicator.service if isinstance(slo.indicator, Server) else slo.service


def _fires(alert: Alert) -> bool:
    return alert.state == AlertState.FIRING
