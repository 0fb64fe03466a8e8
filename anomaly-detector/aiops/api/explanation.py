"""Requests compared: those of a time, or of given traces, with those of before."""

import re
from typing import Any, Final

from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from aiops.api.answer import Question, responses
from aiops.api.moment import Moment, window
from aiops.api.problem import ApiProblem
from aiops.api.telemetry import TAG
from aiops.presentation.documents.explanation import Explanation
from aiops.service.use_cases import UseCases

LONGEST_SECONDS: Final = 24 * 3600.0
MOST_TRACES: Final = 100
_ID: Final = re.compile(r"[0-9a-fA-F]{1,32}")


class ToExplain(Question):
    service: str | None = Field(
        None,
        min_length=1,
        max_length=256,
        description="whose requests are compared; needs `since`",
        json_schema_extra={"example": "payment"},
    )
    route: str | None = Field(
        None, min_length=1, max_length=1024, description="like /payment or POST /payment; default all of the service"
    )
    since: Moment | None = Field(
        None,
        description="when the trouble began: RFC 3339 with its zone, or Unix seconds; with `traces` by default when "
        "the first of them began",
        json_schema_extra={"example": "2026-01-31T12:00:00Z"},
    )
    until: Moment | None = Field(None, description="when it ended; default now")
    traces: str | None = Field(
        None, min_length=1, max_length=4096, description=f"ids of bad traces, by commas; at most {MOST_TRACES}"
    )
    limit: int | None = Field(
        None, ge=10, le=1000, description="most traces of each side; default `traces_limit` of the settings"
    )


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the route for comparisons."""
    api = APIBlueprint("explanation", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/explain", responses=responses(Explanation, 404, 409))
    def explain(query: ToExplain) -> Any:
        """Compare bad requests, of a time or of given traces, with those of before: what differs, where, how sure."""
        if query.traces is not None:
            found = use_cases.explanation.of_traces(_ids(query, query.traces), query.since, query.limit)
        else:
            found = _of_window(use_cases, query)
        return found.model_dump()

    return api


def _ids(query: ToExplain, traces: str) -> list[str]:
    for name in ("service", "route", "until"):
        if getattr(query, name) is not None:
            raise ApiProblem(400, f"`{name}` goes without `traces`: the traces say which requests they are", name)
    ids = [one.strip() for one in traces.split(",")]
    for one in ids:
        if not _ID.fullmatch(one):
            raise ApiProblem(400, f"`traces`: {one!r} is no trace id, which has up to 32 hexadecimal digits", "traces")
    if len(ids) > MOST_TRACES:
        raise ApiProblem(400, f"`traces`: {len(ids)} ids are too many; give {MOST_TRACES} at most", "traces")
    return ids


def _of_window(use_cases: UseCases, query: ToExplain) -> Explanation:
    if query.service is None:
        raise ApiProblem(400, "give `service` and `since`, or `traces`", "service")
    if query.since is None:
        raise ApiProblem(400, "`since` is missing: say when the trouble began", "since")
    over = window(query.since, query.until, use_cases.now(), 0.0)
    if not 0 < over.seconds <= LONGEST_SECONDS:
        raise ApiProblem(400, "`since` must lie before `until` (default now), by 24 h at most", "since")
    return use_cases.explanation.of_window(query.service, query.route or "", over, query.limit)
