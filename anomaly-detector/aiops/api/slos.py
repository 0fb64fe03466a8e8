"""Objectives: their status, and the source of each number."""

from decimal import Decimal
from itertools import repeat
from typing import Any

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from aiops.api.answer import Question, number, responses
from aiops.api.traces import difference_document
from aiops.model import Incident, iso, iso_duration
from aiops.model.errors import NotFound
from aiops.presentation.burn import burn_document
from aiops.presentation.documents import slo as documents
from aiops.presentation.objectives import read_group
from aiops.service.slos import number_sources
from aiops.service.use_cases import UseCases
from aiops.slo.live.history import BudgetHistory
from aiops.slo.live.status import LOOKBACK, CompositeStatus, SloState, SloStatus
from aiops.slo.rules import writing
from aiops.slo.spec import durations

TAG = Tag(name="objectives", description="service level objectives and their error budgets")


class Nothing(Question):
    """No parameter."""


class OneSlo(Question):
    slo: str = Field(min_length=1, max_length=256, description="like checkout-availability")


class OneGroup(Question):
    group: list[str] = Field(
        [],
        max_length=16,
        description="name=value of an attribute that the objective is split by, such as http.route=/pay; once for each",
    )


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for objectives."""
    api = APIBlueprint("slos", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/slos", responses=responses(documents.Slos))
    def listed(query: Nothing) -> Any:  # noqa: ARG001 (unknown parameters are an error)
        """Answer how every objective stands, the worst first."""
        slos = use_cases.slos
        return documents.Slos(
            as_of=iso(slos.at()),
            slos=[status_document(one) for one in slos.all()],
            journeys=[_journey(one) for one in slos.composites()],
            left_out=[documents.LeftOut(slo=name, why=why) for name, why in slos.left_out.items()],
            problems=[str(one) for one in slos.objectives.problems],
        ).model_dump()

    @api.get("/objectives", responses=responses(documents.Definitions))
    def definitions(query: Nothing) -> Any:  # noqa: ARG001 (unknown parameters are an error)
        """Answer all objectives as OpenSLO documents."""
        written = writing.documents(use_cases.slos.objectives)
        return documents.Definitions(documents=[_plain(one) for one in written]).model_dump()

    @api.get("/slos/<slo>", responses=responses(documents.Slo, 404))
    def one(path: OneSlo, query: OneGroup) -> Any:
        """Answer everything about one objective, with the history of its worst groups, or of a given one."""
        slo, found = use_cases.slos.one(path.slo, read_group(query.group))
        histories = [*use_cases.slos.histories(found), *repeat(None, len(found))]
        return documents.Slo(
            slo=slo.name,
            display_name=slo.display_name,
            description=slo.description,
            service=slo.service,
            target=str(slo.target),
            period=slo.period.text,
            left_out=use_cases.slos.left_out.get(slo.name),
            written=str(slo.place),
            groups=[_group(each, history) for each, history in zip(found, histories, strict=False)],
            queries=[
                documents.Query(number=of.number, exact=of.exact, query=of.query, promql=of.promql or None)
                for of in number_sources(slo, found)
            ],
            burns=[burn_document(each) for each in use_cases.slos.burns(slo.name)],
            incidents=[_hit_by(each) for each in use_cases.slos.hit_by(slo, found)],
        ).model_dump()

    @api.get("/slos/<slo>/bad-requests", responses=responses(documents.BadRequests, 404, 409))
    def bad_requests(path: OneSlo, query: OneGroup) -> Any:
        """Compare the bad requests of an objective's worst group, or of a given one, with good ones."""
        slo, found = use_cases.slos.one(path.slo, read_group(query.group))
        if not found:
            raise NotFound(f"objective {slo.name!r} is not counted here, so that nothing is known of its requests")
        compared = use_cases.bad_requests.of(found[0])
        return documents.BadRequests(
            slo=slo.name,
            group=dict(found[0].group),
            since=iso(compared.window.start),
            until=iso(compared.window.end),
            store=compared.store,
            bad_read=compared.bad,
            good_read=compared.good,
            differences=[difference_document(each) for each in compared.differences],
            why=compared.why or None,
        ).model_dump()

    return api


def _group(of: SloStatus, history: BudgetHistory | None) -> documents.GroupStanding:
    return documents.GroupStanding(
        **status_document(of).model_dump(), history=None if history is None else _history(history)
    )


def _history(of: BudgetHistory) -> documents.History:
    return documents.History(
        bucket_seconds=of.width,
        buckets=[
            documents.Bucket(
                start=iso(each.start),
                end=iso(each.end),
                events=number(each.events, 3) or 0.0,
                bad_events=number(each.bad, 3) or 0.0,
                good_ratio=number(each.good, 6),
                budget_left=round(each.left, 6),
            )
            for each in of.buckets
        ],
        projection=[documents.Projected(at=iso(at), budget_left=round(left, 6)) for at, left in of.projection],
    )


def _hit_by(one: Incident) -> documents.HitBy:
    return documents.HitBy(
        incident=one.id,
        title=one.title,
        state=str(one.state),
        onset=iso(one.onset),
        resolved_at=None if one.resolved_at is None else iso(one.resolved_at),
    )


def status_document(one: SloStatus) -> documents.Standing:
    """Return the document of the status of a group of an objective."""
    slo, budget, heard = one.slo, one.budget, one.state != SloState.NO_DATA or one.budget.events > 0
    minutes = budget.spare * slo.slices.seconds / 60 if slo.slices else None
    return documents.Standing(
        slo=slo.name,
        display_name=slo.display_name,
        service=slo.service,
        group=dict(one.group),
        target=str(slo.target),
        period=slo.period.text,
        period_start=iso(one.period.start),
        period_end=iso(one.period.end),
        method="timeslices" if slo.slices else "occurrences",
        state=one.state.value,
        events=budget.events,
        bad_events=budget.bad,
        good_ratio=number(one.good, 6),
        budget_left=number(budget.left, 6) if heard else None,
        budget_events_left=number(budget.spare, 3) if heard else None,
        budget_minutes_left=number(minutes, 3) if heard else None,
        coverage=round(budget.coverage, 6),
        data_since=None if one.since is None else iso(one.since),
        burn_rates=_rates(one.burn),
        burn_rates_from="rules" if one.ruled else "counts",
        lookback=durations.promql_duration(LOOKBACK),
        exhausted_in=None if one.exhausted_in is None or not heard else iso_duration(one.exhausted_in),
        projected_left=number(one.projected, 6),
        excluded=one.excluded or None,
    )


def _plain(value: Any) -> Any:
    """Return a document with numbers as JSON has them."""
    match value:
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
    return value


def _journey(one: CompositeStatus) -> documents.JourneyStanding:
    return documents.JourneyStanding(
        journey=one.composite.name,
        display_name=one.composite.display_name,
        service=one.composite.service,
        parts=[documents.Part(slo=name, weight=float(weight)) for name, weight in one.composite.parts],
        burn_rates=_rates(one.burn),
        budget_left=number(one.left, 6),
    )


def _rates(burn: Any) -> documents.Rates:
    return {durations.promql_duration(window): number(rate) for window, rate in burn.items()}
