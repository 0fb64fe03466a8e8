"""Who asks: by a token of the settings, a token that an admin made, or the cookie of a session."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiops.access import Limit, hashed
from aiops.config import LOOPBACK, Settings
from aiops.model import Principal, Role, SignIn
from aiops.service.access import AccessService, Lengths
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
    cookie: the name of the cookie; secure: browsers send it over TLS only."""

    access: AccessService
    users: UserService
    known: Mapping[str, Principal]
    anonymous: Principal | None
    lengths: Lengths
    secure: bool

    @classmethod
    def of(cls, settings: Settings, use_cases: UseCases) -> "Gate":
        """Make the gate that the settings describe."""
        holders = settings.holders
        known = {hashed(token): Principal(name, holders[name], SignIn.TOKEN) for name, token in settings.tokens.items()}
        reading = PASSING if settings.host in LOOPBACK else None
        return cls(
            access=use_cases.access,
            users=use_cases.users,
            known=known,
            anonymous=LOCAL if settings.is_open else reading,
            lengths=Lengths(settings.session_hours * 3600, settings.session_idle_minutes * 60),
            secure=settings.public_url.startswith("https:"),
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
        """Return the holder of a token; None where nobody holds it."""
        return self.known.get(hashed(token)) or self.access.holder(token)

    def knows(self, token: str) -> bool:
        """Whether somebody holds this token. It writes nothing, so that the thread that reads requests may ask."""
        return hashed(token) in self.known or self.access.knows(token)

    def in_session(self, secret: str) -> Principal | None:
        """Return who has the session of this cookie, with the role that they have now; None where it is over."""
        one = self.access.session(secret, self.lengths)
        if one is None:
            return None
        kind, _, of = one.source.partition(":")
        if kind == "user":
            return self.users.principal(of)
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
