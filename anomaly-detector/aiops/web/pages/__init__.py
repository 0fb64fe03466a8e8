"""The pages: each one asks the use cases and renders a template."""

from flask import Blueprint, g, request
from flask_openapi3.openapi import OpenAPI
from markupsafe import Markup

from aiops import __version__
from aiops.config import Settings
from aiops.model import Role
from aiops.presentation import filters
from aiops.presentation.documents.post_mortem import PAGE_EXTENSION
from aiops.service.gate import Gate
from aiops.service.use_cases import UseCases
from aiops.web import refusal
from aiops.web.map_drawing import tone
from aiops.web.pages.access import add_access
from aiops.web.pages.actions import add_actions
from aiops.web.pages.backtest import add_backtest
from aiops.web.pages.drills import add_drills
from aiops.web.pages.incident_list import add_incident_list
from aiops.web.pages.incidents import add_incidents
from aiops.web.pages.keys import add_keys
from aiops.web.pages.map import add_map
from aiops.web.pages.objectives import add_objectives
from aiops.web.pages.overview import add_overview
from aiops.web.pages.post_mortem import add_post_mortem
from aiops.web.pages.provider import add_provider
from aiops.web.pages.reference import add_reference
from aiops.web.pages.service import add_service
from aiops.web.pages.services import add_services
from aiops.web.pages.sign_in import add_sign_in
from aiops.web.pages.silences import add_silences
from aiops.web.pages.system import add_system
from aiops.web.pages.traces import add_traces
from aiops.web.pages.workflow import add_workflow
from aiops.web.post_mortem import post_mortem_page

NAVIGATION = (
    ("web.index", "Incidents"),
    ("web.services", "Services"),
    ("web.service_map", "Map"),
    ("web.traces", "Traces"),
    ("web.actions", "Actions"),
    ("web.slos", "Objectives"),
    ("web.system", "System"),
    ("web.api", "API"),
)
"""Pages that every page links to, with their names."""
FOR_ADMINS = (("web.tokens", "Tokens"), ("web.audit", "Audit"))
"""The same for those who are signed in as admins."""
GO_KEYS = {"i": "web.index", "s": "web.services", "m": "web.service_map", "t": "web.traces", "o": "web.slos"}
"""Pages by the key that follows `g`."""
SECTIONS = {
    "web.api_resource": "web.api",
    "web.incidents": "web.index",
    "web.incident": "web.index",
    "web.post_mortem": "web.index",
    "web.proposed": "web.index",
    "web.action": "web.actions",
    "web.slo": "web.slos",
    "web.service": "web.services",
    "web.series": "web.services",
    "web.backtest": "web.services",
    "web.trace": "web.traces",
    "web.silences": "web.index",
    "web.handover": "web.index",
    "web.add_token": "web.tokens",
    "web.drills": "web.system",
}
"""The page of NAVIGATION to which another page belongs."""


def add_pages(app: OpenAPI, use_cases: UseCases, settings: Settings) -> None:
    """Add the pages to the application of the API, whose guard has set `flask.g.principal`: a page shows its
    description."""
    pages = Blueprint(
        "web", __name__, template_folder="../templates", static_folder="../static", static_url_path="/static"
    )

    keys = {endpoint: key for key, endpoint in GO_KEYS.items()}
    gate = Gate.of(settings, use_cases)

    @app.context_processor
    def always() -> dict[str, object]:
        here = SECTIONS.get(request.endpoint or "", request.endpoint)
        return {
            "now": use_cases.now(),
            "version": __version__,
            "generated_until": use_cases.generated_until,
            "open": gate.is_open,
            "who": g.principal,
            "session": bool(g.session),
            "sign_in_path": refusal.sign_in_path(),
            "may": lambda role: g.principal is not None and g.principal.role.may(Role(role)),
            "navigation": [
                (name, endpoint, endpoint == here, keys.get(endpoint))
                for endpoint, name in (
                    *NAVIGATION,
                    *(FOR_ADMINS if g.session and g.principal.role == Role.ADMIN else ()),
                )
            ],
        }

    add_overview(pages, use_cases, settings)
    add_incident_list(pages, use_cases)
    add_incidents(pages, use_cases, settings)
    add_workflow(pages, use_cases)
    add_silences(pages, use_cases)
    add_actions(pages, use_cases)
    add_post_mortem(pages, use_cases)
    add_services(pages, use_cases)
    add_service(pages, use_cases)
    add_map(pages, use_cases)
    add_objectives(pages, use_cases, settings)
    add_traces(pages, use_cases)
    add_backtest(pages, use_cases)
    add_drills(pages, use_cases)
    add_keys(pages, {key: dict(NAVIGATION)[endpoint] for key, endpoint in GO_KEYS.items()})
    add_system(pages, use_cases, settings)
    add_reference(pages, lambda: app.ensure_sync(app.view_functions["description"])().get_json(), settings)
    add_sign_in(pages, gate)
    add_provider(pages, gate)
    add_access(pages, use_cases)
    app.add_template_global(_csrf_field, "csrf_field")
    app.add_template_global(lambda endpoint: endpoint in app.view_functions, "has_page")
    for function in (*filters.FILTERS, tone):
        app.add_template_filter(function, function.__name__)
    app.register_blueprint(pages)
    app.extensions[PAGE_EXTENSION] = post_mortem_page
    refusal.install_refusals(app, use_cases)


def _csrf_field() -> Markup:
    """What a form carries to show that it is of this session."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(g.csrf) if g.csrf else Markup()
