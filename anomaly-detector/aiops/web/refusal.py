"""Errors as pages: what a browser shows where a program gets problem details."""

from flask import Flask, Response, render_template, request

from aiops.model import Incident, IncidentFilter
from aiops.model.errors import StoreError
from aiops.service.use_cases import UseCases

PROBLEM = "application/problem+json"
RECENT = 5
HEADLINES = {
    401: "This needs a token",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible this way",
    409: "Not possible any more",
    500: "Something went wrong",
    503: "A source does not answer",
}


def install_refusals(app: Flask, use_cases: UseCases) -> None:
    """Render problem details as pages for clients that prefer HTML; programs get them unchanged."""

    def render(response: Response) -> Response:
        if response.mimetype != PROBLEM or not _is_for_a_person():
            return response
        problem = response.get_json(force=True)
        page = render_template(
            "problem.html",
            problem=problem,
            headline=HEADLINES.get(response.status_code, problem["title"]),
            recent=_recent(use_cases) if response.status_code == 404 else [],
            back=_back(),
        )
        response.set_data(page)
        response.mimetype = "text/html"
        return response

    app.after_request(render)


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
