"""Empty the outbox: each announcement is tried again with back-off until it is delivered.

A process that is killed between sending and marking sends once more: no announcement is lost.
"""

import logging

from aiops.model import Incident
from aiops.ports import LONGEST_WAIT, Notifier, Outbox
from aiops.process.faultpoints import FaultPoint, reach

log = logging.getLogger(__name__)


def deliver(store: Outbox, notifier: Notifier, now: float) -> int:
    """Send what is due; returns how many were delivered. After a failure the wait is 1, 2, 4 … seconds, at most five
    minutes."""
    taken = 0
    for message in store.unsent(now):
        try:
            reach(FaultPoint.NOTIFY)
            notifier.send(message.transition, message.subject)
        except OSError as error:
            attempts = message.attempts + 1
            wait = min(LONGEST_WAIT, 2.0 ** min(attempts - 1, 10))
            store.failed(message.number, attempts, now + wait)
            subject = message.subject
            what = f"{subject.id if isinstance(subject, Incident) else subject.slo} {message.transition}"
            log.warning("%s could not be announced, next try in %.0f s: %s", what, wait, error)
            continue
        reach(FaultPoint.NOTIFY_SENT)
        store.sent(message.number, now)
        reach(FaultPoint.NOTIFY_MARKED)
        taken += 1
    return taken
