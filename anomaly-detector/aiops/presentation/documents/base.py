"""What all documents share. Unknown numbers are null; latencies end in _ms, ratios are 0..1."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

Time = str
"""RFC 3339, in UTC."""
Json = dict[str, Any]
"""A document as it came over the wire."""


class Document(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Cause(Document):
    """Where trouble starts; `caller` is set for trouble between two services, and for callees without telemetry."""

    service: str
    endpoint: str | None
    method: str | None
    kind: str
    caller: str | None


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    parameter: str | None = Field(None, description="the query parameter, path part or body field at fault")
