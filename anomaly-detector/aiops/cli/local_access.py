"""Tokens and the audit in the data folder of an engine that does not run: the same answers as over HTTP."""

import getpass
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from aiops.cli.remote import NotAnswered
from aiops.model import Actor, Role
from aiops.model.errors import NotFound, NotPossible, StoreError
from aiops.presentation.access import audit_document, token_document, user_document
from aiops.presentation.documents.base import Json
from aiops.process.folder import DataFolder, FolderError
from aiops.service.access import AccessService
from aiops.service.audit import AuditService
from aiops.service.users import UserService
from aiops.store import SqlAccess, SqlAudit, SqlUsers, open_store


class _Now:
    def now(self) -> float:
        return time.time()


class LocalAccess:
    """Holds the folder for each call, so that no engine starts meanwhile. Every method raises NotAnswered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._actor = Actor(f"{getpass.getuser()} (command line)")

    def tokens(self) -> list[Json]:
        """Return the tokens that admins made."""
        with self._opened() as engine:
            access = AccessService(SqlAccess(engine), _Now())
            return [token_document(one, time.time()).model_dump() for one in access.tokens()]

    def add_token(self, name: str, role: str, days: float | None) -> Json:
        """Make a token; its secret is in the answer."""
        with self._opened() as engine:
            access = AccessService(SqlAccess(engine), _Now())
            lasts = None if days is None else days * 86_400
            one, secret = access.add_token(name, Role(role), lasts, self._actor)
            return {**token_document(one, time.time()).model_dump(), "token": secret}

    def revoke_token(self, id_: str) -> Json:
        """End a token; returns it afterwards."""
        with self._opened() as engine:
            access = AccessService(SqlAccess(engine), _Now())
            return token_document(access.revoke_token(id_, self._actor), time.time()).model_dump()

    def users(self) -> list[Json]:
        """Return the people with a password."""
        with self._opened() as engine:
            return [user_document(one).model_dump() for one in UserService(SqlUsers(engine), _Now()).every()]

    def add_user(self, name: str, role: str, password: str) -> Json:
        """Add somebody with a name and a password."""
        with self._opened() as engine:
            users = UserService(SqlUsers(engine), _Now())
            return user_document(users.add(name, Role(role), password, self._actor)).model_dump()

    def set_password(self, name: str, password: str) -> Json:
        """Set another password of a user."""
        with self._opened() as engine:
            users = UserService(SqlUsers(engine), _Now())
            return user_document(users.set_password(name, password, self._actor)).model_dump()

    def remove_user(self, name: str) -> Json:
        """Remove a user."""
        with self._opened() as engine:
            return user_document(UserService(SqlUsers(engine), _Now()).remove(name, self._actor)).model_dump()

    def audit(self, asked: Mapping[str, str]) -> Json:
        """Return rows of the audit, newest first, and `next`."""
        with self._opened() as engine:
            audit = AuditService(SqlAudit(engine), _Now())
            before = int(asked["before"]) if "before" in asked else None
            found, following = audit.page(asked.get("subject"), asked.get("who"), before, int(asked["limit"]))
            return {"rows": [audit_document(one).model_dump() for one in found], "next": following}

    def audit_check(self) -> Json:
        """Return whether the audit is as it was written."""
        with self._opened() as engine:
            audit = AuditService(SqlAudit(engine), _Now())
            found = audit.check()
            problems = list(found.problems)
            return {"intact": not problems, "problems": problems, "rows": found.rows, "head": found.head}

    @contextmanager
    def _opened(self) -> Iterator[Engine]:
        file = self._folder / "incidents.sqlite"
        if not file.exists():
            raise NotAnswered(f"no engine runs, and there is no {file}; start one with `aiops up`, or give --url")
        try:
            folder = DataFolder(self._folder)
        except FolderError as error:
            raise NotAnswered(str(error)) from None
        try:
            engine = open_store(f"sqlite:///{file}")
            try:
                yield engine
            finally:
                engine.dispose()
        except (NotFound, NotPossible, StoreError) as error:
            raise NotAnswered(str(error)) from None
        finally:
            folder.release()
