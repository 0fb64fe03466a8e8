"""Alerts of others, and what became of a post of them."""

from pydantic import Field

from aiops.presentation.documents.base import Document
from aiops.presentation.documents.incident import LinkedAlert


class Alert(LinkedAlert):
    fingerprint: str
    services: list[str] = Field(description="that its labels name")
    labels: dict[str, str]
    annotations: dict[str, str]
    incidents: list[str] = Field(description="that it tells of")


class Alerts(Document):
    alerts: list[Alert]


class MendedField(Document):
    """A field of a message that could not be taken as it was."""

    field: str
    what: str


class Received(Document):
    """What became of the alerts of one post."""

    received: int
    dropped: int = Field(description="that could not be told from others, and are left out")
    mended: list[MendedField] = Field(description="fields that were left out or made good, the first 20")
    mended_in_all: int
    firing: int = Field(description="that begin")
    resolved: int = Field(description="that end")
    known: int = Field(description="that say nothing new")
    refused: int = Field(description="that are the engine's own incidents")
