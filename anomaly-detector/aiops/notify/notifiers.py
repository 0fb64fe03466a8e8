"""Channels that need no service: a line in the log, or a POST to an address."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aiops.model import Burn, Delivery, Digest, Incident
from aiops.model.catalog import Responsible
from aiops.model.safe import visible_in
from aiops.notify.posting import post
from aiops.notify.quiet import said_of
from aiops.ports import Notifier
from aiops.presentation.burn import burn_document, burn_sentence
from aiops.presentation.headline import headline
from aiops.presentation.incident import incident_document
from aiops.presentation.leads import Lead
from aiops.presentation.message import Message, message_of
from aiops.presentation.words import again

log = logging.getLogger("aiops.incident")

Leads = Callable[[Incident], Sequence[Lead] | None]
"""Returns what to do about an incident, by all that is known around it; None where that cannot be read now."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes messages with the addresses of the pages and of Grafana, what to do first, and who looks after the
    service."""

    base_url: str
    grafana_url: str = ""
    leads: Leads = lambda _incident: None
    responsible: Callable[[Incident], Responsible | None] = lambda _incident: None

    def message(self, one: Delivery) -> Message:
        """Write the message of a delivery."""
        leads = self.leads(one.subject) if isinstance(one.subject, Incident) else None
        return message_of(one.transition, one.subject, self.base_url, self.grafana_url, leads)


class LogNotifier(Notifier):
    """One line in the log for each transition."""

    def send(self, one: Delivery) -> None:
        """Log one transition."""
        subject = one.subject
        if isinstance(subject, Digest):
            log.warning("%s: %s", said_of(subject), "; ".join(f"{name}: {what}" for name, what in subject.ended))
            return
        if isinstance(subject, Burn):
            log.warning("%s %s [%s]: %s", subject.slo, one.transition, subject.urgency, burn_sentence(subject))
            return
        incident, cause = subject, subject.root_cause
        why = f"{cause.description} ({100 * cause.confidence:.0f}% sure)" if cause else incident.no_cause
        why += f" ({again(incident)})" if incident.occurrences > 1 else ""
        log.warning("%s %s [%s] %s: %s", incident.id, one.transition, incident.severity, headline(incident), why)


class WebhookNotifier(Notifier):
    """POST `{"transition": …, "incident": {…}}`, or `"slo": {…}` for a burn that no incident covers, `"digest": {…}`
    after quiet hours. Any status but 2xx counts as not delivered, and is tried again."""

    def __init__(self, url: str, writer: Writer, headers: Mapping[str, str] | None = None) -> None:
        self._url, self._writer, self._headers = url, writer, headers

    def send(self, one: Delivery) -> None:
        """Post one transition. Raises NotTaken where it is not delivered."""
        subject, base_url = one.subject, self._writer.base_url
        if isinstance(subject, Digest):
            ended = [{"name": name, "headline": what} for name, what in subject.ended]
            about = {"digest": {"ended": ended}}
        elif isinstance(subject, Burn):
            about = {"slo": burn_document(subject, base_url).model_dump()}
        else:
            about = {
                "incident": incident_document(
                    subject, base_url, self._writer.grafana_url, self._writer.responsible(subject)
                ).model_dump()
            }
        post(self._url, {"transition": one.transition, **visible_in(about)}, self._headers, patient=True)
