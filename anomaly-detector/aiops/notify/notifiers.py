"""Ways to notify people: a line in the log, or a POST to an address."""

import logging
from collections.abc import Callable

import orjson
import requests

from aiops.model import Burn, Incident
from aiops.model.catalog import Responsible
from aiops.model.safe import visible_in
from aiops.ports import Notifier
from aiops.presentation.burn import burn_document, burn_sentence
from aiops.presentation.headline import headline
from aiops.presentation.incident import incident_document
from aiops.presentation.words import again

log = logging.getLogger("aiops.incident")


class LogNotifier(Notifier):
    """One line in the log for each transition."""

    def send(self, transition: str, subject: Incident | Burn) -> None:
        """Log one transition."""
        if isinstance(subject, Burn):
            log.warning("%s %s [%s]: %s", subject.slo, transition, subject.urgency, burn_sentence(subject))
            return
        incident, cause = subject, subject.root_cause
        why = f"{cause.description} ({100 * cause.confidence:.0f}% sure)" if cause else incident.no_cause
        why += f" ({again(incident)})" if incident.occurrences > 1 else ""
        log.warning("%s %s [%s] %s: %s", incident.id, transition, incident.severity, headline(incident), why)


class WebhookNotifier(Notifier):
    """POST `{"transition": …, "incident": {…}}`, or `"slo": {…}` for a burn that no incident covers. Any status but 2xx
    counts as not delivered."""

    def __init__(
        self,
        url: str,
        base_url: str,
        grafana_url: str = "",
        responsible: Callable[[Incident], Responsible | None] = lambda _: None,
    ) -> None:
        self._url, self._base_url, self._grafana_url = url, base_url, grafana_url
        self._responsible = responsible

    def send(self, transition: str, subject: Incident | Burn) -> None:
        """Post one transition. Raises OSError where it is not delivered."""
        if isinstance(subject, Burn):
            about = {"slo": burn_document(subject, self._base_url).model_dump()}
        else:
            document = incident_document(subject, self._base_url, self._grafana_url, self._responsible(subject))
            about = {"incident": document.model_dump()}
        body = orjson.dumps({"transition": transition, **visible_in(about)})
        answer = requests.post(self._url, body, headers={"Content-Type": "application/json"}, timeout=10)
        answer.raise_for_status()
