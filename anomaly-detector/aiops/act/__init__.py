"""The world out: who is told of incidents."""

from aiops.act.delivery import deliver
from aiops.act.notifiers import LogNotifier, WebhookNotifier

__all__ = ["LogNotifier", "WebhookNotifier", "deliver"]
