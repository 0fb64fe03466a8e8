"""Pages of actions: all of them, one with each decision of the gate, and the buttons of responders."""

from typing import Final

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aiops.model import Action, ActionState
from aiops.service.use_cases import UseCases
from aiops.web.asked import asked_choice, asked_text

PAGE: Final = 50
STATES: Final = ("active", *(str(one) for one in ActionState))
LONGEST_REASON: Final = 1000


def add_actions(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the pages of actions."""

    @pages.get("/actions")
    def actions() -> ResponseReturnValue:
        state, incident, cursor = asked_choice("state", STATES, ""), asked_text("incident"), asked_text("cursor")
        if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            abort(400, "`cursor` must be the one of a link to older actions")
        found, following = use_cases.actions.page(
            state or None, incident or None, int(cursor) if cursor else None, PAGE
        )
        kept = {key: value for key, value in (("state", state), ("incident", incident)) if value}
        return render_template(
            "actions.html", found=found, following=following, kept=kept, states=STATES, policy=use_cases.actions.policy
        )

    @pages.get("/actions/<action_id>")
    def action(action_id: str) -> ResponseReturnValue:
        return render_template("action.html", one=use_cases.actions.get(action_id))

    @pages.post("/actions")
    def propose_action() -> ResponseReturnValue:
        incident, policy = (request.form.get(key, "").strip() for key in ("incident", "policy"))
        return _back(use_cases.actions.propose(incident, policy, g.actor))

    @pages.post("/actions/<action_id>/approve")
    def approve_action(action_id: str) -> ResponseReturnValue:
        return _back(use_cases.actions.approve(action_id, request.form.get("digest", ""), g.actor))

    @pages.post("/actions/<action_id>/refuse")
    def refuse_action(action_id: str) -> ResponseReturnValue:
        return _back(use_cases.actions.refuse(action_id, g.actor, _reason()))

    @pages.post("/actions/<action_id>/cancel")
    def cancel_action(action_id: str) -> ResponseReturnValue:
        return _back(use_cases.actions.cancel(action_id, g.actor, _reason()))


def _reason() -> str:
    reason = " ".join(request.form.get("reason", "").split())
    if len(reason) > LONGEST_REASON:
        abort(400, f"a reason has at most {LONGEST_REASON} characters")
    return reason


def _back(one: Action) -> ResponseReturnValue:
    """Lead to the incident, where the button was, or to the action where an alert is its subject."""
    if one.evidence.subject.startswith("alert "):
        return redirect(url_for("web.action", action_id=one.id), 303)
    return redirect(url_for("web.incident", name=one.evidence.subject, _anchor="actions"), 303)
