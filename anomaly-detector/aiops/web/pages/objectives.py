"""Pages of objectives (SLOs): all of them, and one."""

from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aiops.config import Settings
from aiops.model import AttributeDifference
from aiops.model.errors import NotPossible, SourceError
from aiops.presentation import grafana
from aiops.presentation.objectives import read_group
from aiops.service.bad_requests import BadRequests
from aiops.service.slos import number_sources
from aiops.service.use_cases import UseCases
from aiops.slo.live.status import SloStatus
from aiops.web.objective import bad_search, group_address, group_view, value_search


def add_objectives(pages: Blueprint, use_cases: UseCases, settings: Settings) -> None:
    """Add the pages of objectives."""

    @pages.get("/slos")
    def slos() -> ResponseReturnValue:
        status = use_cases.slos
        return render_template(
            "slos.html",
            found=status.all(),
            journeys=status.composites(),
            left_out=status.left_out,
            problems=status.objectives.problems,
            gaps=use_cases.operation.readiness().reasons,
            address=group_address,
        )

    @pages.get("/slos/<name>")
    def slo(name: str) -> ResponseReturnValue:
        asked = read_group(request.args.getlist("group"))
        one, every = use_cases.slos.one(name)
        found = every if asked is None else use_cases.slos.one(name, asked)[1]
        burns, incidents = use_cases.slos.burns(name), use_cases.slos.hit_by(one, found)
        bad, why = _bad_requests(use_cases, found)
        told = {each.incident for each in burns}

        def link(of: AttributeDifference | None = None) -> str:
            assert bad is not None
            wanted = bad_search(bad) if of is None else value_search(bad, of)
            return f"{url_for('web.traces')}?{urlencode(wanted, doseq=True)}"

        return render_template(
            "slo.html",
            slo=one,
            every=every,
            asked=asked,
            address=group_address,
            views=[
                group_view(each, history, burns, incidents)
                for each, history in zip(found, use_cases.slos.histories(found), strict=False)
            ],
            burns=burns if asked is None else [each for each in burns if each.group == asked],
            incidents=[each for each in incidents if each.id not in told],
            bad=bad,
            why=why,
            link=link,
            sources=number_sources(one, found),
            left_out=use_cases.slos.left_out.get(name),
            shown=grafana.of_objective(one, settings.grafana_url),
        )


def _bad_requests(use_cases: UseCases, found: list[SloStatus]) -> tuple[BadRequests | None, str]:
    """Return the bad requests of the first group, and why nothing is known of them."""
    if not found:
        return None, ""
    try:
        bad = use_cases.bad_requests.of(found[0])
    except (SourceError, NotPossible) as error:
        return None, f"Traces could not be read: {error}."
    return bad, bad.why
