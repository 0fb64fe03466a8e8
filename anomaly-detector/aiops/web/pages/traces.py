"""Pages of traces: the search, and one trace."""

from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aiops.model.errors import NotFound, SourceError
from aiops.presentation.trace_search import NAMES, STATUSES, read_trace_search
from aiops.service.use_cases import UseCases
from aiops.web.scatter import scatter
from aiops.web.waterfall import waterfall

LISTED: Final = 50
"""Rows of the list of traces."""
SINCE: Final = (("15m", "last 15 min"), ("1h", "last hour"), ("6h", "last 6 h"), ("1d", "last day"))


def add_traces(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the pages of traces."""

    @pages.get("/traces")
    def traces() -> ResponseReturnValue:
        asked = read_trace_search(request.args.to_dict(flat=False), use_cases.now())
        found = use_cases.traces.search(asked)
        shown = found.selected if asked.box is not None else found.rest

        def link(**changed: Any) -> str:
            return f"{url_for('web.traces')}?{urlencode(asked.but(**changed), doseq=True)}"

        return render_template(
            "traces.html",
            asked=asked,
            found=found,
            shown=shown[:LISTED],
            hidden=max(0, len(shown) - LISTED),
            drawn=scatter(found.selected, found.rest, asked.window, asked.box) if found.traces else None,
            link=link,
            names=NAMES,
            statuses=STATUSES,
            since=SINCE,
            services=_services(use_cases),
        )

    @pages.get("/traces/<trace_id>")
    def trace(trace_id: str) -> ResponseReturnValue:
        if len(trace_id) > 64:
            raise NotFound("there is no trace with an id that long")
        found = use_cases.telemetry.trace(trace_id)
        begins = min(max(request.args.get("from", 0, type=int), 0), len(found.spans) - 1)
        span = request.args.get("span", "")
        return render_template("trace.html", fall=waterfall(found, span, begins), span=span)


def _services(use_cases: UseCases) -> list[str]:
    """The services that a person may choose from; none where metrics cannot be read now."""
    try:
        return sorted(one.service for one in use_cases.health.services())
    except SourceError:
        return []
