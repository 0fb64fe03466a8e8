"""Sign in and out on the pages: a token is given once, and a session stands for it from then on."""

import logging
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aiops.model import Principal, Role, SignIn
from aiops.service.gate import Attempts, Gate

log = logging.getLogger(__name__)
HOME: Final = "/"
MOST_CHARACTERS: Final = 2048


def add_sign_in(pages: Blueprint, gate: Gate) -> None:
    """Add the page to sign in, and what signs out."""
    attempts = Attempts()

    @pages.get("/sign-in")
    def sign_in() -> ResponseReturnValue:
        return sign_in_page(gate, "")

    @pages.post("/sign-in")
    def signed_in() -> ResponseReturnValue:
        token, name = (request.form.get(key, "").strip() for key in ("token", "name"))
        if not (token or name):
            return sign_in_page(gate, "Give a token, or a name and its password."), 400
        address = request.remote_addr or ""
        if seconds := attempts.wait(address, name, gate.users.clock.now()):
            wrong = f"There were too many attempts; the next one may be made in {seconds} s."
            return sign_in_page(gate, wrong), 429, {"Retry-After": str(seconds)}
        found = gate.holder_of_secret(token) if token else gate.users.sign_in(name, request.form.get("password", ""))
        if found is None:
            log.warning("somebody at %s gave an unknown %s to sign in", address, "token" if token else "password")
            known = "the token, or it has expired" if token else "this name with this password"
            return sign_in_page(gate, f"This engine does not know {known}."), 401
        if not found.role.may(Role.VIEWER):
            return sign_in_page(gate, f"The token of {found.name} may only send telemetry, alerts and changes."), 403
        source = gate.access.source(token) if token else f"user:{found.name}"
        return session_begun(gate, found, source, following(request.form.get("next", "")))

    @pages.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        if g.session:
            gate.access.end(g.session, g.actor, everywhere=request.form.get("everywhere") == "1")
        came = g.principal.how == SignIn.OIDC
        answer = redirect(url_for("web.sign_in", out="1") if came else url_for("web.sign_in"), 303)
        answer.delete_cookie(gate.cookie, secure=gate.secure, httponly=True, samesite="Lax")
        return answer


def sign_in_page(gate: Gate, wrong: str) -> str:
    """Render the page to sign in; `wrong` says why an attempt failed."""
    return render_template(
        "sign_in.html",
        wrong=wrong,
        following=following(request.values.get("next", "")),
        name=request.form.get("name", "")[:MOST_CHARACTERS],
        people=bool(gate.users.every()),
        provider=gate.single.title if gate.single is not None else "",
        out=request.args.get("out") == "1",
    )


def session_begun(gate: Gate, one: Principal, source: str, to: str) -> Response:
    """Begin a session under a new secret, end the one before, and lead on to a path."""
    address = request.remote_addr or ""
    if g.session:
        gate.access.end(g.session, g.actor, everywhere=False)
    secret = gate.access.begin(one, source, address)
    answer = make_response(redirect(to, 303))
    answer.set_cookie(
        gate.cookie,
        secret,
        max_age=int(gate.lengths.whole),
        secure=gate.secure,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return answer


def following(asked: str) -> str:
    """Return the path to lead to afterwards; the first page for what is no path of this engine."""
    try:
        parts = urlsplit(asked)
    except ValueError:
        return HOME
    inside = asked.startswith("/") and not asked.startswith("//") and not (parts.scheme or parts.netloc)
    clean = asked.isascii() and asked.isprintable() and not set(asked) & set("\\ ") and len(asked) <= MOST_CHARACTERS
    return asked if inside and clean and not parts.path.startswith(("/sign-in", "/sign-out")) else HOME
