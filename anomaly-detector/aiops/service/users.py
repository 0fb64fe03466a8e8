"""People whom this engine knows by a name and a password."""

from dataclasses import dataclass, replace

from aiops.model import Actor, AuditEntry, Principal, Role, SignIn, User
from aiops.model.errors import NotFound, NotPossible
from aiops.ports import Clock
from aiops.service.access import READABLE_NAME
from aiops.service.passwords import password_fits, password_hash
from aiops.store import SqlUsers


@dataclass(slots=True)
class UserService:
    """Users. Every method may raise StoreError; those with a password NotPossible, if the extra `auth` is missing."""

    store: SqlUsers
    clock: Clock

    def every(self) -> list[User]:
        """Return all users by their names."""
        return self.store.every()

    def add(self, name: str, role: Role, password: str, by: Actor) -> User:
        """Add a user. Raises NotPossible."""
        if not READABLE_NAME.fullmatch(name):
            raise NotPossible(f"{name!r} is no name of a user: 1 to 64 letters, digits, blanks or one of . _ @ + -")
        if not role.may(Role.VIEWER):
            raise NotPossible(f"a user signs in to read, so that the role is not {role}; make a token for what sends")
        if self.store.get(name) is not None:
            raise NotPossible(f"there is a user {name} already; `aiops users password` sets another password")
        now = self.clock.now()
        kept = password_hash(password)
        user = User(name=name, role=role, password=kept, created_at=now, created_by=by.name, changed_at=now)
        self.store.add(user, self._entry(by, "add user", name, after={"role": str(role)}))
        return user

    def set_password(self, name: str, password: str, by: Actor) -> User:
        """Set another password, and end the sessions of the user. Raises NotFound or NotPossible."""
        user = replace(self._get(name), password=password_hash(password), changed_at=self.clock.now())
        self.store.change(user, self._entry(by, "set password", name))
        return user

    def remove(self, name: str, by: Actor) -> User:
        """Remove a user, and end their sessions. Raises NotFound."""
        user = self._get(name)
        self.store.remove(name, self._entry(by, "remove user", name, before={"role": str(user.role)}))
        return user

    def sign_in(self, name: str, password: str) -> Principal | None:
        """Return who has this name and password; None where nobody does. Raises NotPossible."""
        user = self.store.get(name)
        if not password_fits(None if user is None else user.password, password) or user is None:
            return None
        return Principal(user.name, user.role, SignIn.PASSWORD)

    def principal(self, name: str) -> Principal | None:
        """Return who has this name now, with the present role; None where nobody does."""
        user = self.store.get(name)
        return None if user is None else Principal(user.name, user.role, SignIn.PASSWORD)

    def _get(self, name: str) -> User:
        user = self.store.get(name)
        if user is None:
            raise NotFound(f"there is no user {name}")
        return user

    def _entry(
        self,
        by: Actor,
        what: str,
        name: str,
        before: dict[str, object] | None = None,
        after: dict[str, object] | None = None,
    ) -> AuditEntry:
        return AuditEntry(
            at=self.clock.now(), by=by, what=what, subject=name, text=f"user {name}", before=before, after=after
        )
