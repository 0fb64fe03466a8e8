"""What all documents share. Unknown numbers are null; latencies end in _ms, ratios are 0..1."""

import json
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

Time = str
"""RFC 3339, in UTC."""
Json = dict[str, Any]
"""A document as it came over the wire."""


class Described(BaseModel):
    """A model whose JSON schema is made once: the API asks for that of incidents for each of a dozen routes, which took
    most of the time until it was built."""

    @classmethod
    def model_json_schema(cls, *args: Any, **named: Any) -> Json:
        """Return a schema that the caller may change."""
        found: Json = json.loads(_schema(cls, args, tuple(named.items())))
        return found


@cache
def _schema(of: type[Described], args: tuple[Any, ...], named: tuple[tuple[str, Any], ...]) -> str:
    return json.dumps(super(Described, of).model_json_schema(*args, **dict(named)))


class Document(Described):
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
