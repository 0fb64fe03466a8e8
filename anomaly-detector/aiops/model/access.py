"""Who asks, and what their role lets them do."""

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
    of the settings."""

    LOCAL = "local"
    TOKEN = "token"  # noqa: S105 - a word


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody whom the engine knows: a name for the audit, a role, and how they signed in."""

    name: str
    role: Role
    how: SignIn
