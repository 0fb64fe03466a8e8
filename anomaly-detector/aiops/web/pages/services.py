"""The page of all services, worst first."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from aiops.service.use_cases import UseCases

A_PAGE = 100
LONGEST = 200
"""The most characters that are searched for."""


def add_services(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the list of services."""

    @pages.get("/services")
    def services() -> ResponseReturnValue:
        every = use_cases.health.services()
        q = request.args.get("q", "").strip()
        if len(q) > LONGEST:
            abort(400, f"`q` must have at most {LONGEST} characters")
        found = [one for one in every if q.lower() in one.service.lower()]
        last = max(1, -(-len(found) // A_PAGE))
        page = _page(last)
        return render_template(
            "services.html",
            services=found[(page - 1) * A_PAGE : page * A_PAGE],
            count=len(found),
            all=len(every),
            bad=sum(one.status in ("unhealthy", "degraded") for one in every),
            q=q,
            page=page,
            last=last,
            first=(page - 1) * A_PAGE + 1,
        )


def _page(last: int) -> int:
    asked = request.args.get("page", "") or "1"
    if not (asked.isascii() and asked.isdigit() and len(asked) < 8 and int(asked)):
        abort(400, f"`page` must be a whole number from 1 to {last}, not {asked[:40]!r}")
    return min(int(asked), last)
