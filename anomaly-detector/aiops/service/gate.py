"""Who asks: by a token of the settings, of an admin or of an OpenID provider, or by the cookie of a session."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiops.access import Limit, hashed
from aiops.access.jwt import looks_like_jwt
from aiops.config import LOOPBACK, Settings
from aiops.model import Principal, Role, SignIn
from aiops.service.access import AccessService, Lengths
from aiops.service.oidc import SingleSignOn
from aiops.service.use_cases import UseCases
from aiops.service.users import UserService

LOCAL: Final = Principal("local", Role.ADMIN, SignIn.LOCAL)
"""Everybody who reaches an open engine."""
PASSING: Final = Principal("local", Role.VIEWER, SignIn.LOCAL)
"""Somebody on this machine who shows no token, where there are tokens: may read."""


ATTEMPTS: Final = 5
"""Attempts to sign in that an address, and a name, may make at once; then one each ATTEMPT_SECONDS."""
ATTEMPT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the settings say of who may come in. known: the holders of tokens of the settings, by the hash of the token.
    secure: browsers send the cookie over TLS only. single: sign-in by way of an OpenID provider, if there is one."""

    access: AccessService
    users: UserService
    known: Mapping[str, Principal]
    anonymous: Principal | None
    lengths: Lengths
    secure: bool
    single: SingleSignOn | None = None

    @classmethod
    def of(cls, settings: Settings, use_cases: UseCases) -> "Gate":
        """Make the gate that the settings describe. Raises ConfigError."""
        holders = settings.holders
        known = {hashed(token): Principal(name, holders[name], SignIn.TOKEN) for name, token in settings.tokens.items()}
        reading = PASSING if settings.host in LOOPBACK and not settings.oidc.issuer else None
        return cls(
            access=use_cases.access,
            users=use_cases.users,
            known=known,
            anonymous=LOCAL if settings.is_open else reading,
            lengths=Lengths(settings.session_hours * 3600, settings.session_idle_minutes * 60),
            secure=settings.url.startswith("https:"),
            single=use_cases.single_sign_on(settings),
        )

    @property
    def is_open(self) -> bool:
        """Whether everybody may do everything."""
        return self.anonymous == LOCAL

    @property
    def cookie(self) -> str:
        """The name of the cookie. Browsers take `__Host-` from this host alone, over TLS, for the whole of it."""
        return "__Host-aiops" if self.secure else "aiops"

    def holder(self, token: str) -> Principal | None:
        """Return the holder of a token; None where nobody holds it. Raises SourceError where an OpenID provider must be
        asked and does not answer."""
        found = self.holder_of_secret(token)
        if found is None and self.single is not None and looks_like_jwt(token):
            return self.single.principal(token)
        return found

    def holder_of_secret(self, token: str) -> Principal | None:
        """Return the holder of a token of the settings or of an admin; None where nobody holds it."""
        return self.known.get(hashed(token)) or self.access.holder(token)

    def knows(self, token: str) -> bool:
        """Whether somebody may hold this token. It writes and asks nothing, so that the thread that reads requests may
        call it."""
        if hashed(token) in self.known or self.access.knows(token):
            return True
        return self.single is not None and looks_like_jwt(token) and self.single.may_hold(token)

    def in_session(self, secret: str) -> Principal | None:
        """Return who has the session of this cookie, with the role that they have now; None where it is over."""
        one = self.access.session(secret, self.lengths)
        if one is None:
            return None
        kind, _, of = one.source.partition(":")
        if kind == "user":
            return self.users.principal(of)
        if kind == "oidc" and (self.single is None or not self.single.is_source(one.source)):
            return None
        return self.known.get(of) if kind == "token" else Principal(one.name, one.role, one.how)


class Attempts:
    """How often somebody may try to sign in: by address and by name. Thread-safe."""

    def __init__(self) -> None:
        self._by_address = Limit(ATTEMPTS, ATTEMPT_SECONDS)
        self._by_name = Limit(ATTEMPTS, ATTEMPT_SECONDS)
        self._lock = threading.Lock()

    def wait(self, address: str, name: str, now: float) -> int:
        """Return 0 for an attempt that may be made, else the seconds until the next one may be."""
        with self._lock:
            seconds = self._by_address.wait(address, now)
            return max(seconds, self._by_name.wait(name, now)) if name else seconds


def csrf_of(secret: str) -> str:
    """Return what forms of a session carry, so that only its own pages can send them."""
    return hashed(f"form of {secret}")
