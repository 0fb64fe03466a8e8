"""Pages for admins: the tokens, and the audit."""

from typing import Final

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aiops.model import Role
from aiops.service.use_cases import UseCases
from aiops.web.asked import asked_text

DAYS: Final = {"1": "a day", "30": "30 days", "90": "90 days", "365": "a year", "": "never"}
"""After how many days a token may expire, with the words for it."""
ROWS: Final = 50


def add_access(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the pages of tokens and of the audit."""

    def listed(secret: str = "", made: str = "") -> str:
        found = sorted(use_cases.access.tokens(), key=lambda one: -one.created_at)
        return render_template("tokens.html", tokens=found, roles=Role, days=DAYS, secret=secret, made=made)

    @pages.get("/tokens")
    def tokens() -> ResponseReturnValue:
        return listed()

    @pages.post("/tokens")
    def add_token() -> ResponseReturnValue:
        name, role, days = (request.form.get(key, "").strip() for key in ("name", "role", "days"))
        if role not in tuple(Role):
            abort(400, f"the role is one of {', '.join(Role)}")
        if days not in DAYS:
            abort(400, f"a token lasts 1, 30, 90 or 365 days, or without end, not {days[:20]!r}")
        lasts = float(days) * 86_400 if days else None
        # The answer itself has the secret, because it is kept nowhere from which another page could take it.
        one, secret = use_cases.access.add_token(name, Role(role), lasts, g.actor)
        return listed(secret, one.name)

    @pages.post("/tokens/<token_id>/revoke")
    def revoke_token(token_id: str) -> ResponseReturnValue:
        use_cases.access.revoke_token(token_id, g.actor)
        return redirect(url_for("web.tokens"), 303)

    @pages.get("/audit")
    def audit() -> ResponseReturnValue:
        subject, who, before = asked_text("subject"), asked_text("who"), asked_text("before")
        if before and not (before.isascii() and before.isdigit() and len(before) < 19):
            abort(400, "`before` must be the number of a row")
        rows, following = use_cases.audit.page(subject or None, who or None, int(before) if before else None, ROWS)
        kept = {key: value for key, value in (("subject", subject), ("who", who)) if value}
        return render_template("audit.html", rows=rows, following=following, kept=kept, before=before)
