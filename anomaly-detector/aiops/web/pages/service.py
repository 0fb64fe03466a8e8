"""Pages of one service: its requests over time, and for each of its series why it alerts or does not."""

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from aiops.health import USERS, MapCall
from aiops.model import Family, Labels, labels, names, value_of
from aiops.model.errors import NotFound
from aiops.presentation.canary_text import canary_sentence
from aiops.presentation.responsible import responsible_leads
from aiops.presentation.why import why_now, why_then
from aiops.service.details import NUMBERED, SERIES_FAMILIES, JudgedHistory, SenderKinds
from aiops.service.use_cases import UseCases
from aiops.web import service_charts
from aiops.web.asked import RANGES, asked_choice, asked_text, asked_window
from aiops.web.chart import Curves, chart
from aiops.web.gaps import or_gap


def add_service(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the pages of one service."""
    details = use_cases.details

    @pages.get("/services/<path:name>")
    def service(name: str) -> ResponseReturnValue:
        gaps: list[str] = []
        asked = asked_window(use_cases.now())
        present = or_gap(lambda: details.present(name), None, gaps)
        found, lately = details.incidents(name, asked.window)
        changes, looks_after = details.changes(name, asked.window), use_cases.responsible.of(name)
        history = or_gap(lambda: details.history(name, asked.window), None, gaps)
        edges: Sequence[MapCall] = or_gap(lambda: use_cases.map.now().calls, (), gaps)
        flags = service_charts.marks(lately, changes)
        routes = service_charts.route_sparks(history) if history else []
        wanted = [(one.route.series, family) for one in routes for family in NUMBERED]
        return render_template(
            "service.html",
            name=name,
            one=present,
            asked=asked,
            ranges=RANGES,
            history=history,
            charts=service_charts.red_charts(history, flags) if history else [],
            flags=sorted({flag.kind for flag in flags if asked.window.start <= flag.at <= asked.window.end}),
            routes=routes,
            standings=details.standings(wanted),
            families=NUMBERED,
            callers=[one for one in edges if one.callee == name and one.caller != USERS],
            callees=[one for one in edges if one.caller == name],
            senders=or_gap(lambda: details.senders(name), SenderKinds(requests=0, values={}), gaps),
            objectives=[one for one in use_cases.slos.all() if one.slo.service == name],
            incidents=found,
            responsible=list(responsible_leads(looks_after, use_cases.now())),
            runbooks=looks_after.entry.runbooks + looks_after.entry.links if looks_after is not None else (),
            changes=changes,
            verdicts={key: (one, canary_sentence(one)) for key, one in use_cases.versions.of(changes).items()},
            gaps=gaps,
        )

    @pages.get("/services/<path:name>/series")
    def series(name: str) -> ResponseReturnValue:
        gaps: list[str] = []
        asked = asked_window(use_cases.now())
        family = Family(asked_choice("family", SERIES_FAMILIES, Family.ERRORS))
        known = details.series(name)
        if not known:
            raise NotFound(f"no service {name!r} was judged; the service's name in its telemetry is what counts")
        chosen = _chosen(name, known, family)
        judged = details.judged(chosen, family, asked.window)
        found, lately = details.incidents(name, asked.window)
        flags = service_charts.marks(lately, details.changes(name, asked.window))
        last = judged.verdicts[-1] if judged.verdicts else None
        step = use_cases.engine.pace.step
        if family in NUMBERED:
            charts, shades = service_charts.judged_charts(judged, step, flags), service_charts.state_strip(judged, step)
        else:
            plain = or_gap(lambda: _plain(use_cases, judged), None, gaps)
            charts = [chart(replace(plain, flags=flags))] if plain else []
            shades = service_charts.told_strip(judged, found)
        return render_template(
            "series.html",
            name=name,
            series=chosen,
            family=family,
            families=SERIES_FAMILIES,
            routes=[one for one in known if value_of(one, names.ROUTE) or value_of(one, names.METHOD)],
            asked=asked,
            ranges=RANGES,
            judged=judged,
            now_sentence=why_now(judged.standing, last) if judged.standing else "Not judged: it is not known any more.",
            then_sentence=why_then(judged.verdicts, judged.rule) if family in NUMBERED else "",
            charts=charts,
            shades=shades,
            states=service_charts.STATES,
            flags=sorted({flag.kind for flag in flags if asked.window.start <= flag.at <= asked.window.end}),
            incidents=[one for one in found if (chosen, str(family)) in one.symptoms],
            gaps=gaps,
        )


def _chosen(name: str, known: list[Labels], family: Family) -> Labels:
    """Return the series that the query string asks for."""
    if family == Family.SILENCE:
        return labels(service=name)
    routes = [one for one in known if one != labels(service=name)]
    route, method = asked_text("route"), asked_text("method")
    fits = [
        one
        for one in routes
        if ("route" not in request.args or value_of(one, names.ROUTE) == route)
        and (not method or value_of(one, names.METHOD) == method)
    ]
    if not fits:
        written = ", ".join(
            f"{value_of(one, names.METHOD)} {value_of(one, names.ROUTE)}".strip() for one in routes[:20]
        )
        raise NotFound(f"`route` and `method`: {name} has no such route; it has {written or 'none that was judged'}")
    return fits[0]


def _plain(use_cases: UseCases, judged: JudgedHistory) -> Curves:
    """Return what was observed of a series whose verdicts are not stored."""
    name = value_of(judged.series, names.SERVICE)
    if judged.family == Family.SILENCE:
        block = use_cases.details.signals(name, judged.window)
        arrived = (block.values.sum(axis=0) / block.step).tolist() if len(block.labels) else []
        times = block.ends.tolist() if arrived else []
        return service_charts.plain_chart(judged.family, judged.window, block.step, times, arrived)
    history = use_cases.details.history(name, judged.window)
    route = next((one for one in history.routes if one.series == judged.series), None)
    values = (route.requests / history.step).tolist() if route else []
    times = history.ends.tolist() if route else []
    return service_charts.plain_chart(judged.family, judged.window, history.step, times, values)
