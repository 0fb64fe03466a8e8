"""The channels of notifications, as the settings say, and the tasks that send to them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiops.config import Settings
from aiops.engine.scheduler import Chore
from aiops.model import Actor, iso
from aiops.model.errors import InvalidInput
from aiops.notify import (
    Channel,
    Deliveries,
    LogNotifier,
    Routing,
    WebhookNotifier,
    Writer,
    channels_of,
    load_routes,
)
from aiops.notify.slack_buttons import Act
from aiops.observability.telemetry import Telemetry
from aiops.ports import Clock
from aiops.presentation.documents.system import ChannelStatus
from aiops.service.advising import advised
from aiops.service.use_cases import UseCases
from aiops.store import SqlEscalations, SqlOutbox

log = logging.getLogger(__name__)

WEBHOOK, LOG = "webhook", "log"
"""The names of the channels of the settings, which need no file."""


@dataclass(slots=True)
class Notifications:
    """The notifications of one engine."""

    deliveries: Deliveries
    outbox: SqlOutbox
    clock: Clock
    telemetry: Telemetry

    def start(self) -> None:
        """Listen for what people press in the channels."""
        for one in self.deliveries.channels.values():
            if one.listener is not None:
                one.listener.start()

    def stop(self) -> None:
        """Listen no more."""
        for one in self.deliveries.channels.values():
            if one.listener is not None:
                one.listener.stop()

    def chores(self) -> tuple[Chore, ...]:
        """Return one task that chooses channels, and one for each channel: a slow one delays no other."""
        deliveries, now = self.deliveries, self.clock.now
        return (
            Chore("notify", 1.0, lambda: deliveries.plan(now())),
            *(
                Chore(f"notify {name}", 1.0, lambda name=name: deliveries.deliver(name, now()))  # type: ignore[misc]
                for name in deliveries.channels
            ),
            Chore("notifications", 86_400.0, lambda: self.outbox.purge(now())),
        )

    def statuses(self) -> Sequence[ChannelStatus]:
        """Return how each channel does. Raises StoreError."""
        return [self._status(one) for one in self.deliveries.channels.values()]

    def expose(self) -> None:
        """Set the metrics of waiting messages. Raises StoreError."""
        for name, one in self.deliveries.channels.items():
            found = self.outbox.backlog(name)
            failing = 0.0 if one.failing_since is None else max(0.0, self.clock.now() - one.failing_since)
            self.telemetry.notifications_waiting.labels(name).set(found.waiting - found.held)
            self.telemetry.notifications_failing.labels(name).set(failing)

    def _status(self, one: Channel) -> ChannelStatus:
        found = self.outbox.backlog(one.name)
        return ChannelStatus(
            channel=one.name,
            kind=one.kind,
            waiting=found.waiting - found.held,
            held=found.held,
            oldest=None if found.oldest is None else iso(found.oldest),
            last_sent=None if found.last_sent is None else iso(found.last_sent),
            failing_since=None if one.failing_since is None else iso(one.failing_since),
            error=one.error or None,
        )


def notifications_of(settings: Settings, use_cases: UseCases, telemetry: Telemetry, clock: Clock) -> Notifications:
    """Make the channels. Raises InvalidInput with a sentence where the file cannot be used, or StoreError."""
    writer = Writer(
        settings.url, settings.grafana_url, lambda one: advised(use_cases, one), use_cases.responsible.of_incident
    )
    channels, routing = configured(settings, writer, _deeds(use_cases))

    def count(channel: str, result: str) -> None:
        telemetry.notifications.labels(channel, result).inc()

    outbox = SqlOutbox(use_cases.store.database)
    deliveries = Deliveries(outbox, SqlEscalations(use_cases.store.database), routing, channels, count)
    deliveries.adopt()
    return Notifications(deliveries, outbox, clock, telemetry)


def configured(settings: Settings, writer: Writer, act: Act | None = None) -> tuple[list[Channel], Routing]:
    """Return channels and routes: those of `notify_file`, and `webhook_url`, which gets every message; without either,
    the log gets them. Raises InvalidInput."""
    channels: list[Channel] = []
    always: tuple[str, ...] = ()
    if settings.webhook_url:
        url = settings.webhook_url
        channels.append(Channel(WEBHOOK, "webhook", WebhookNotifier(url, writer), (url,)))
        always = (WEBHOOK,)
    if settings.notify_file:
        file = load_routes(Path(settings.notify_file).expanduser())
        if always and WEBHOOK in file.channels:
            raise InvalidInput(
                f"{settings.notify_file}: `channels.{WEBHOOK}`: this name is taken by the setting webhook_url; "
                "give the channel another name, or unset webhook_url"
            )
        return [*channels, *channels_of(file, writer, act)], file.routing(always)
    return (
        (channels, Routing(always=always)) if always else ([Channel(LOG, "log", LogNotifier())], Routing(always=(LOG,)))
    )


def _deeds(use_cases: UseCases) -> Act:
    def act(deed: str, incident: str, by: Actor) -> object:
        do = {"acknowledge": use_cases.incidents.acknowledge, "resolve": use_cases.incidents.resolve}
        return do[deed](incident, by)

    return act
