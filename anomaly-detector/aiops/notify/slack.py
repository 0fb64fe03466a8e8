"""Slack by its own SDK: one message for each incident, kept up to date, with its transitions in a thread. Needs the
extra `notify`.

The bot token needs the scope `chat:write`.
"""

import json
import logging
from http.client import HTTPException
from typing import Any, Final

from aiops.model import ESCALATED, TEST, Delivery, Digest, Incident, Transition
from aiops.model.errors import NotTaken
from aiops.notify.notifiers import Writer
from aiops.notify.posting import seconds_of
from aiops.notify.slack_blocks import TEXT, blocks_of, clipped, escaped
from aiops.ports import Notifier
from aiops.presentation.message import Message

API: Final = "https://slack.com/api/"
TIMEOUT: Final = 10
"""Seconds for one call."""
_USELESS: Final = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "no_text", "invalid_arguments"}
)
"""Errors of one message. Others, such as a token that was revoked, can be mended: then the message is taken."""
_GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
_LOUD: Final = (Transition.REOPENED, ESCALATED)
"""Transitions that are shown in the channel as well, not only in the thread."""


def web_client(token: str, base_url: str = API, secrets: tuple[str, ...] = ()) -> Any:
    """Return the SDK's client of Slack's Web API. Raises ImportError."""
    from slack_sdk import WebClient

    return WebClient(
        token, base_url=base_url.rstrip("/") + "/", timeout=TIMEOUT, retry_handlers=[], logger=quiet_log(secrets)
    )


class SlackNotifier(Notifier):
    """One channel of Slack. buttons: messages have them, because a SlackButtons listens for them."""

    def __init__(self, client: Any, channel: str, writer: Writer, *, buttons: bool = False) -> None:
        self._client, self._channel, self._writer, self._buttons = client, channel, writer, buttons

    def send(self, one: Delivery) -> str | None:
        """Post a message, or update the one of the subject and reply to it. Raises NotTaken."""
        message, subject = self._writer.message(one), one.subject
        pressed = subject.id if self._buttons and isinstance(subject, Incident) and one.transition != TEST else ""
        content = {
            "text": clipped(escaped(message.subject_line), TEXT),
            "blocks": blocks_of(message, pressed),
        }
        if isinstance(subject, Digest) or one.transition == TEST:
            self._post(self._channel, content)
            return None
        where = _where(one.reference)
        if where is not None and self._updated(where, content):
            reply = {"text": clipped(_told(message), TEXT), "thread_ts": where["ts"]}
            self._post(where["channel"], reply | ({"reply_broadcast": True} if one.transition in _LOUD else {}))
            return one.reference
        answer = self._post(self._channel, content)
        return json.dumps({"channel": answer["channel"], "ts": answer["ts"]})

    def _post(self, channel: str, content: dict[str, Any]) -> Any:
        more = {"unfurl_links": False, "unfurl_media": False}
        return call(self._client, "chat.postMessage", {"channel": channel, **content, **more})

    def _updated(self, where: dict[str, str], content: dict[str, Any]) -> bool:
        """Update a message; False where it is no longer there."""
        try:
            call(self._client, "chat.update", {**where, **content})
        except NotTaken as error:
            if any(str(error).endswith(f": {gone}") for gone in _GONE):
                return False
            raise
        return True


def call(client: Any, method: str, document: dict[str, Any], *, reads: bool = False) -> Any:
    """Call a method of the Web API and return its answer; one that reads takes parameters. Raises NotTaken."""
    from slack_sdk.errors import SlackApiError, SlackClientError

    try:
        if reads:
            return client.api_call(method, http_verb="GET", params=document)
        return client.api_call(method, json=document)
    except SlackApiError as error:
        answer: Any = error.response
        headers = {name.lower(): value for name, value in dict(getattr(answer, "headers", None) or {}).items()}
        if getattr(answer, "status_code", 0) == 429:
            wait = seconds_of(str(headers.get("retry-after", ""))) or 1.0
            raise NotTaken(f"Slack takes no more messages for {wait:.0f} s", wait=wait) from None
        said = answer.get("error") if hasattr(answer, "get") else None
        what = said if isinstance(said, str) else f"status {getattr(answer, 'status_code', '?')}"
        raise NotTaken(f"Slack refuses {method}: {what}", final=what in _USELESS) from None
    except (OSError, HTTPException, SlackClientError) as error:
        raise NotTaken(f"Slack cannot be reached: {type(error).__name__} {error}"[:200]) from None


def _where(reference: str) -> dict[str, str] | None:
    return json.loads(reference) if reference else None


def _told(message: Message) -> str:
    """Write what happened, for the thread."""
    said = f"{message.mark} *{escaped(message.event)}*: {escaped(message.title)}"
    wanted = ("Acknowledged by", "How it ended") if message.over or message.event == "acknowledged" else ("Cause",)
    return "\n".join([said, *(f"{name}: {escaped(text)}" for name, text in message.facts if name in wanted)])


class _Masked(logging.Filter):
    """Keeps secrets out of what the SDK logs."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        for secret in filter(None, self._secrets):
            text = text.replace(secret, "***")
        record.msg, record.args, record.exc_info = text, (), None
        return True


def quiet_log(secrets: tuple[str, ...]) -> logging.Logger:
    """Return a log for the SDK that says what went wrong, without secrets."""
    found = logging.Logger("aiops.notify.slack", logging.WARNING)
    found.parent = logging.getLogger("aiops.notify")
    found.addFilter(_Masked(secrets))
    return found
