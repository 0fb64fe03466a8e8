"""Who may sign in: tokens that admins make, and sessions of people on the pages."""

import logging
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from aiops.access import hashed
from aiops.model import Actor, ApiToken, AuditEntry, Principal, Role, Session, SignIn, iso
from aiops.model.errors import NotFound, NotPossible, StoreError
from aiops.ports import Clock
from aiops.store import SqlAccess

log = logging.getLogger(__name__)
BEGINS: Final = "aiops_"
"""How every token begins that this engine makes, so that it is recognised where it leaks."""
SHOWN: Final = len(BEGINS) + 4
SECRET_BYTES: Final = 32
USED_SECONDS: Final = 300.0
"""How exactly it is known when a token was used last."""
SEEN_SECONDS: Final = 60.0
"""How exactly it is known when a session was used last."""
READABLE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,62}[A-Za-z0-9]|[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long a session lasts at most, and how long without a request, in seconds."""

    whole: float
    idle: float


@dataclass(slots=True)
class AccessService:
    """Tokens and sessions. Only this process writes them, so tokens are kept in memory. Every method may raise
    StoreError."""

    store: SqlAccess
    clock: Clock
    changed: Callable[[], None] = lambda: None
    """Called after a token was made or revoked."""
    _tokens: dict[str, ApiToken] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tokens(self) -> list[ApiToken]:
        """Return all tokens, oldest first."""
        return list(self._known().values())

    def add_token(self, name: str, role: Role, lasts: float | None, by: Actor) -> tuple[ApiToken, str]:
        """Make a token that lasts so many seconds, None without end. Returns it and its secret, which is not kept.
        Raises NotPossible."""
        if not READABLE_NAME.fullmatch(name):
            raise NotPossible(f"{name!r} is no name of a token: 1 to 64 letters, digits, blanks or one of . _ @ + -")
        now, secret = self.clock.now(), BEGINS + secrets.token_urlsafe(SECRET_BYTES)
        hash_ = hashed(secret)
        token = ApiToken(
            id=hash_[:8],
            name=name,
            role=role,
            start=secret[:SHOWN],
            created_at=now,
            created_by=by.name,
            expires_at=None if lasts is None else now + lasts,
        )
        text = f"token {name} with the role {role}"
        ends = None if token.expires_at is None else iso(token.expires_at)
        told = {"name": name, "role": str(role), "expires_at": ends}
        entry = AuditEntry(at=now, by=by, what="add token", subject=token.id, text=text, after=told)
        with self._lock:
            known = self._loaded()
            if any(one.id == token.id for one in known.values()):
                raise NotPossible("the id of the new token is taken by chance; try again")
            self.store.add_token(token, hash_, entry)
            known[hash_] = token
        self.changed()
        return token, secret

    def revoke_token(self, id_: str, by: Actor) -> ApiToken:
        """End a token at once, and the sessions that began with it. Raises NotFound or NotPossible."""
        with self._lock:
            known = self._loaded()
            hash_ = next((key for key, one in known.items() if one.id == id_), None)
            if hash_ is None:
                raise NotFound(f"there is no token {id_}")
            before, now = known[hash_], self.clock.now()
            if before.revoked_at is not None:
                raise NotPossible(f"the token {id_} was revoked before")
            text = f"token {before.name} with the role {before.role}"
            state, revoked = {"state": before.state(now)}, {"state": "revoked"}
            entry = AuditEntry(at=now, by=by, what="revoke token", subject=id_, text=text, before=state, after=revoked)
            self.store.revoke_token(id_, now, entry)
            known[hash_] = after = replace(before, revoked_at=now, revoked_by=by.name)
        self.changed()
        return after

    def senders(self) -> dict[str, float | None]:
        """Return the hashes of tokens that may send telemetry, with the time at which each expires (None: never)."""
        now = self.clock.now()
        return {
            hash_: one.expires_at
            for hash_, one in self._known().items()
            if one.state(now) == "active" and one.role.may(Role.INGEST)
        }

    def holder(self, secret: str) -> Principal | None:
        """Return the holder of a token that is valid now; None where nobody holds it."""
        hash_, now = hashed(secret), self.clock.now()
        one = self._known().get(hash_)
        if one is None or one.state(now) != "active":
            return None
        if one.last_used_at is None or not 0 <= now - one.last_used_at < USED_SECONDS:
            self._used(hash_, one, now)
        return Principal(one.name, one.role, SignIn.API_TOKEN)

    def knows(self, secret: str) -> bool:
        """Whether this is a token that is valid now; that it was used is not noted."""
        one = self._known().get(hashed(secret))
        return one is not None and one.state(self.clock.now()) == "active"

    def source(self, secret: str) -> str:
        """Return the source of a session that begins with this token."""
        one = self._known().get(hashed(secret))
        return f"token:{hashed(secret)}" if one is None else f"api:{one.id}"

    def begin(self, one: Principal, source: str, address: str) -> str:
        """Begin a session. Returns the secret for its cookie, which is not kept. Whom a provider knows is told apart in
        the audit by the source, because names of people change."""
        now, secret = self.clock.now(), secrets.token_urlsafe(SECRET_BYTES)
        session = Session(
            name=one.name,
            role=one.role,
            how=one.how,
            source=source,
            created_at=now,
            seen_at=now,
            address=address,
        )
        entry = AuditEntry(
            at=now,
            by=Actor(one.name, one.how, address),
            what="sign in",
            subject=one.name,
            text=f"as {one.role}",
            after={"source": source} if one.how == SignIn.OIDC else None,
        )
        self.store.begin_session(session, hashed(secret), entry)
        return secret

    def session(self, secret: str, lengths: Lengths) -> Session | None:
        """Return the session of a cookie, if it lasts still; that it was used is noted."""
        hash_, now = hashed(secret), self.clock.now()
        one = self.store.session(hash_)
        if one is None or not self._lasts(one, lengths, now):
            return None
        if now - one.seen_at >= SEEN_SECONDS:
            self.store.session_seen(hash_, now)
        return one

    def end(self, secret: str, by: Actor, everywhere: bool) -> None:
        """End a session; everywhere: all that began with the same token or as the same user."""
        hash_ = hashed(secret)
        one = self.store.session(hash_)
        if one is None:
            return
        what = "sign out everywhere" if everywhere else "sign out"
        entry = AuditEntry(at=self.clock.now(), by=by, what=what, subject=one.name, text="")
        if everywhere:
            self.store.end_sessions(one.source, entry)
        else:
            self.store.end_session(hash_, entry)

    def purge(self, lengths: Lengths) -> int:
        """Delete sessions that are over."""
        now = self.clock.now()
        return self.store.purge_sessions(now - lengths.whole, now - lengths.idle)

    def _lasts(self, one: Session, lengths: Lengths, now: float) -> bool:
        if now - one.created_at >= lengths.whole or now - one.seen_at >= lengths.idle:
            return False
        kind, _, id_ = one.source.partition(":")
        return kind != "api" or any(each.id == id_ and each.state(now) == "active" for each in self.tokens())

    def _used(self, hash_: str, one: ApiToken, now: float) -> None:
        try:
            self.store.token_used(one.id, now)
        except StoreError as error:  # a reader is answered, even if this cannot be noted
            log.warning("when the token %s was used cannot be stored: %s", one.id, error)
            return
        with self._lock:
            known = self._loaded()
            known[hash_] = replace(known[hash_], last_used_at=now)

    def _known(self) -> dict[str, ApiToken]:
        with self._lock:
            return dict(self._loaded())

    def _loaded(self) -> dict[str, ApiToken]:
        if self._tokens is None:
            self._tokens = self.store.tokens()
        return self._tokens
