"""Actions of remediation: what people may ask of them and do to them, and the work that the engine does on them."""

from aiops.service.actions.actions import ActionService
from aiops.service.actions.remedies import Remedies

__all__ = ["ActionService", "Remedies"]
