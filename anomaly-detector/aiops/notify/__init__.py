"""The world out: who is told of incidents."""

from aiops.notify.alertmanager import EVERY, Alertmanager
from aiops.notify.delivery import deliver
from aiops.notify.notifiers import LogNotifier, WebhookNotifier

__all__ = ["EVERY", "Alertmanager", "LogNotifier", "WebhookNotifier", "deliver"]
