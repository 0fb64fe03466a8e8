"""Pages of objectives (SLOs): all of them, and one."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from aiops.config import Settings
from aiops.presentation import grafana
from aiops.service.slos import number_sources
from aiops.service.use_cases import UseCases


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
        )

    @pages.get("/slos/<name>")
    def slo(name: str) -> ResponseReturnValue:
        one, found = use_cases.slos.one(name)
        return render_template(
            "slo.html",
            slo=one,
            found=found,
            burns=use_cases.slos.burns(name),
            sources=number_sources(one, found),
            left_out=use_cases.slos.left_out.get(name),
            shown=grafana.of_objective(one, settings.grafana_url),
        )
