"""Alerts of other systems: received from the webhook of Alertmanager, and listed."""

from typing import Annotated, Any, Literal

from flask import g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from aiops.api import webhook
from aiops.api.answer import Question, changing, responses
from aiops.incidents.alerts import services_of
from aiops.model import Alert as Kept
from aiops.model import AlertState, iso
from aiops.presentation.documents.alerts import Alert, Alerts, MendedField, Received
from aiops.presentation.documents.incident import LinkedAlert
from aiops.service.use_cases import UseCases

TAG = Tag(name="alerts", description="alerts of other rules, which Alertmanager passes on")
LARGEST_BODY = 4 * 1024 * 1024
NAMED = 20
"""The most repaired fields that an answer names."""
Time = Annotated[float | None, WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]})]


class LenientModel(BaseModel):
    """Fields that a later Alertmanager may add are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ToldAlert(LenientModel):
    """What is wrong in one of its fields costs that field."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str] = Field(description="values are cut at 4096 characters")
    annotations: dict[str, str] = Field(default_factory=dict, description="values are cut at 4096 characters")
    startsAt: Time = None
    endsAt: Time = Field(None, description="in the year 1 while it fires")
    generatorURL: str = ""
    fingerprint: str = Field("", max_length=64)


class Webhook(LenientModel):
    """What Alertmanager posts, version 4; what is not described here is passed over."""

    version: Literal["4"]
    alerts: list[ToldAlert]
    truncatedAlerts: int = Field(0, ge=0, description="alerts left out, where the webhook has `max_alerts`")

    @model_validator(mode="before")
    @classmethod
    def _mended(cls, _: object) -> object:
        """Flask reads nothing of a body whose text is broken somewhere: it is read by `webhook`."""
        whole, g.mended = webhook.mended(g.told)
        return whole


class Filter(Question):
    state: Literal["firing", "resolved", "all"] = Field("all", description="alerts in this state only")
    service: str | None = Field(None, min_length=1, max_length=256, description="one that its labels name")
    limit: int = Field(50, ge=1, le=200, description="most alerts of one answer")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for alerts."""
    api = APIBlueprint("alerts", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.before_request
    def json_only() -> None:
        if request.method == "POST":
            request.max_content_length = LARGEST_BODY
            g.told = webhook.loaded()

    @api.get("/alerts", responses=responses(Alerts))
    def listed(query: Filter) -> Any:
        """List alerts of others, newest first."""
        state = None if query.state == "all" else query.state
        found = use_cases.alerts.page(state, query.service, query.limit)
        return Alerts(alerts=[_shown(one, incidents) for one, incidents in found]).model_dump()

    @api.post("/alerts", **changing(Received))
    def receive(body: Webhook) -> Any:
        """Take alerts from Alertmanager's webhook; the same again changes nothing, and the engine's own are refused.
        What is wrong in one field costs that field, at most its alert."""
        now, sent = use_cases.now(), g.told["alerts"]
        began = use_cases.alerts.began([one.fingerprint for one in body.alerts if one.startsAt is None])
        dropped = len(sent) - len(body.alerts)
        told = [_kept(one, began.get(one.fingerprint), now) for one in body.alerts]
        receipt = use_cases.alerts.take(told, g.actor, body.truncatedAlerts, dropped, len(g.mended))
        use_cases.actions.alerted(told)
        return Received(
            received=len(sent),
            dropped=dropped,
            mended=[MendedField(field=one.field, what=one.what) for one in g.mended[:NAMED]],
            mended_in_all=len(g.mended),
            firing=receipt.firing,
            resolved=receipt.resolved,
            known=receipt.known,
            refused=receipt.refused,
        ).model_dump()

    return api


def linked(one: Kept) -> LinkedAlert:
    """Return an alert as its incident lists it."""
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


def _kept(told: ToldAlert, began: float | None, now: float) -> Kept:
    """Convert a received alert. `began`: when the firing episode began, as far as known."""
    firing = told.status == "firing"
    guessed = next(one for one in (began, None if firing else told.endsAt, now) if one is not None)
    starts_at = guessed if told.startsAt is None else told.startsAt
    return Kept(
        fingerprint=told.fingerprint,
        starts_at=starts_at,
        state=AlertState(told.status),
        ends_at=None if firing else max(starts_at, now if told.endsAt is None else told.endsAt),
        heard_at=now,
        labels=tuple(sorted(told.labels.items())),
        annotations=tuple(sorted(told.annotations.items())),
        services=services_of(told.labels),
        url=told.generatorURL if told.generatorURL.startswith(("http://", "https://")) else "",
        guessed=told.startsAt is None and began is None,
    )
