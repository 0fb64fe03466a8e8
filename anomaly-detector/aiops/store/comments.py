"""Comments on incidents, in the same database; they are only added."""

from collections.abc import Collection

from sqlalchemy import Engine, Insert, func, insert, select

from aiops.model import Comment, Incident
from aiops.store import tables
from aiops.store.transaction import Transaction

_AT = tables.comments.c


class SqlComments:
    """The store of comments. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, incident: Incident) -> list[Comment]:
        """Return the comments on an incident, oldest first."""
        query = select(_AT.at, _AT.who, _AT.text).where(_AT.incident == incident.key).order_by(_AT.number)
        with Transaction(self._engine) as connection:
            return [Comment(*row) for row in connection.execute(query)]

    def last(self, keys: Collection[str]) -> dict[str, Comment]:
        """Return the newest comment on each of these incidents, by their keys, where there is one."""
        newest = select(func.max(_AT.number)).where(_AT.incident.in_(keys)).group_by(_AT.incident)
        query = select(_AT.incident, _AT.at, _AT.who, _AT.text).where(_AT.number.in_(newest))
        with Transaction(self._engine) as connection:
            return {row[0]: Comment(*row[1:]) for row in connection.execute(query)}

    @staticmethod
    def added(incident: Incident, one: Comment) -> Insert:
        """Return the statement that adds a comment, for the transaction of the audit."""
        return insert(tables.comments).values(incident=incident.key, at=one.at, who=one.who, text=one.text)
