"""PagerDuty, by its Events API v2: one alert for each incident or burning objective, by its `dedup_key`.

https://developer.pagerduty.com/docs/send-alert-event
"""

from typing import Any, Final

from aiops.model import ENDINGS, TEST, Burn, Delivery, Digest, Incident, Transition, iso, subject_key
from aiops.model.safe import visible
from aiops.notify.notifiers import Writer
from aiops.notify.posting import post
from aiops.ports import Notifier

URL: Final = "https://events.pagerduty.com"
PATH: Final = "/v2/enqueue"
SUMMARY: Final = 1024
"""The most characters of a summary."""
DETAIL: Final = 4096
"""The most characters of one detail; an event may have 512 kB in all."""
SEVERITIES: Final = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}


class PagerDutyNotifier(Notifier):
    """One service of PagerDuty, by the key of its integration. A digest is not sent: nobody is to be woken by it."""

    def __init__(self, routing_key: str, writer: Writer, url: str = URL) -> None:
        self._key, self._writer, self._url = routing_key, writer, url.rstrip("/") + PATH

    def send(self, one: Delivery) -> str | None:
        """Send one event. Raises NotTaken where it is not taken."""
        if isinstance(one.subject, Digest):
            return None
        key = f"aiops-{subject_key(one.subject)}"
        if one.transition == TEST:
            post(self._url, self._trigger(one, f"{key}-test", "info"))
            post(self._url, self._event("resolve", f"{key}-test"))
            return None
        if one.transition in ENDINGS:
            post(self._url, self._event("resolve", key))
        elif one.transition == Transition.ACKNOWLEDGED:
            post(self._url, self._event("acknowledge", key))
        else:
            post(self._url, self._trigger(one, key))
        return key

    def _event(self, action: str, key: str) -> dict[str, Any]:
        return {"routing_key": self._key, "event_action": action, "dedup_key": key}

    def _trigger(self, one: Delivery, key: str, severity: str = "") -> dict[str, Any]:
        message, subject = self._writer.message(one), one.subject
        details = {name: text[:DETAIL] for name, text in message.facts}
        if message.steps:
            details["What to do first"] = "\n".join(step.words for step in message.steps)[:DETAIL]
        payload: dict[str, Any] = {
            "summary": message.subject_line[:SUMMARY],
            "source": message.name,
            "severity": severity or SEVERITIES[message.severity],
            "custom_details": details,
        }
        if isinstance(subject, Incident):
            cause = subject.root_cause.cause if subject.root_cause is not None else None
            payload |= {"timestamp": iso(subject.onset), "class": str(cause.kind) if cause is not None else "unknown"}
            payload |= {"component": visible(subject.service)} if subject.service else {}
        elif isinstance(subject, Burn):
            payload |= {"timestamp": iso(subject.since), "class": "error budget"}
            payload |= {"component": visible(subject.service)} if subject.service else {}
        page = message.links[0].address
        links = [{"href": each.address, "text": each.words} for each in message.links]
        more = {"payload": payload, "links": links, "client": "aiops", "client_url": page}
        return self._event("trigger", key) | more
