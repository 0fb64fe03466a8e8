"""The world out: who is told of incidents."""

from aiops.act.alertmanager import EVERY, Alertmanager
from aiops.act.delivery import deliver
from aiops.act.notifiers import LogNotifier, WebhookNotifier

__all__ = ["EVERY", "Alertmanager", "LogNotifier", "WebhookNotifier", "deliver"]
