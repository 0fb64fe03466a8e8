"""Data that must survive: incidents with their announcements and audit in SQL, and what the detector learned in a
snapshot."""

from aiops.store.accepted import SqlAccepted
from aiops.store.access import SqlAccess
from aiops.store.actions import SqlActions
from aiops.store.alerts import SqlAlerts
from aiops.store.audit import SqlAudit
from aiops.store.drills import SqlDrills
from aiops.store.escalations import SqlEscalations
from aiops.store.incidents import SqlIncidents
from aiops.store.objectives import SqlObjectives
from aiops.store.opening import open_store, open_to_read
from aiops.store.outbox import SqlOutbox
from aiops.store.rings import Rings
from aiops.store.snapshot import Snapshots
from aiops.store.users import SqlUsers

__all__ = [
    "Rings",
    "Snapshots",
    "SqlAccepted",
    "SqlAccess",
    "SqlActions",
    "SqlAlerts",
    "SqlAudit",
    "SqlDrills",
    "SqlEscalations",
    "SqlIncidents",
    "SqlObjectives",
    "SqlOutbox",
    "SqlUsers",
    "open_store",
    "open_to_read",
]
