"""Who may do what: tokens for calls that change something; on loopback, no web page of somebody else."""

import hmac
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from aiops.api.problem import Refused
from aiops.config import LOOPBACK, Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORM = "application/x-www-form-urlencoded"
LOCAL = "local"
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


def install(app: Flask, settings: Settings) -> None:
    """Check each request before it is answered; `flask.g.who` is then the name to write into the audit."""
    on_loopback = settings.host in LOOPBACK

    def check() -> None:
        g.who = LOCAL
        if on_loopback and not _is_loopback(request.headers.get("Host", "")):
            # A foreign name that resolves to 127.0.0.1 would let its web pages read and act here (DNS rebinding).
            raise Refused(403, f"this engine answers on loopback only, not as {request.headers['Host']!r}")
        if request.method in SAFE:
            return
        if settings.tokens:
            g.who = holder(settings.tokens, _presented())
        elif _is_foreign():
            raise Refused(403, "a web page of another origin asked for this change; only the engine's own pages may")

    app.before_request(check)
    app.after_request(_harden)


def holder(tokens: Mapping[str, str], presented: str | None) -> str:
    """Name who holds a token, in the same time wherever it differs. Raises Refused."""
    if not presented:
        raise Refused(401, "this changes something and needs a token: `Authorization: Bearer <token>`")
    found = None
    for name, token in tokens.items():
        if hmac.compare_digest(token.encode(), presented.encode()):
            found = name
    if found is None:
        raise Refused(401, "the token is not one that this engine knows")
    return found


def _presented() -> str | None:
    """The token of the header, or of the password field of a page's form."""
    given = request.authorization
    if given is not None and given.type == "bearer":
        return given.token
    return request.form.get("token") if request.mimetype == FORM else None


def _is_loopback(host: str) -> bool:
    if not host:  # HTTP/1.0, which no browser speaks
        return True
    name = urlsplit(f"//{host}").hostname or "" if _is_well_formed(host) else ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _is_well_formed(host: str) -> bool:
    return not set(host) & set("/\\@?# ") and host.count("[") == host.count("]") <= 1


def _is_foreign() -> bool:
    """Browsers name the page that sends; programs name none."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin.partition("://")[2].lower() != request.headers.get("Host", "").lower()
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
