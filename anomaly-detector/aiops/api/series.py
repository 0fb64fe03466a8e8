"""Series over time: the verdicts on a route, or any OpenTelemetry metric."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel

from aiops.api.answer import Question, number, responses
from aiops.api.moment import Moment, window
from aiops.api.problem import ApiProblem
from aiops.api.telemetry import TAG
from aiops.model import Family, Labels, Verdict, Window, iso, labels, names, value_of
from aiops.presentation.documents.telemetry import Judged, JudgedSeries, MetricSeries, Point, Values, WhyAlerted
from aiops.presentation.why import why_now, why_then
from aiops.service.details import NUMBERED, SERIES_FAMILIES
from aiops.service.use_cases import UseCases

DEFAULT_SECONDS = 900.0
MOST_STEPS = 11_000
UNITS: dict[Family, Literal["ratio", "seconds"]] = {Family.ERRORS: "ratio", Family.LATENCY: "seconds"}


class Which(Question):
    service: str | None = Field(
        None,
        min_length=1,
        max_length=256,
        description="whose route was judged",
        json_schema_extra={"example": "payment"},
    )
    route: str | None = Field(
        None,
        max_length=1024,
        description="of the service, like /payment; needs `service`",
        json_schema_extra={"example": "/payment"},
    )
    metric: str | None = Field(None, min_length=1, max_length=256, description="name of an OpenTelemetry metric")
    by: str | None = Field(None, max_length=1024, description="attributes to tell apart, by commas; needs `metric`")
    step: float | None = Field(None, ge=1, le=86400, allow_inf_nan=False, description="seconds; needs `metric`")
    since: Moment | None = Field(None, description="RFC 3339 with its zone, or Unix seconds; default 15 minutes ago")
    until: Moment | None = Field(None, description="default now")


class Series(RootModel[JudgedSeries | MetricSeries]):
    """With `service` and `route` what was judged, with `metric` its values."""


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the route for series."""
    api = APIBlueprint("series", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/series", responses=responses(Series, 404, 422))
    def series(query: Which) -> Any:
        """Answer observed, expected, bounds and score of a route over time, or the values of a metric."""
        over = window(query.since, query.until, use_cases.now(), DEFAULT_SECONDS)
        answer = (
            _judged(use_cases, query, over) if query.metric is None else _metric(use_cases, query, over, query.metric)
        )
        return answer.model_dump()

    return api


def _judged(use_cases: UseCases, query: Which, over: Window) -> JudgedSeries:
    if query.service is None or query.route is None:
        missing = "service" if query.service is None else "route"
        raise ApiProblem(400, "give `service` and `route`, or `metric`", missing)
    for name in ("by", "step"):
        if getattr(query, name) is not None:
            raise ApiProblem(400, f"`{name}` goes with `metric` only", name)
    rows: dict[tuple[Labels, Family], list[Verdict]] = defaultdict(list)
    for one in use_cases.telemetry.series(query.service, query.route, over):
        rows[one.series, one.family].append(one)
    return JudgedSeries(
        service=query.service,
        route=query.route,
        since=iso(over.start),
        until=iso(over.end),
        series=[
            Judged(
                labels=dict(of),
                family=str(family),
                unit=UNITS.get(family, "signals"),
                points=[_point(p) for p in found],
            )
            for (of, family), found in rows.items()
        ],
        reasons=list(_reasons(use_cases, query.service, query.route, rows)),
    )


def _reasons(
    use_cases: UseCases, service: str, route: str, rows: Mapping[tuple[Labels, Family], Sequence[Verdict]]
) -> Iterator[WhyAlerted]:
    """Yield why each series of the route alerts or not."""
    details = use_cases.details
    mine = [one for one in details.series(service) if not route or value_of(one, names.ROUTE) in ("", route)]
    found = details.standings([(one, family) for one in mine for family in SERIES_FAMILIES])
    for (of, family), stands in found.items():
        if stands is not None:
            verdicts = rows.get((of, family), ())
            yield WhyAlerted(
                labels=dict(of),
                family=str(family),
                state=stands.state.name.lower(),
                tier=stands.tier.name.lower(),
                now=why_now(stands, verdicts[-1] if verdicts else None),
                then=why_then(verdicts, stands.rule) if family in NUMBERED else None,
            )


def _point(one: Verdict) -> Point:
    return Point(
        at=iso(one.at),
        observed=number(one.observed, 6),
        expected=number(one.expected, 6),
        lower=number(one.lower, 6),
        upper=number(one.upper, 6),
        score=number(one.score),
        confidence=number(one.confidence),
        tier=one.tier.name.lower(),
        life=one.state.name.lower(),
    )


def _metric(use_cases: UseCases, query: Which, over: Window, metric: str) -> MetricSeries:
    if query.route is not None:
        raise ApiProblem(400, "`route` goes with `service` alone; with `metric`, tell apart `by` attributes", "route")
    step = 15.0 if query.step is None else query.step
    if over.seconds / step > MOST_STEPS:
        raise ApiProblem(400, f"`step`: more than {MOST_STEPS} steps; take a longer step or less time", "step")
    by = tuple(part.strip() for part in (query.by or "").split(",") if part.strip())
    where = labels(service=query.service) if query.service else ()
    block = use_cases.telemetry.metric(metric, by, where, over, step)
    return MetricSeries(
        metric=metric,
        by=list(by),
        since=iso(over.start),
        until=iso(over.end),
        step_seconds=step,
        ends=[iso(float(end)) for end in block.ends],
        series=[
            Values(
                labels={key: value for key, value in of if key != names.NAME},
                values=[number(float(value), 6) for value in row],
            )
            for of, row in zip(block.labels, block.values, strict=True)
        ],
    )
