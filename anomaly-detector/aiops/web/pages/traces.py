"""Pages of traces."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from aiops.model.errors import NotFound
from aiops.service.use_cases import UseCases
from aiops.web.waterfall import waterfall


def add_traces(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the pages of traces."""

    @pages.get("/traces/<trace_id>")
    def trace(trace_id: str) -> ResponseReturnValue:
        if len(trace_id) > 64:
            raise NotFound("there is no trace with an id that long")
        found = use_cases.telemetry.trace(trace_id)
        begins = min(max(request.args.get("from", 0, type=int), 0), len(found.spans) - 1)
        span = request.args.get("span", "")
        return render_template("trace.html", fall=waterfall(found, span, begins), span=span)
