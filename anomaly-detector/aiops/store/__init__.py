"""What must survive: incidents, their notifications and audit in SQL; what the detector learned in a snapshot."""

from aiops.store.alerts import SqlAlerts
from aiops.store.incidents import Change, SqlIncidents
from aiops.store.opening import open_store, open_to_read
from aiops.store.snapshot import Snapshots

__all__ = ["Change", "Snapshots", "SqlAlerts", "SqlIncidents", "open_store", "open_to_read"]
