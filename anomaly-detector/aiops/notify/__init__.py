"""Notifications: who is told about incidents and burns, how and when."""

from aiops.notify.alertmanager import EVERY, Alertmanager
from aiops.notify.channels import BadChannel, channels_of
from aiops.notify.delivery import Channel, Deliveries
from aiops.notify.file import RouteFile
from aiops.notify.notifiers import Leads, LogNotifier, WebhookNotifier, Writer
from aiops.notify.reading import BadRoutes, load_routes
from aiops.notify.routing import Routing

__all__ = [
    "EVERY",
    "Alertmanager",
    "BadChannel",
    "BadRoutes",
    "Channel",
    "Deliveries",
    "Leads",
    "LogNotifier",
    "RouteFile",
    "Routing",
    "WebhookNotifier",
    "Writer",
    "channels_of",
    "load_routes",
]
