"""Access control: who asks; what their role lets them do; and no web pages of other origins."""

import hmac
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from aiops.access import Limit, address_key, needed, unlisted
from aiops.api.problem import ApiProblem
from aiops.api.signatures import Signatures
from aiops.config import LOOPBACK, Settings
from aiops.http.serving import BUSY, Door, Names
from aiops.http.serving.names import is_foreign
from aiops.model import Actor, Principal, Role, SignIn
from aiops.service.gate import Gate, csrf_of
from aiops.service.use_cases import UseCases

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORM = "application/x-www-form-urlencoded"
SIGN_IN = "/sign-in"
SIGNING_IN = frozenset({"web.provider_signed_in", "web.sign_in", "web.signed_in"})
"""Open to everybody, and different for those who are signed in."""
PROBES = frozenset({"probes.health", "probes.metrics", "probes.ready"})
"""They may be asked as often as somebody likes."""
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


HSTS = "max-age=31536000"


def install_guard(app: Flask, use_cases: UseCases, settings: Settings) -> None:
    """Check each request before it is answered. Afterwards `flask.g` has `principal`, who asks or None; `actor`, the
    same for the audit; `session`, the secret of their session or ""; and `csrf`, what its forms carry."""
    names = Names.of(settings.host in LOOPBACK, settings.public_url, settings.allowed_hosts)
    gate, signatures = Gate.of(settings, use_cases), Signatures.of(settings)
    limited = _limiting(use_cases, settings, gate)

    def check() -> None:
        g.principal, g.session, g.csrf = gate.anonymous, "", ""
        g.actor = _actor()
        host = request.headers.get("Host", "")
        if not names.allow(host):
            # A foreign name that resolves to this machine would let its web pages read and act here (DNS rebinding).
            where = "on loopback only, " if names.on_loopback else ""
            raise ApiProblem(403, f"this engine answers {where}not as {host!r}; see public_url and allowed_hosts")
        if request.environ.get(BUSY):
            raise ApiProblem(503, "other requests are being read; send this one again in a moment")
        role = _needed()
        if role is None and request.endpoint not in SIGNING_IN:
            if request.endpoint not in PROBES:
                limited()
            return
        try:
            by_token = _identify(gate)
        except ApiProblem:
            limited()
            raise
        if not by_token and (signed := signatures.holder(request)) is not None:
            g.principal, by_token = signed, True
        g.actor = _actor()
        limited()
        if role is not None:
            _authorise(g.principal, role)
        if request.method not in SAFE and not by_token:
            # A browser sends cookies, and reaches loopback, without the will of its user.
            if is_foreign(request.headers.get("Origin"), host, request.headers.get("Sec-Fetch-Site")):
                raise ApiProblem(403, "a web page of another origin asked for this change; only the engine's own may")
            inside = g.session and request.endpoint not in SIGNING_IN
            if inside and not hmac.compare_digest(request.form.get("csrf", "").encode(), g.csrf.encode()):
                raise ApiProblem(403, "this form is not of your session; load its page again, then send it")

    headers = security_headers(settings)

    def harden(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    app.before_request(check)
    app.after_request(harden)


def security_headers(settings: Settings) -> Mapping[str, str]:
    """Return the headers of every answer. Where people come to a name by TLS, browsers come by nothing else for a year.
    That concerns every port of the name, so that it is not asked for where the engine has another port than 443."""
    public = urlsplit(settings.public_url)
    named = public.scheme == "https" and public.port in (None, 443) and public.hostname not in LOOPBACK
    return HEADERS | ({"Strict-Transport-Security": HSTS} if named else {})


def _limiting(use_cases: UseCases, settings: Settings, gate: Gate) -> Callable[[], None]:
    """Return what counts a request for who asks, by their name or else their address, and raises ApiProblem where there
    were too many. An open engine counts nothing: whoever reaches it may stop it anyway."""
    most, lock = settings.limit.requests, threading.Lock()
    limit = Limit.per_minute(most) if most and not gate.is_open else None

    def limited() -> None:
        if limit is None:
            return
        one: Principal | None = g.principal
        known = one is not None and one.how != SignIn.LOCAL
        key = f"{one.how}:{one.name}" if known and one else address_key(request.remote_addr or "")
        with lock:
            seconds = limit.wait(key, use_cases.now())
        if seconds:
            use_cases.engine.telemetry.limited.inc()
            raise ApiProblem(
                429, f"these are more than {most} requests in a minute; ask again in {seconds} s", retry_after=seconds
            )

    return limited


def refuse_unlisted(app: Flask) -> None:
    """Raise LookupError where the application has an endpoint of which the policy does not say who may call it."""
    calls = ((rule.endpoint, method) for rule in app.url_map.iter_rules() for method in rule.methods or ())
    if forgotten := unlisted(calls):
        listed = ", ".join(f"{method} {endpoint}" for endpoint, method in forgotten)
        raise LookupError(f"access/policy.py does not say which role these endpoints need: {listed}")


def door(use_cases: UseCases, settings: Settings) -> Door:
    """Return which bodies are read: only those of changes. Where the engine is not open, the header must hold a valid
    token, or the body must be a form: to sign in, or with the cookie of a session."""
    gate, signatures = Gate.of(settings, use_cases), Signatures.of(settings)

    def wanted(method: str, path: str, headers: Mapping[str, str]) -> bool:
        if method in SAFE:
            return False
        if gate.is_open:
            return True
        if headers.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == FORM:
            return path == SIGN_IN or f"{gate.cookie}=" in headers.get("COOKIE", "")
        if signatures.carried(path, headers):
            return True
        scheme, _, token = headers.get("AUTHORIZATION", "").partition(" ")
        return scheme.lower() == "bearer" and gate.knows(token.strip())

    return Door(LARGEST_READ, wanted)


def _needed() -> Role | None:
    if request.endpoint is None:  # there is nothing, and whoever may read may know it
        return Role.VIEWER
    try:
        return needed(request.endpoint, request.method)
    except LookupError:
        raise ApiProblem(403, f"nobody may call {request.endpoint}: no role is set for it") from None


def _identify(gate: Gate) -> bool:
    """Find out who asks, by the token of the header or the cookie of a session. Returns whether it was a token. Raises
    ApiProblem for an unknown one."""
    given = request.authorization
    if given is not None and given.type == "bearer" and given.token:
        found = gate.holder(given.token)
        if found is None and not gate.is_open:
            raise ApiProblem(401, "the token is not one that this engine knows, or it has expired")
        g.principal = found or gate.anonymous
        return found is not None
    secret = request.cookies.get(gate.cookie, "")
    if secret and (found := gate.in_session(secret)) is not None:
        g.principal, g.session, g.csrf = found, secret, csrf_of(secret)
    return False


def _actor() -> Actor:
    one: Principal | None = g.principal
    return Actor("" if one is None else one.name, SignIn.LOCAL if one is None else one.how, request.remote_addr or "")


def _authorise(one: Principal | None, role: Role) -> None:
    """Refuse who may not. Raises ApiProblem."""
    if one is not None and one.role.may(role):
        return
    if one is None or one.how == SignIn.LOCAL:
        raise ApiProblem(401, f"this needs the role {role}: send `Authorization: Bearer <token>` of {_of(role)}")
    raise ApiProblem(403, f"{one.name} has the role {one.role}, and this needs the role {role}")


def _of(role: Role) -> str:
    """Write which roles are enough: `a responder or an admin`."""
    named = {
        Role.INGEST: "the role ingest",
        Role.VIEWER: "a viewer",
        Role.RESPONDER: "a responder",
        Role.ADMIN: "an admin",
    }
    return " or ".join(words for each, words in named.items() if each.may(role))
