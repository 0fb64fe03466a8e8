"""Channels made of what the file of notifications says."""

from collections.abc import Callable, Mapping
from typing import Final

from aiops.model.errors import InvalidInput
from aiops.notify.by_apprise import AppriseNotifier
from aiops.notify.delivery import Channel
from aiops.notify.file import AppriseChannel, LogChannel, PagerDutyChannel, RouteFile, SlackChannel, WebhookChannel
from aiops.notify.notifiers import LogNotifier, WebhookNotifier, Writer
from aiops.notify.pagerduty import PagerDutyNotifier
from aiops.notify.slack import SlackNotifier, web_client
from aiops.notify.slack_buttons import Act, SlackButtons

EXTRA: Final = "it needs more packages: pip install 'aiops[notify]'"
Spec = LogChannel | WebhookChannel | AppriseChannel | PagerDutyChannel | SlackChannel


class BadChannel(InvalidInput):
    """A channel cannot be made; the message names it and the fix."""


def channels_of(file: RouteFile, writer: Writer, act: Act | None = None) -> list[Channel]:
    """Return every channel of the file. act: does what buttons say, None: no message has buttons. Raises
    BadChannel."""
    return [_channel(name, spec, writer, act) for name, spec in file.channels.items()]


def _channel(name: str, spec: Spec, writer: Writer, act: Act | None) -> Channel:
    makers: Mapping[type, Callable[..., Channel]] = {
        AppriseChannel: _apprise,
        PagerDutyChannel: _pagerduty,
        WebhookChannel: _webhook,
    }
    try:
        if isinstance(spec, SlackChannel):
            return _slack(name, spec, writer, act)
        if isinstance(spec, LogChannel):
            return Channel(name, spec.kind, LogNotifier())
        return makers[type(spec)](name, spec, writer)
    except ImportError:
        raise BadChannel(f"`channels.{name}`: {EXTRA}") from None
    except ValueError as error:
        raise BadChannel(f"`channels.{name}.url`: {error}; see https://github.com/caronc/apprise/wiki") from None


def _webhook(name: str, spec: WebhookChannel, writer: Writer) -> Channel:
    url = spec.url.get_secret_value()
    headers = {key: value.get_secret_value() for key, value in spec.headers.items()}
    return Channel(name, spec.kind, WebhookNotifier(url, writer, headers), (url, *headers.values()))


def _apprise(name: str, spec: AppriseChannel, writer: Writer) -> Channel:
    url = spec.url.get_secret_value()
    return Channel(name, spec.kind, AppriseNotifier(url, writer), (url, *parts_of(url)))


def _pagerduty(name: str, spec: PagerDutyChannel, writer: Writer) -> Channel:
    key = spec.routing_key.get_secret_value()
    return Channel(name, spec.kind, PagerDutyNotifier(key, writer, spec.url), (key,))


def _slack(name: str, spec: SlackChannel, writer: Writer, act: Act | None) -> Channel:
    token = spec.bot_token.get_secret_value()
    app = spec.app_token.get_secret_value() if spec.app_token is not None else ""
    client = web_client(token, spec.api_url, (token, app))
    listener = SlackButtons(client, app, spec.people, act) if app and act is not None else None
    notifier = SlackNotifier(client, spec.channel, writer, buttons=bool(app))
    return Channel(name, spec.kind, notifier, (token, app), listener)


def parts_of(url: str) -> tuple[str, ...]:
    """Return the parts of an address that may be secrets: all that are longer than a word."""
    rest = url.partition("://")[2]
    for mark in "/?&=:@#":
        rest = rest.replace(mark, " ")
    return tuple(part for part in rest.split() if len(part) >= 8 and "." not in part)
