"""Access control: tokens for calls that change something; on loopback, no web pages of other origins."""

import hmac
from collections.abc import Mapping

from flask import Flask, Response, g, request

from aiops.api.problem import ApiProblem
from aiops.config import LOOPBACK, Settings
from aiops.http.serving import BUSY, Door, Names
from aiops.http.serving.names import is_foreign

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORM = "application/x-www-form-urlencoded"
LOCAL = "local"
LARGEST_READ = 1 << 20
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers would then send `Origin: null` with the pages' own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def install_guard(app: Flask, settings: Settings) -> None:
    """Check each request before it is answered; afterwards `flask.g.who` is the name for the audit."""
    names = Names.of(settings.host in LOOPBACK, settings.public_url, settings.allowed_hosts)

    def check() -> None:
        g.who = LOCAL
        host = request.headers.get("Host", "")
        if not names.allow(host):
            # A foreign name that resolves to this machine would let its web pages read and act here (DNS rebinding).
            where = "on loopback only, " if names.on_loopback else ""
            raise ApiProblem(403, f"this engine answers {where}not as {host!r}; see public_url and allowed_hosts")
        if request.environ.get(BUSY):
            raise ApiProblem(503, "other requests are being read; send this one again in a moment")
        if request.method in SAFE:
            return
        if settings.tokens:
            g.who = holder(settings.tokens, _presented())
        elif is_foreign(request.headers.get("Origin"), host, request.headers.get("Sec-Fetch-Site")):
            raise ApiProblem(403, "a web page of another origin asked for this change; only the engine's own pages may")

    app.before_request(check)
    app.after_request(_harden)


def door(settings: Settings) -> Door:
    """Return which bodies are read: only those of changes. Where tokens are configured, the header must hold a valid
    token, or the body must be a form, in which a page sends its token."""

    def wanted(method: str, _path: str, headers: Mapping[str, str]) -> bool:
        if method in SAFE:
            return False
        if not settings.tokens or headers.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == FORM:
            return True
        scheme, _, token = headers.get("AUTHORIZATION", "").partition(" ")
        try:
            holder(settings.tokens, token.strip() if scheme.lower() == "bearer" else None)
        except ApiProblem:
            return False
        return True

    return Door(LARGEST_READ, wanted)


def holder(tokens: Mapping[str, str], presented: str | None) -> str:
    """Return the name of the holder of a token, in constant time. Raises ApiProblem."""
    if not presented:
        raise ApiProblem(401, "this changes something and needs a token: `Authorization: Bearer <token>`")
    found = None
    for name, token in tokens.items():
        if hmac.compare_digest(token.encode(), presented.encode()):
            found = name
    if found is None:
        raise ApiProblem(401, "the token is not one that this engine knows")
    return found


def _presented() -> str | None:
    """Return the token of the header, or of the password field of a page's form."""
    given = request.authorization
    if given is not None and given.type == "bearer":
        return given.token
    return request.form.get("token") if request.mimetype == FORM else None


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
