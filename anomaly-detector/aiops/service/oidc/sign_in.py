"""Sign in with an OpenID provider: authorization code with PKCE (RFC 9700), bound to the browser that began."""

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiops.access import hashed
from aiops.access.claims import Claims, groups_in, name_in, role_in
from aiops.access.jwt import BadJwt
from aiops.http import RequestRejected
from aiops.model import Principal, Role, SignIn
from aiops.model.errors import AiopsError
from aiops.service.oidc.provider import OpenIdProvider

log = logging.getLogger(__name__)
CALLBACK: Final = "/sign-in/oidc/callback"
BEGUN_SECONDS: Final = 600.0
"""How long people have at the provider."""
MOST_BEGUN: Final = 10_000
SECRET_BYTES: Final = 32


class SignInRefused(AiopsError):
    """Somebody came back from the provider and may not come in; the message says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that has begun: the address at the provider, its state, and the secret for the browser's cookie."""

    url: str
    state: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """What is remembered while somebody is at the provider. browser: hash of the secret in its cookie."""

    browser: str
    nonce: str
    verifier: str
    following: str
    until: float


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who came back, the source of their session, and the path to lead to."""

    principal: Principal
    source: str
    following: str


class SingleSignOn:
    """People who come by way of a provider, and programs that show its tokens. `url`: of the pages, as people see it.
    Thread-safe."""

    def __init__(self, provider: OpenIdProvider, url: str) -> None:
        self.provider, self.url = provider, url
        self._redirect = url.rstrip("/") + CALLBACK
        self._pending: OrderedDict[str, _Pending] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def title(self) -> str:
        """What people call the provider."""
        return self.provider.settings.title

    def begin(self, following: str) -> Begun:
        """Begin a sign-in that leads to a path of the engine afterwards. Raises SourceError."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
        from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]

        about, now = self.provider.about(), self.provider.clock.now()
        state, nonce, verifier, secret = (secrets.token_urlsafe(SECRET_BYTES) for _ in range(4))
        pending = _Pending(
            browser=hashed(secret), nonce=nonce, verifier=verifier, following=following, until=now + BEGUN_SECONDS
        )
        with self._lock:
            self._pending[hashed(state)] = pending
            while len(self._pending) > MOST_BEGUN:
                self._pending.popitem(last=False)
        url = prepare_grant_uri(
            about.authorization,
            self.provider.settings.client_id,
            "code",
            self._redirect,
            self.provider.settings.scopes,
            state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Begun(str(url), state, secret)

    def finish(self, answer: Mapping[str, str], secret: str) -> SignedIn:
        """Return who came back with this answer and this secret in a cookie. Raises SignInRefused or SourceError."""
        pending = self._taken(answer.get("state", ""), secret)
        about = self.provider.about()
        if answer.get("iss", self.provider.settings.issuer if not about.names_issuer else "") != (
            self.provider.settings.issuer
        ):
            raise SignInRefused(400, "this answer is not from the provider that was asked; sign in again")
        if "error" in answer:
            log.warning("%s refused a sign-in: %s", self.title, answer["error"][:200])
            raise SignInRefused(403, f"{self.title} did not sign you in; try again, or ask whoever runs it")
        if not answer.get("code"):
            raise SignInRefused(400, f"the answer of {self.title} holds no code; sign in again")
        try:
            tokens = self.provider.redeem(answer["code"], pending.verifier, self._redirect)
        except RequestRejected as error:
            log.warning("%s", error)
            raise SignInRefused(403, f"{self.title} does not accept the code that it gave; sign in again") from None
        return SignedIn(*self._known(self._claims(tokens, pending)), pending.following)

    def principal(self, token: str) -> Principal | None:
        """Return the holder of a token that a program shows; None where it is not one of the provider for this engine,
        or gives no role. Raises SourceError where no key of the provider is known."""
        audience = self.provider.settings.audience
        if not audience:
            return None
        try:
            claims = self.provider.claims(token, audience)
        except BadJwt as error:
            log.info("a token was refused: %s", error)
            return None
        role = self._role(claims)
        return None if role is None else Principal(name_in(claims), role, SignIn.JWT)

    def may_hold(self, token: str) -> bool:
        """Whether `principal` may know this token; nothing is asked for that."""
        audience = self.provider.settings.audience
        return bool(audience) and self.provider.may_be_signed(token, audience)

    def is_source(self, source: str) -> bool:
        """Whether a session with this source was begun with the provider of the settings."""
        return source.startswith(_source(self.provider.settings.issuer, ""))

    def end_address(self) -> str:
        """Return the address to sign out of the provider (OpenID Connect RP-Initiated Logout 1.0); "" where there is
        none. Raises SourceError."""
        from authlib.common.urls import add_params_to_uri  # type: ignore[import-untyped]

        url = self.provider.about().end_session
        back = [
            ("client_id", self.provider.settings.client_id),
            ("post_logout_redirect_uri", self.url.rstrip("/") + "/sign-in"),
        ]
        return str(add_params_to_uri(url, back)) if url else ""

    def _taken(self, state: str, secret: str) -> _Pending:
        """Take what was remembered for a state, which is possible once. Raises SignInRefused."""
        with self._lock:
            pending = self._pending.get(hashed(state))
            mine = pending is not None and secrets.compare_digest(pending.browser, hashed(secret))
            if mine:  # another browser cannot spoil it
                del self._pending[hashed(state)]
        if pending is None or not mine or pending.until <= self.provider.clock.now():
            raise SignInRefused(
                400, "this sign-in did not begin in this browser, is over, or took too long; sign in again"
            )
        return pending

    def _claims(self, tokens: Mapping[str, Any], pending: _Pending) -> Claims:
        """Return the claims of the ID token (OpenID Connect Core 3.1.3.7), with those of UserInfo where it holds no
        groups. Raises SignInRefused or SourceError."""
        from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
        from joserfc.errors import JoseError

        settings, access = self.provider.settings, tokens.get("access_token")
        token = tokens.get("id_token")
        try:
            if not isinstance(token, str):
                raise BadJwt("there is no ID token")
            claims = self.provider.claims(token, settings.client_id)
            rules = {"nonce": pending.nonce, "client_id": settings.client_id}
            CodeIDToken(dict(claims), {}, params=rules).validate(self.provider.clock.now(), leeway=30)
        except (BadJwt, JoseError) as error:
            log.warning("the ID token of %s is refused: %s", self.title, error)
            raise SignInRefused(403, f"what {self.title} says of you cannot be trusted; its token is refused") from None
        if groups_in(claims, settings.groups_claim) is None and isinstance(access, str):
            more = self.provider.userinfo(access)
            if more and more.get("sub") != claims["sub"]:
                raise SignInRefused(403, f"{self.title} tells about somebody else; sign in again")
            claims = {**more, **claims}
        return claims

    def _known(self, claims: Claims) -> tuple[Principal, str]:
        role, name = self._role(claims), name_in(claims)
        if role is None or not role.may(Role.VIEWER):
            log.warning("%s was refused: none of the groups that %s names has a role", name, self.title)
            raise SignInRefused(
                403,
                f"{self.title} knows you as {name}, but none of your groups may read here; ask who runs this engine",
            )
        return Principal(name, role, SignIn.OIDC), _source(self.provider.settings.issuer, str(claims["sub"]))

    def _role(self, claims: Claims) -> Role | None:
        settings = self.provider.settings
        return role_in(groups_in(claims, settings.groups_claim), settings.roles, settings.default_role)


def _source(issuer: str, subject: str) -> str:
    return f"oidc:{issuer}:{subject}"
