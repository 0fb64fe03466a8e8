"""Errors as pages: what a browser shows where a program gets problem details."""

from flask import Flask, Response, g, make_response, redirect, render_template, request, url_for

from aiops.model import Incident, IncidentFilter
from aiops.model.errors import StoreError
from aiops.service.use_cases import UseCases

PROBLEM = "application/problem+json"
RECENT = 5
HEADLINES = {
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible this way",
    409: "Not possible any more",
    429: "Too many requests",
    500: "Something went wrong",
    503: "A source does not answer",
}


def install_refusals(app: Flask, use_cases: UseCases) -> None:
    """Render problem details as pages for clients that prefer HTML; programs get them unchanged."""

    def render(response: Response) -> Response:
        if response.mimetype != PROBLEM or not _is_for_a_person():
            return response
        problem = response.get_json(force=True)
        if response.status_code == 401 and request.method == "GET":
            return make_response(redirect(sign_in_path(), 303))
        page = render_template(
            "problem.html",
            problem=problem,
            headline=HEADLINES.get(response.status_code, problem["title"]),
            recent=_recent(use_cases) if response.status_code == 404 and g.get("principal") else [],
            back=_back(),
        )
        response.set_data(page)
        response.mimetype = "text/html"
        return response

    app.after_request(render)


def sign_in_path() -> str:
    """Return the path of the page to sign in, which leads back to this one."""
    here = request.full_path.rstrip("?") if request.method == "GET" else _back()
    return url_for("web.sign_in", next=here)


def _is_for_a_person() -> bool:
    ours = request.blueprint in (None, "web") and not request.path.startswith("/aiops")
    return ours and request.accept_mimetypes.best_match([PROBLEM, "text/html"]) == "text/html"


def _back() -> str:
    """Return the page of the incident whose button was pressed, else the list."""
    name = (request.view_args or {}).get("name") if request.method == "POST" else None
    return f"/incidents/{name}" if name else "/"


def _recent(use_cases: UseCases) -> list[Incident]:
    try:
        return use_cases.incidents.page(IncidentFilter(), limit=RECENT)[0]
    except StoreError:
        return []
