"""All that is kept of one incident."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiops.model import Alert, AuditRow, Change, Incident, IncidentEvidence
from aiops.model.catalog import Responsible
from aiops.service.picture import IncidentPicture


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRecord:
    """All that is kept of an incident. actions: rows of the audit, oldest first; changes: of the services it hits."""

    incident: Incident
    evidence: IncidentEvidence | None
    picture: IncidentPicture
    alerts: Sequence[Alert]
    alike: Sequence[Incident]
    changes: Sequence[Change]
    actions: Sequence[AuditRow]
    responsible: Responsible | None
    now: float
