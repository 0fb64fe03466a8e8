"""Any service that Apprise knows, by its address: chat, mail, push. Needs the extra `notify`.

https://github.com/caronc/apprise/wiki
"""

import logging
from typing import Any, Final

from aiops.model import Delivery, Severity
from aiops.model.errors import NotTaken
from aiops.notify.notifiers import Writer
from aiops.ports import Notifier
from aiops.presentation.markdown_writing import link, plain
from aiops.presentation.message import Message

TITLE: Final = 250
"""The most characters of a title: a mail's subject, the title of a push message."""


class AppriseNotifier(Notifier):
    """One service. Raises ValueError where Apprise cannot read its address, ImportError without Apprise."""

    def __init__(self, address: str, writer: Writer) -> None:
        # Its lines for debugging hold addresses with their secrets; what went wrong is in the result.
        said = logging.getLogger("apprise")
        said.propagate = False
        if not said.handlers:
            said.addHandler(logging.NullHandler())
        import apprise

        self._apprise: Any = apprise.Apprise(
            asset=apprise.AppriseAsset(app_id="aiops", app_desc="incidents", app_url=writer.base_url)
        )
        if not self._apprise.add(address):
            raise ValueError("this is no address that Apprise knows")
        if address.startswith("opsgenie:") and "action=" not in address:
            # Otherwise Apprise takes messages about an alert that it did not make itself, and sends nothing.
            raise ValueError("add ?action=new to the address of Opsgenie, so that every message is sent")
        self._markdown, self._types, self._writer = apprise.NotifyFormat.MARKDOWN, apprise.NotifyType, writer

    def send(self, one: Delivery) -> None:
        """Send one message. Raises NotTaken with what Apprise says."""
        message = self._writer.message(one)
        result = self._apprise.notify(
            title=message.subject_line[:TITLE],
            body=as_markdown(message),
            body_format=self._markdown,
            notify_type=self._type(message),
        )
        if not result:
            said = [entry.message for each in result for entry in each.logs()] or ["it says no more"]
            raise NotTaken("; ".join(dict.fromkeys(said))[:300])

    def _type(self, message: Message) -> Any:
        if message.over:
            return self._types.SUCCESS
        if message.severity in (Severity.CRITICAL, Severity.HIGH):
            return self._types.FAILURE
        return self._types.WARNING if message.severity else self._types.INFO


def as_markdown(message: Message) -> str:
    """Write a message as CommonMark; names from telemetry are never markup."""
    lines = [f"**{plain(message.title)}**", ""] if len(message.subject_line) > TITLE else []
    lines += [f"- **{plain(name)}**: {plain(text)}" for name, text in message.facts]
    if message.steps:
        lines += ["", "**What to do first**", ""]
        lines += [f"{place}. {link(step.words, step.address)}" for place, step in enumerate(message.steps, 1)]
    if message.links:
        lines += ["", " · ".join(link(each.words, each.address) for each in message.links)]
    return "\n".join(lines).strip()
