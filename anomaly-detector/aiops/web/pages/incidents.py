"""Pages of incidents: one incident, and what a person may do to it."""

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aiops.config import Settings
from aiops.model import Window
from aiops.presentation import grafana
from aiops.presentation.advice import AdviceFacts, advice
from aiops.presentation.cause_kinds import is_slow
from aiops.presentation.responsible import responsible_leads
from aiops.presentation.timeline import with_comments
from aiops.service.advising import CHANGES_BEFORE
from aiops.service.use_cases import UseCases
from aiops.web.incident import incident_view
from aiops.web.incident.episode import STATES

MOST_OTHERS = 50
"""Open incidents into which one may be merged on its page."""
LONGEST_REASON = 1000


def add_incidents(pages: Blueprint, use_cases: UseCases, settings: Settings) -> None:
    """Add the pages of incidents."""

    @pages.get("/incidents/<name>")
    def incident(name: str) -> ResponseReturnValue:
        one = use_cases.incidents.get(name)
        evidence, alerts = use_cases.incidents.evidence(one), use_cases.alerts.of(one)
        alike, picture = use_cases.incidents.alike(one), use_cases.picture.of(one, evidence)
        changes = use_cases.incidents.changes(Window(one.onset - CHANGES_BEFORE, one.onset))
        responsible = use_cases.responsible.of_incident(one)
        around = AdviceFacts(
            objectives=[each.slo for each in picture.budgets if each.slo is not None],
            alerts=alerts,
            alike=alike,
            changes=changes,
            others=picture.others,
            runbooks=responsible.entry.runbooks if responsible is not None else (),
        )
        view = incident_view(one, evidence, picture, alerts, use_cases.traces.compared(evidence))
        return render_template(
            "incident.html",
            one=one,
            timeline=with_comments(view.timeline, use_cases.workflow.comments(one)),
            alerts=alerts,
            alike=alike,
            shown=grafana.of_incident(one, settings.grafana_url),
            others=use_cases.incidents.urgent(MOST_OTHERS)[0],
            reopenable=use_cases.workflow.may_reopen(one),
            undoable=use_cases.acceptance.undoable(one),
            picture=picture,
            slow=is_slow(one),
            view=view,
            actions=use_cases.actions.of(one.id),
            offered=use_cases.actions.offered(one.id),
            todo=advice(one, evidence, around, use_cases.now()),
            responsible=list(responsible_leads(responsible, use_cases.now())),
            states=STATES,
        )

    @pages.post("/incidents/<name>/acknowledge")
    def acknowledge(name: str) -> ResponseReturnValue:
        return redirect(url_for("web.incident", name=use_cases.incidents.acknowledge(name, g.actor).id), 303)

    @pages.post("/incidents/<name>/resolve")
    def resolve(name: str) -> ResponseReturnValue:
        helped = " ".join(request.form.get("helped", "").split())
        return redirect(url_for("web.incident", name=use_cases.incidents.resolve(name, g.actor, helped).id), 303)

    @pages.get("/incidents/<name>/normal")
    def proposed(name: str) -> ResponseReturnValue:
        one = use_cases.incidents.get(name)
        return render_template("normal.html", one=one, changes=use_cases.acceptance.proposal(one))

    @pages.post("/incidents/<name>/normal")
    def normal(name: str) -> ResponseReturnValue:
        reason = " ".join(request.form.get("reason", "").split())
        if not 3 <= len(reason) <= LONGEST_REASON:
            abort(400, f"a reason is needed, of 3 to {LONGEST_REASON} characters")
        return redirect(url_for("web.incident", name=use_cases.acceptance.accept(name, g.actor, reason).id), 303)

    @pages.post("/incidents/<name>/normal/undo")
    def undo_normal(name: str) -> ResponseReturnValue:
        return redirect(url_for("web.incident", name=use_cases.acceptance.undo(name, g.actor).id), 303)
