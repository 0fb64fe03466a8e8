"""The pages: each one asks the use cases and renders a template."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aiops import __version__
from aiops.config import EVERYWHERE, Settings
from aiops.health import ServiceHealth
from aiops.model import Incident, IncidentState
from aiops.model.errors import NotFound, SourceError
from aiops.presentation import filters, grafana
from aiops.presentation.mood import mood
from aiops.service.slos import number_sources
from aiops.service.use_cases import UseCases
from aiops.web import refusal
from aiops.web.waterfall import waterfall

T = TypeVar("T")
RECENTLY = 10
MOST = 200
LONGEST_REASON = 1000


def add_pages(app: Flask, use_cases: UseCases, settings: Settings) -> None:
    """Add the pages to an application whose guard has set `flask.g.who`."""
    pages = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")

    @pages.context_processor
    def always() -> dict[str, object]:
        return {"now": use_cases.now(), "version": __version__, "needs_token": bool(settings.tokens)}

    @pages.get("/")
    def index() -> ResponseReturnValue:
        gaps: list[str] = []
        active, count = use_cases.incidents.urgent(MOST)
        resolved, _ = use_cases.incidents.page(state=str(IncidentState.RESOLVED), limit=RECENTLY)
        services: list[ServiceHealth] = _or_gap(use_cases.health.services, [], gaps)
        newest = _or_gap(use_cases.telemetry.newest, None, gaps)
        readiness = use_cases.operation.readiness()
        gaps = list(dict.fromkeys([*gaps, *readiness.reasons]))
        return render_template(
            "incidents.html",
            active=sorted(active, key=_urgency),
            count=count,
            resolved=sorted(resolved, key=lambda one: one.resolved_at or 0.0, reverse=True),
            services=services,
            uneasy=[one for one in services if one.status != "healthy"],
            mood=mood(count, newest, use_cases.now(), bool(gaps)),
            newest=newest,
            gaps=gaps,
            notes=readiness.notes,
            otlp=_otlp(settings),
        )

    @pages.get("/incidents")
    def incidents() -> ResponseReturnValue:
        return redirect(url_for("web.index"))

    @pages.get("/incidents/<name>")
    def incident(name: str) -> ResponseReturnValue:
        one = use_cases.incidents.get(name)
        shown = grafana.of_incident(one, settings.grafana_url)
        return render_template(
            "incident.html",
            one=one,
            alerts=use_cases.alerts.of(one),
            alike=use_cases.incidents.alike(one),
            shown=shown,
            undoable=use_cases.acceptance.undoable(one),
        )

    @pages.post("/incidents/<name>/acknowledge")
    def acknowledge(name: str) -> ResponseReturnValue:
        return redirect(url_for("web.incident", name=use_cases.incidents.acknowledge(name, g.who).id), 303)

    @pages.post("/incidents/<name>/resolve")
    def resolve(name: str) -> ResponseReturnValue:
        return redirect(url_for("web.incident", name=use_cases.incidents.resolve(name, g.who).id), 303)

    @pages.get("/incidents/<name>/normal")
    def proposed(name: str) -> ResponseReturnValue:
        one = use_cases.incidents.get(name)
        return render_template("normal.html", one=one, changes=use_cases.acceptance.proposal(one))

    @pages.post("/incidents/<name>/normal")
    def normal(name: str) -> ResponseReturnValue:
        reason = " ".join(request.form.get("reason", "").split())
        if not 3 <= len(reason) <= LONGEST_REASON:
            abort(400, f"a reason is needed, of 3 to {LONGEST_REASON} characters")
        return redirect(url_for("web.incident", name=use_cases.acceptance.accept(name, g.who, reason).id), 303)

    @pages.post("/incidents/<name>/normal/undo")
    def undo_normal(name: str) -> ResponseReturnValue:
        return redirect(url_for("web.incident", name=use_cases.acceptance.undo(name, g.who).id), 303)

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

    @pages.get("/traces/<trace_id>")
    def trace(trace_id: str) -> ResponseReturnValue:
        if len(trace_id) > 64:
            raise NotFound("there is no trace with an id that long")
        found = use_cases.telemetry.trace(trace_id)
        begins = min(max(request.args.get("from", 0, type=int), 0), len(found.spans) - 1)
        span = request.args.get("span", "")
        return render_template("trace.html", fall=waterfall(found, span, begins), span=span)

    for function in filters.FILTERS:
        app.add_template_filter(function, function.__name__)
    app.register_blueprint(pages)
    refusal.install_refusals(app, use_cases)


def _or_gap(ask: Callable[[], T], otherwise: T, gaps: list[str]) -> T:
    """Call a source; if it does not answer, return `otherwise` and add a line to the gaps of the page."""
    try:
        return ask()
    except SourceError as error:
        gaps.append(str(error))
        return otherwise


def _otlp(settings: Settings) -> str:
    """Return the address for telemetry: an engine that listens everywhere is reached under the host name of the
    request."""
    host = settings.otlp_host
    if host in EVERYWHERE:
        host = urlsplit(request.host_url).hostname or host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.otlp_http_port}"


def _urgency(one: Incident) -> tuple[bool, int, float]:
    return one.state != IncidentState.OPEN, -one.severity.rank, -one.first_detected
