"""Notifications: who is told about incidents and burns, and how."""

from aiops.notify.alertmanager import EVERY, Alertmanager
from aiops.notify.delivery import deliver
from aiops.notify.notifiers import LogNotifier, WebhookNotifier

__all__ = ["EVERY", "Alertmanager", "LogNotifier", "WebhookNotifier", "deliver"]
