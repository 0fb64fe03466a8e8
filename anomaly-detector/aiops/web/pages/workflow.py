"""Forms of the page of an incident: assign it, write about it."""

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from aiops.model import Incident, Severity
from aiops.presentation.trace_search import BadParameter
from aiops.service.dismissals import DAYS
from aiops.service.use_cases import UseCases
from aiops.web.pages.silences import until_of


def add_workflow(pages: Blueprint, use_cases: UseCases) -> None:
    """Add what people do with an incident beside acknowledging and resolving it."""

    def back(to: Incident, part: str = "") -> ResponseReturnValue:
        return redirect(url_for("web.incident", name=to.id, _anchor=part or None), 303)

    @pages.post("/incidents/<name>/assign")
    def assign(name: str) -> ResponseReturnValue:
        return back(use_cases.workflow.assign(name, " ".join(request.form.get("assignee", "").split()), g.actor))

    @pages.post("/incidents/<name>/snooze")
    def snooze(name: str) -> ResponseReturnValue:
        until = until_of(dict(request.form), use_cases.now())
        reason = " ".join(request.form.get("reason", "").split())
        return back(use_cases.workflow.snooze(name, until, reason, g.actor))

    @pages.post("/incidents/<name>/wake")
    def wake(name: str) -> ResponseReturnValue:
        return back(use_cases.workflow.wake(name, g.actor))

    @pages.post("/incidents/<name>/dismiss")
    def dismiss(name: str) -> ResponseReturnValue:
        reason = " ".join(request.form.get("reason", "").split())
        return back(use_cases.dismissals.add(name, reason, DAYS, g.actor))

    @pages.post("/incidents/<name>/reopen")
    def reopen(name: str) -> ResponseReturnValue:
        return back(use_cases.workflow.reopen(name, g.actor))

    @pages.post("/incidents/<name>/merge")
    def merge(name: str) -> ResponseReturnValue:
        return back(use_cases.workflow.merge(name, request.form.get("into", "").strip(), g.actor))

    @pages.post("/incidents/<name>/split")
    def split(name: str) -> ResponseReturnValue:
        return back(use_cases.workflow.split(name, request.form.getlist("service"), g.actor))

    @pages.post("/incidents/<name>/unmerge")
    def unmerge(name: str) -> ResponseReturnValue:
        return back(use_cases.workflow.unmerge(name, g.actor))

    @pages.post("/incidents/<name>/severity")
    def severity(name: str) -> ResponseReturnValue:
        given, reason = request.form.get("severity", ""), " ".join(request.form.get("reason", "").split())
        if not given:
            return back(use_cases.workflow.clear_severity(name, g.actor))
        if given not in tuple(Severity):
            raise BadParameter("severity", f"must be one of {', '.join(Severity)}, or empty")
        return back(use_cases.workflow.set_severity(name, Severity(given), reason, g.actor))

    @pages.post("/incidents/<name>/comments")
    def comment(name: str) -> ResponseReturnValue:
        return back(use_cases.workflow.comment(name, request.form.get("text", ""), g.actor), "timeline")
