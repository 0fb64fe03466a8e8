"""The page of one incident."""

from aiops.web.incident.view import IncidentView, incident_view, is_slow

__all__ = ["IncidentView", "incident_view", "is_slow"]
