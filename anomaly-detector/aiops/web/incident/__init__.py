"""The page of one incident."""

from aiops.web.incident.view import IncidentView, incident_view

__all__ = ["IncidentView", "incident_view"]
