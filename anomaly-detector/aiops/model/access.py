"""Who asks, and what their role lets them do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody may do. A responder may do what a viewer may, an admin everything. `ingest` is no reader: it may
    send telemetry, alerts and changes, and nothing else."""

    INGEST = "ingest"
    VIEWER = "viewer"
    RESPONDER = "responder"
    ADMIN = "admin"

    def may(self, needed: "Role") -> bool:
        """Whether this role is enough where another one is needed."""
        return needed in _MAY[self]


_MAY: Final = {
    Role.INGEST: frozenset({Role.INGEST}),
    Role.VIEWER: frozenset({Role.VIEWER}),
    Role.RESPONDER: frozenset({Role.VIEWER, Role.RESPONDER}),
    Role.ADMIN: frozenset(Role),
}


class SignIn(StrEnum):
    """How somebody showed who they are. LOCAL: not at all, because the engine is open to this machine. TOKEN: a token
    of the settings. API_TOKEN: one that an admin made. PASSWORD: a user of this engine. OIDC: by way of an OpenID
    provider. JWT: a program, with a token of that provider. SLACK: a button in Slack. SIGNATURE: a webhook, by
    its shared secret. UNKNOWN: an earlier release did not record it."""

    LOCAL = "local"
    TOKEN = "token"  # noqa: S105 - a word
    API_TOKEN = "api token"  # noqa: S105 - words
    PASSWORD = "password"  # noqa: S105 - a word
    OIDC = "oidc"
    JWT = "jwt"
    SLACK = "slack"
    SIGNATURE = "signature"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody whom the engine knows: a name for the audit, a role, and how they signed in."""

    name: str
    role: Role
    how: SignIn


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, as the audit records it: name, how they signed in, and from which address, "" where it was
    not over the network."""

    name: str
    how: SignIn = SignIn.LOCAL
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token that an admin made; the secret itself is not kept. `start` are its first characters, by which its holder
    knows it. Times are Unix seconds."""

    id: str
    name: str
    role: Role
    start: str
    created_at: float
    created_by: str
    expires_at: float | None = None
    revoked_at: float | None = None
    revoked_by: str = ""
    last_used_at: float | None = None

    def state(self, now: float) -> str:
        """Return `active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who signs in with a name and a password, of which the hash is kept. Times are Unix seconds."""

    name: str
    role: Role
    password: str
    created_at: float
    created_by: str
    changed_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in on the pages. `source` names what they signed in with, which must still be valid:
    `token:<hash>`, `api:<id>`, `user:<name>` or `oidc:<issuer>:<sub>`. `seen_at` is known to a minute."""

    name: str
    role: Role
    how: SignIn
    source: str
    created_at: float
    seen_at: float
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A change: when, by whom, what, to which thing (an incident, a token), in words; and what of it was before and is
    after, as JSON values, as far as there was something."""

    at: float
    by: Actor
    what: str
    subject: str
    text: str
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """An entry as it is kept: numbered, with the hash of the row before it and its own."""

    number: int
    entry: AuditEntry
    previous: str
    hash: str
