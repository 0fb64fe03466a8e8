"""The file of notifications: channels and routes, read strictly. docs/notifications.md describes it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from aiops.model import BURN_TRANSITIONS, Role, Severity, Transition
from aiops.notify.hours import MIDNIGHT, Hours, days_of, minute_of
from aiops.notify.routing import FurtherChannels, Quiet, Route, RouteMatch, Routing
from aiops.notify.secrets import Secret

TRANSITIONS: Final = (*(str(one) for one in Transition if one != Transition.UPDATED), *BURN_TRANSITIONS)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class LogChannel(_Strict):
    """A line in the engine's log."""

    kind: Literal["log"]


class WebhookChannel(_Strict):
    """A POST of JSON. headers: such as Authorization."""

    kind: Literal["webhook"]
    url: Secret
    headers: dict[str, Secret] = Field(default_factory=dict)


class AppriseChannel(_Strict):
    """A service that Apprise knows, by its address."""

    kind: Literal["apprise"]
    url: Secret


class PagerDutyChannel(_Strict):
    """A service of PagerDuty. url: another region, or a proxy."""

    kind: Literal["pagerduty"]
    routing_key: Secret
    url: str = Field("https://events.pagerduty.com", pattern="^https?://")


class SlackChannel(_Strict):
    """A channel of Slack, with buttons if there is an app token. people: roles by user id or e-mail address."""

    kind: Literal["slack"]
    bot_token: Secret
    channel: str = Field(min_length=1)
    app_token: Secret | None = None
    people: dict[str, Role] = Field(default_factory=dict)
    api_url: str = Field("https://slack.com/api/", pattern="^https?://")


ChannelSpec = Annotated[
    LogChannel | WebhookChannel | AppriseChannel | PagerDutyChannel | SlackChannel, Field(discriminator="kind")
]


def _listed(given: Any) -> Any:
    """Take one value for a list of one."""
    return given if isinstance(given, list | tuple) else [given]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("a time zone is named like Europe/Berlin") from None
    return name


def _days(one: str) -> str:
    days_of(one)
    return one


def _minute(given: object) -> object:
    """Check a time of day; YAML reads one without quotes as a number."""
    minute_of(str(given) if isinstance(given, str) else "")
    return given


Names = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], BeforeValidator(_listed)]
Zone = Annotated[str, AfterValidator(_zone)]
Moment = Annotated[str, BeforeValidator(_minute)]


class _Hours(_Strict):
    days: Annotated[tuple[Annotated[str, AfterValidator(_days)], ...], BeforeValidator(_listed)] = ("mon-sun",)
    start: Moment = Field("00:00", alias="from")
    end: Moment = Field("24:00", alias="to")
    zone: Zone | None = None

    def hours(self, zone: str) -> Hours:
        days = frozenset(day for one in self.days for day in days_of(one))
        return Hours(days, minute_of(self.start) % MIDNIGHT, minute_of(self.end), ZoneInfo(self.zone or zone))


class _Quiet(_Hours):
    unless: Severity | None = Field(None, alias="except")


class _Match(_Strict):
    severity: Severity | None = None
    service: Names = ()
    kind: Annotated[tuple[Literal["incident", "burn"], ...], BeforeValidator(_listed)] = ()
    transition: Annotated[tuple[Literal[TRANSITIONS], ...], BeforeValidator(_listed)] = ()  # type: ignore[valid-type]
    time: _Hours | None = None


class _Step(_Strict):
    after_minutes: float = Field(gt=0, le=10_080)
    channels: Names = Field(min_length=1)


class _Route(_Strict):
    name: str = Field(min_length=1, max_length=64)
    match: _Match = _Match()
    channels: Names = Field(min_length=1)
    goes_on: bool = Field(False, alias="continue")
    quiet: _Quiet | None = None
    escalation: tuple[_Step, ...] = ()

    def route(self, zone: str) -> Route:
        match, quiet = self.match, self.quiet
        return Route(
            name=self.name,
            match=RouteMatch(
                severity=match.severity,
                services=match.service,
                kinds=frozenset(match.kind),
                transitions=frozenset(match.transition),
                hours=match.time.hours(zone) if match.time is not None else None,
            ),
            channels=self.channels,
            goes_on=self.goes_on,
            quiet=Quiet(quiet.hours(zone), quiet.unless) if quiet is not None else None,
            steps=tuple(FurtherChannels(60.0 * one.after_minutes, one.channels) for one in self.escalation),
        )


class RouteFile(_Strict):
    """The whole file. default: the channels of messages that no route matches."""

    zone: Zone = "UTC"
    channels: dict[Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$")], ChannelSpec] = Field(
        min_length=1
    )
    routes: tuple[_Route, ...] = ()
    default: Names

    @model_validator(mode="after")
    def _whole(self) -> "RouteFile":
        names = [one.name for one in self.routes]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"routes: two have the name {twice!r}; a name is given once")
        for where, name in self._named():
            if name not in self.channels:
                raise ValueError(f"{where}: there is no channel {name!r}; channels are {', '.join(self.channels)}")
        for one in self.routes:
            after = [step.after_minutes for step in one.escalation]
            if after != sorted(set(after)):
                raise ValueError(f"routes.{one.name}.escalation: after_minutes of each step is more than of the last")
            if one.quiet is not None and one.quiet.hours(self.zone).endless:
                raise ValueError(f"routes.{one.name}.quiet: it never ends; leave some hours of the week")
        return self

    def _named(self) -> Iterator[tuple[str, str]]:
        yield from (("default", name) for name in self.default)
        for one in self.routes:
            yield from ((f"routes.{one.name}.channels", name) for name in one.channels)
            for place, step in enumerate(one.escalation):
                yield from ((f"routes.{one.name}.escalation.{place}.channels", name) for name in step.channels)

    def routing(self, always: tuple[str, ...] = ()) -> Routing:
        """Return the routes. always: channels that get every message."""
        return Routing(tuple(one.route(self.zone) for one in self.routes), self.default, always)


KINDS: Final[Mapping[str, type[BaseModel]]] = {
    "log": LogChannel,
    "webhook": WebhookChannel,
    "apprise": AppriseChannel,
    "pagerduty": PagerDutyChannel,
    "slack": SlackChannel,
}
PARTS: Final[Mapping[str, type[BaseModel]]] = {
    "routes": _Route,
    "match": _Match,
    "time": _Hours,
    "quiet": _Quiet,
    "escalation": _Step,
}
"""The form of each part of the file, by the key that holds it."""
