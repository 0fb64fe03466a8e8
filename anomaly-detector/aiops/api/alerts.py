"""Alerts of others: what Alertmanager's webhook tells, and what is known of them."""

from typing import Annotated, Any, Literal

from flask import request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from aiops.api.answer import Question, changing, responses
from aiops.api.body import must_be_object
from aiops.api.documents import Alert, Alerts, LinkedAlert, Received
from aiops.api.moment import Moment, unix_seconds
from aiops.desk import Desk
from aiops.incidents.alerts import services_of
from aiops.model import Alert as Kept
from aiops.model import AlertState, iso

TAG = Tag(name="alerts")
LARGEST_BODY = 4 * 1024 * 1024
LONGEST = 4096
NO_TIME = "0001-01-01T"  # how Go writes a time that is not set


def _cut(value: object) -> object:
    """Bounded, and without what databases refuse."""
    if not isinstance(value, dict):
        return value
    return {_text(key): _text(one) for key, one in value.items()}


def _text(value: Any) -> Any:
    return value.replace("\x00", "")[:LONGEST] if isinstance(value, str) else value


def _moment_or_none(value: object) -> float | None:
    return None if value is None or str(value).startswith(NO_TIME) else unix_seconds(value)


Texts = Annotated[dict[str, str], BeforeValidator(_cut)]
End = Annotated[
    float | None,
    BeforeValidator(_moment_or_none),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
]


class Told(BaseModel):
    """Fields that a later Alertmanager may add are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ToldAlert(Told):
    status: Literal["firing", "resolved"]
    labels: Texts = Field(description="values are cut at 4096 characters")
    annotations: Texts = Field(default_factory=dict, description="values are cut at 4096 characters")
    startsAt: Moment
    endsAt: End = Field(None, description="in the year 1 while it fires")
    generatorURL: str = ""
    fingerprint: str = Field(min_length=1, max_length=64, pattern=r"^[\w-]+$")


class Webhook(Told):
    """What Alertmanager posts, version 4; what is not described here is passed over."""

    version: Literal["4"]
    alerts: list[ToldAlert]
    truncatedAlerts: int = Field(0, ge=0, description="alerts left out, where the webhook has `max_alerts`")


class Filter(Question):
    state: Literal["firing", "resolved", "all"] = "all"
    service: str | None = Field(None, min_length=1, max_length=256, description="one that its labels name")
    limit: int = Field(50, ge=1, le=200)


def blueprint(desk: Desk) -> APIBlueprint:
    api = APIBlueprint("alerts", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.before_request
    def json_only() -> None:
        if request.method == "POST":
            request.max_content_length = LARGEST_BODY
            must_be_object()

    @api.get("/alerts", responses=responses(Alerts))
    def listed(query: Filter) -> Any:
        """List alerts of others, newest first."""
        state = None if query.state == "all" else query.state
        found = desk.alerts.page(state, query.service, query.limit)
        return Alerts(alerts=[_shown(one, incidents) for one, incidents in found]).model_dump()

    @api.post("/alerts", **changing(Received))
    def receive(body: Webhook) -> Any:
        """Take alerts from Alertmanager's webhook; the same again changes nothing, and the engine's own are refused."""
        now = desk.now()
        receipt = desk.alerts.take([_kept(one, now) for one in body.alerts], body.truncatedAlerts)
        return Received(
            received=receipt.received,
            firing=receipt.firing,
            resolved=receipt.resolved,
            known=receipt.known,
            refused=receipt.refused,
        ).model_dump()

    return api


def linked(one: Kept) -> LinkedAlert:
    """An alert as the incident it tells of lists it."""
    return LinkedAlert(
        name=one.name,
        severity=one.severity or None,
        state=one.state.value,
        starts_at=iso(one.starts_at),
        ends_at=None if one.ends_at is None else iso(one.ends_at),
        summary=one.summary or None,
        url=one.url or None,
    )


def _shown(one: Kept, incidents: list[str]) -> Alert:
    return Alert(
        **linked(one).model_dump(),
        fingerprint=one.fingerprint,
        services=list(one.services),
        labels=dict(one.labels),
        annotations=dict(one.annotations),
        incidents=incidents,
    )


def _kept(told: ToldAlert, now: float) -> Kept:
    ends_at = None
    if told.status == "resolved":
        ends_at = max(told.startsAt, now if told.endsAt is None else told.endsAt)
    return Kept(
        fingerprint=told.fingerprint,
        starts_at=told.startsAt,
        state=AlertState(told.status),
        ends_at=ends_at,
        heard_at=now,
        labels=tuple(sorted(told.labels.items())),
        annotations=tuple(sorted(told.annotations.items())),
        services=services_of(told.labels),
        url=told.generatorURL[:LONGEST] if told.generatorURL.startswith(("http://", "https://")) else "",
    )
