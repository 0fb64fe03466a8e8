"""The buttons of Slack's messages, over Socket Mode: the engine connects to Slack, so that it needs no public address.

The app needs Socket Mode, an app-level token with `connections:write`, and `users:read.email` where people are listed
by their addresses.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiops.access.policy import needed
from aiops.model import Actor, Role, SignIn
from aiops.model.errors import AiopsError, NotTaken
from aiops.model.safe import visible
from aiops.notify.slack import call, quiet_log
from aiops.notify.slack_blocks import ACKNOWLEDGE_ACTION, RESOLVE_ACTION, escaped

log = logging.getLogger(__name__)

Act = Callable[[str, str, Actor], object]
"""Does `acknowledge` or `resolve` to an incident, by its id. Raises AiopsError with a sentence."""
DEEDS: Final = {ACKNOWLEDGE_ACTION: "acknowledge", RESOLVE_ACTION: "resolve"}
PING: Final = 5.0
"""Seconds between two pings; a connection that is silent for some of them is made anew."""
_WAITS: Final = (1.0, 5.0, 30.0, 60.0)
"""Seconds between attempts to connect; the last one for ever."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button that somebody pressed: what it does, to which incident, and where the message is."""

    deed: str
    incident: str
    user: str
    channel: str


class SlackButtons:
    """Listens for buttons. people: roles by Slack's user id or by e-mail address; everybody else is refused."""

    def __init__(self, client: Any, app_token: str, people: Mapping[str, Role], act: Act) -> None:
        self._client, self._token, self._act = client, app_token, act
        self._people = {name.lower(): role for name, role in people.items()}
        self._socket: Any = None
        self._stop = threading.Event()
        self._connecting: threading.Thread | None = None

    def start(self) -> None:
        """Connect in a thread of its own, again and again until it works; the SDK keeps the connection."""
        self._connecting = threading.Thread(target=self._connect, name="aiops-slack", daemon=True)
        self._connecting.start()

    def stop(self) -> None:
        """Disconnect."""
        self._stop.set()
        if self._connecting is not None:
            self._connecting.join(10)
        if self._socket is not None:
            self._socket.close()

    def _connect(self) -> None:
        from slack_sdk.socket_mode import SocketModeClient

        self._socket = SocketModeClient(
            self._token, web_client=self._client, logger=quiet_log((self._token,)), ping_interval=PING
        )
        self._socket.socket_mode_request_listeners.append(self._heard)
        attempt = 0
        while not self._stop.is_set():
            try:
                self._socket.connect()
            except Exception as error:  # of the SDK, the network or the answer of Slack: all may pass
                wait = _WAITS[min(attempt, len(_WAITS) - 1)]
                why = str(error).replace(self._token, "***")[:200]
                log.warning("buttons in Slack do not work yet, next try in %.0f s: %s", wait, why)
                self._socket.wss_uri = None
                attempt += 1
                self._stop.wait(wait)
            else:
                return

    def _heard(self, socket: Any, request: Any) -> None:
        """Confirm what arrived at once, as Slack wants it, and do it."""
        from slack_sdk.socket_mode.response import SocketModeResponse

        socket.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        for pressed in pressed_in(request.payload if request.type == "interactive" else {}):
            try:
                self.do(pressed)
            except Exception as error:
                log.error("a button in Slack failed: %s", type(error).__name__)

    def do(self, pressed: Pressed) -> None:
        """Do what a button says, as the person who pressed it, or tell them alone why not."""
        name, role = self._who(pressed.user)
        if role is None or not role.may(needed(f"incidents.{pressed.deed}", "POST") or Role.RESPONDER):
            log.warning("%s in Slack may not %s %s", visible(name), pressed.deed, visible(pressed.incident))
            self._whisper(pressed, f"You may not {pressed.deed} incidents. Ask who runs aiops to list {name}.")
            return
        try:
            self._act(pressed.deed, pressed.incident, Actor(name, SignIn.SLACK))
        except AiopsError as error:
            self._whisper(pressed, f"This was not done: {error}")

    def _who(self, user: str) -> tuple[str, Role | None]:
        """Return the name for the audit, and the role, None where the person is not listed."""
        role, name = self._people.get(user.lower()), f"Slack user {user}"
        if not any("@" in one for one in self._people):
            return name, role
        try:
            profile = call(self._client, "users.info", {"user": user}, reads=True)["user"].get("profile") or {}
        except NotTaken as error:
            log.warning("Slack does not say who pressed a button: %s", error)
            return name, role
        mail = str(profile.get("email") or "").lower()
        return (f"{mail} ({user})" if mail else name), role or self._people.get(mail)

    def _whisper(self, pressed: Pressed, text: str) -> None:
        about = {"channel": pressed.channel, "user": pressed.user, "text": escaped(visible(text))}
        try:
            call(self._client, "chat.postEphemeral", about)
        except NotTaken as error:
            log.warning("somebody in Slack was not told why a button did nothing: %s", error)


def pressed_in(payload: Mapping[str, Any]) -> list[Pressed]:
    """Return the buttons of this engine that a payload of Slack tells of."""
    if payload.get("type") != "block_actions":
        return []
    user = str((payload.get("user") or {}).get("id", ""))
    where = payload.get("channel") or payload.get("container") or {}
    channel = str(where.get("id") or where.get("channel_id") or "")
    return [
        Pressed(DEEDS[one["action_id"]], str(one.get("value", "")), user, channel)
        for one in payload.get("actions") or ()
        if one.get("action_id") in DEEDS and user
    ]
