"""The page that shows what the detector would have said about stored history."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from aiops.backtest import Choice
from aiops.model import Family, names, value_of
from aiops.model.errors import NotFound, NotPossible, SourceError, TooMuch
from aiops.presentation.numbers import span_of_time
from aiops.service.backtest import MOST_STEPS
from aiops.service.details import SERIES_FAMILIES
from aiops.service.use_cases import UseCases
from aiops.web.asked import asked_choice, asked_text, asked_window
from aiops.web.backtest import BacktestFindings, shown_findings

RANGES = ("15m", "1h", "6h")
WORDS = {"errors": "Errors", "latency": "Duration", "traffic": "Traffic", "silence": "Silence"}
STATUSES: dict[type[Exception], int] = {NotFound: 404, NotPossible: 409, TooMuch: 422, SourceError: 503}


def add_backtest(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the page. Without a service it asks for one."""

    @pages.get("/backtest")
    def backtest() -> ResponseReturnValue:
        service, route = asked_text("service"), asked_text("route")
        family = Family(asked_choice("family", SERIES_FAMILIES, Family.ERRORS))
        asked = asked_window(use_cases.now())
        if route and not service:
            abort(400, "`route` needs `service`")
        if route and family == Family.SILENCE:
            abort(400, "`route` goes with requests only: silence is judged for a whole service")
        problem, status, shown = "", 200, {}
        if service:
            try:
                judged = use_cases.backtest.run(Choice(service, route), family, asked.window)
                found = BacktestFindings(
                    place="this engine's history",
                    start=judged.window.start,
                    end=judged.window.end,
                    series=judged.series,
                )
                shown = shown_findings(found)
            except (NotFound, NotPossible, TooMuch, SourceError) as error:
                problem = str(error)
                status = next(code for kind, code in STATUSES.items() if isinstance(error, kind))
        page = render_template(
            "backtest_page.html",
            service=service,
            route=route,
            family=family,
            families=WORDS,
            asked=asked,
            ranges=RANGES,
            services=_services(use_cases),
            routes=_routes(use_cases, service),
            longest=span_of_time(MOST_STEPS * use_cases.engine.pace.step),
            most=MOST_STEPS,
            step=use_cases.engine.pace.step,
            learned=span_of_time(use_cases.engine.pace.backfill),
            problem=problem,
            **shown,
        )
        return page, status


def _services(use_cases: UseCases) -> list[str]:
    try:
        return sorted(one.service for one in use_cases.health.services())
    except SourceError:
        return []


def _routes(use_cases: UseCases, service: str) -> list[str]:
    known = use_cases.details.series(service) if service else []
    written = (f"{value_of(one, names.METHOD)} {value_of(one, names.ROUTE)}".strip() for one in known)
    return list(dict.fromkeys(one for one in written if one))
