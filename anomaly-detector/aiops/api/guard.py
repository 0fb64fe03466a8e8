"""Access control: who asks, by which token; what their role lets them do; and no web pages of other origins."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, Response, g, request

from aiops.access import hashed, needed, unlisted
from aiops.api.problem import ApiProblem
from aiops.config import LOOPBACK, Settings
from aiops.http.serving import BUSY, Door, Names
from aiops.http.serving.names import is_foreign
from aiops.model import Principal, Role, SignIn

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORM = "application/x-www-form-urlencoded"
LOCAL = Principal("local", Role.ADMIN, SignIn.LOCAL)
PASSING = Principal("local", Role.VIEWER, SignIn.LOCAL)
"""Somebody on this machine who shows no token, where there are tokens: may read."""
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


@dataclass(frozen=True, slots=True)
class Gate:
    """Who asks, by what they show. `known`: the holders of tokens, by the hash of the token."""

    known: Mapping[str, Principal]
    is_open: bool

    @classmethod
    def of(cls, settings: Settings) -> "Gate":
        """Make the gate that the settings describe."""
        holders = settings.holders
        known = {hashed(token): Principal(name, holders[name], SignIn.TOKEN) for name, token in settings.tokens.items()}
        return cls(known, settings.is_open)

    def holder(self, token: str | None) -> Principal | None:
        """Return the holder of a token; None where nobody holds it."""
        return self.known.get(hashed(token)) if token else None

    def principal(self, token: str | None) -> Principal:
        """Return who asks with this token, or with none. Raises ApiProblem."""
        found = self.holder(token)
        if found is None and token and not self.is_open:
            raise ApiProblem(401, "the token is not one that this engine knows")
        return found or (LOCAL if self.is_open else PASSING)


def install_guard(app: Flask, settings: Settings) -> None:
    """Check each request before it is answered; afterwards `flask.g.principal` is who asks."""
    names = Names.of(settings.host in LOOPBACK, settings.public_url, settings.allowed_hosts)
    gate = Gate.of(settings)

    def check() -> None:
        g.principal = PASSING
        host = request.headers.get("Host", "")
        if not names.allow(host):
            # A foreign name that resolves to this machine would let its web pages read and act here (DNS rebinding).
            where = "on loopback only, " if names.on_loopback else ""
            raise ApiProblem(403, f"this engine answers {where}not as {host!r}; see public_url and allowed_hosts")
        if request.environ.get(BUSY):
            raise ApiProblem(503, "other requests are being read; send this one again in a moment")
        role = _needed()
        if role is None:
            return
        g.principal = gate.principal(_presented())
        by_itself = g.principal.how == SignIn.LOCAL  # a browser sends it without the will of its user
        if (
            request.method not in SAFE
            and by_itself
            and g.principal.role.may(role)
            and is_foreign(request.headers.get("Origin"), host, request.headers.get("Sec-Fetch-Site"))
        ):
            raise ApiProblem(403, "a web page of another origin asked for this change; only the engine's own pages may")
        _authorise(g.principal, role)

    app.before_request(check)
    app.after_request(_harden)


def refuse_unlisted(app: Flask) -> None:
    """Raise LookupError where the application has an endpoint of which the policy does not say who may call it."""
    calls = ((rule.endpoint, method) for rule in app.url_map.iter_rules() for method in rule.methods or ())
    if forgotten := unlisted(calls):
        listed = ", ".join(f"{method} {endpoint}" for endpoint, method in forgotten)
        raise LookupError(f"access/policy.py does not say which role these endpoints need: {listed}")


def door(settings: Settings) -> Door:
    """Return which bodies are read: only those of changes. Where tokens are configured, the header must hold a valid
    token, or the body must be a form, in which a page sends its token."""
    gate = Gate.of(settings)

    def wanted(method: str, _path: str, headers: Mapping[str, str]) -> bool:
        if method in SAFE:
            return False
        if gate.is_open or headers.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == FORM:
            return True
        scheme, _, token = headers.get("AUTHORIZATION", "").partition(" ")
        return scheme.lower() == "bearer" and gate.holder(token.strip()) is not None

    return Door(LARGEST_READ, wanted)


def _needed() -> Role | None:
    if request.endpoint is None:  # there is nothing, and whoever may read may know it
        return Role.VIEWER
    try:
        return needed(request.endpoint, request.method)
    except LookupError:
        raise ApiProblem(403, f"nobody may call {request.endpoint}: no role is set for it") from None


def _authorise(one: Principal, role: Role) -> None:
    """Refuse who may not. Raises ApiProblem."""
    if one.role.may(role):
        return
    if one.how == SignIn.LOCAL:
        raise ApiProblem(
            401, f"this needs the role {role}: send `Authorization: Bearer <token>` with a token of {_of(role)}"
        )
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
