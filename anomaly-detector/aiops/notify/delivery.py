"""Empty the outbox: each message is tried again with back-off until its channel takes it, each channel by itself.

A process that is killed between sending and marking sends once more to that channel: no message is lost.
"""

import logging
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiops.model import Delivery, iso, subject_key, subject_name
from aiops.model.errors import NotTaken
from aiops.notify.quiet import after_quiet
from aiops.notify.routing import Routing
from aiops.ports import LONGEST_WAIT, Escalations, Notifier, Outbox
from aiops.process.faultpoints import FaultPoint, reach

log = logging.getLogger(__name__)

LONG: Final = 900.0
"""Seconds without success after which a channel is reported as one that does not work, and again every hour."""
AGAIN: Final = 3600.0
Count = Callable[[str, str], object]
"""Receives the name of a channel and a result: sent, failed or refused."""


class ChannelListener(Protocol):
    """The way back from a channel: what people press there."""

    def start(self) -> None:
        """Listen, in a thread of its own."""
        ...

    def stop(self) -> None:
        """Listen no more."""
        ...


@dataclass(slots=True)
class Channel:
    """A channel by its name, and how it does. secrets: texts that are never repeated. failing_since, reported: Unix
    seconds. rest: until when it asked to be left alone."""

    name: str
    kind: str
    notifier: Notifier
    secrets: tuple[str, ...] = ()
    listener: ChannelListener | None = None
    failing_since: float | None = None
    error: str = ""
    rest: float = 0.0
    reported: float = field(default=0.0, repr=False)

    def masked(self, text: str) -> str:
        """Return a text without the secrets of the channel."""
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


class Deliveries:
    """The deliveries of one engine. Every method may raise StoreError."""

    def __init__(
        self,
        outbox: Outbox,
        escalations: Escalations,
        routing: Routing,
        channels: Iterable[Channel],
        count: Count = lambda _channel, _result: None,
    ) -> None:
        self._outbox, self._escalations, self._routing, self._count = outbox, escalations, routing, count
        self.channels: Mapping[str, Channel] = {one.name: one for one in channels}

    def adopt(self) -> None:
        """Plan anew what waits for channels that are no longer configured. Call it once, before anything is sent."""
        if moved := self._outbox.adopt(self.channels):
            log.warning("%d notifications waited for channels that are gone: they go by the routes now", moved)

    def plan(self, now: float) -> None:
        """Choose the channels of new messages, and of steps of escalation that are due at a time (Unix seconds)."""
        for one in self._outbox.unplanned():
            told = frozenset(self._outbox.told(subject_key(one.subject)))
            self._outbox.plan(one, self._routing.plan(one, now, told & self.channels.keys()), now)
            reach(FaultPoint.NOTIFY_PLANNED)
        for due in self._escalations.due(now):
            channels = [name for name in self._routing.channels_of(due.step) if name in self.channels]
            self._escalations.escalate(due, channels, now)
            log.warning(
                "%s is not acknowledged, it is escalated to %s", due.incident.id, ", ".join(channels) or "nobody"
            )

    def deliver(self, name: str, now: float) -> int:
        """Send what is due to a channel; returns how many messages it took. After a failure the wait is 1, 2, 4 …
        seconds, or what the channel asks for, at most five minutes."""
        channel = self.channels[name]
        if now < channel.rest <= now + LONGEST_WAIT:
            return 0
        if held := self._outbox.held(name, now):
            self._outbox.release(name, *after_quiet(held, now), now)
        taken = 0
        for one in self._outbox.due(name, now):
            if self._taken(channel, one, now):
                taken += 1
            elif channel.rest > now:
                break
        return taken

    def round(self, now: float) -> int:
        """Plan, and send what is due to every channel; returns how many messages were taken."""
        self.plan(now)
        return sum(self.deliver(name, now) for name in self.channels)

    def _taken(self, channel: Channel, one: Delivery, now: float) -> bool:
        what = f"{subject_name(one.subject)} {one.transition}"
        try:
            reach(FaultPoint.NOTIFY)
            reference = channel.notifier.send(one)
        except NotTaken as error:
            if error.final:
                self._refused(channel, one, now, str(error))
            else:
                channel.rest = now + min(error.wait, LONGEST_WAIT)
                self._failed(channel, one, now, str(error))
            return False
        except OSError as error:
            self._failed(channel, one, now, str(error) or type(error).__name__)
            return False
        except Exception as error:  # a message that cannot be written must not stop the others
            trace = channel.masked("".join(traceback.format_exception(error)))
            log.error("%s could not be written for the channel %s: %s", what, channel.name, trace)
            self._failed(channel, one, now, type(error).__name__)
            return False
        reach(FaultPoint.NOTIFY_SENT)
        self._outbox.done(one, channel.name, now, "sent", reference)
        reach(FaultPoint.NOTIFY_MARKED)
        self._count(channel.name, "sent")
        if channel.reported:
            log.info("the channel %s takes notifications again", channel.name)
        channel.failing_since, channel.error, channel.reported = None, "", 0.0
        return True

    def _refused(self, channel: Channel, one: Delivery, now: float, why: str) -> None:
        channel.error = channel.masked(why)
        self._outbox.done(one, channel.name, now, "refused")
        self._count(channel.name, "refused")
        what = f"{subject_name(one.subject)} {one.transition}"
        log.error("the channel %s refuses %s, it is not sent again: %s", channel.name, what, channel.error)

    def _failed(self, channel: Channel, one: Delivery, now: float, why: str) -> None:
        wait = max(channel.rest - now, min(LONGEST_WAIT, 2.0 ** min(one.attempts, 10)))
        self._outbox.failed(one, channel.name, now, wait)
        self._count(channel.name, "failed")
        channel.error = channel.masked(why)
        since = one.failing_since if one.failing_since is not None else now
        channel.failing_since = min(since, channel.failing_since if channel.failing_since is not None else now)
        what = f"{subject_name(one.subject)} {one.transition}"
        log.warning(
            "%s could not be announced to the channel %s, next try in %.0f s: %s",
            what,
            channel.name,
            wait,
            channel.error,
        )
        if now - channel.failing_since >= LONG and now - channel.reported >= AGAIN:
            channel.reported = now
            log.error(
                "the channel %s has taken no notification since %s: %s",
                channel.name,
                iso(channel.failing_since),
                channel.error,
            )
