"""What a post-mortem is made of: the incident and everything beside it, read once."""

from dataclasses import dataclass
from typing import Final

from aiops.model import Window
from aiops.presentation.documents.post_mortem import PostMortem
from aiops.service.alerts import AlertService
from aiops.service.audit import AuditService
from aiops.service.incidents import IncidentService
from aiops.service.picture import PictureService
from aiops.service.post_mortem.document import post_mortem_document
from aiops.service.post_mortem.record import IncidentRecord
from aiops.service.responsible import ResponsibleService

BEFORE: Final = 86_400.0
"""Seconds before the onset from which changes are listed."""
ACTIONS: Final = 200
"""Actions of people that are listed at most, the newest ones."""


@dataclass(slots=True)
class PostMortemService:
    """Post-mortems of incidents."""

    incidents: IncidentService
    alerts: AlertService
    picture: PictureService
    audit: AuditService
    responsible: ResponsibleService

    def of(self, name: str, base_url: str = "") -> PostMortem:
        """Return the post-mortem of an incident; links begin with `base_url`. Raises NotFound and StoreError."""
        one = self.incidents.get(name)
        now = self.incidents.engine.clock.now()
        evidence = self.incidents.evidence(one)
        end = now if one.resolved_at is None else one.resolved_at
        told, _ = self.audit.page(one.id, None, None, ACTIONS)
        mine = {*one.affected_services, *([one.service] if one.service else [])}
        record = IncidentRecord(
            incident=one,
            evidence=evidence,
            picture=self.picture.of(one, evidence),
            alerts=self.alerts.of(one),
            alike=self.incidents.alike(one),
            changes=[
                each
                for each in self.incidents.changes(Window(one.onset - BEFORE, max(end, one.onset)))
                if each.service in mine
            ],
            actions=told[::-1],
            responsible=self.responsible.of_incident(one),
            now=now,
        )
        return post_mortem_document(record, base_url)
