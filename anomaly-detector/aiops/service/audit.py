"""The audit: what was changed, by whom; and whether its rows are as they were written."""

from dataclasses import dataclass

from aiops.model import AuditRow
from aiops.store import SqlAudit


@dataclass(frozen=True, slots=True)
class AuditState:
    """What is wrong with the chain, how many rows were written, and the hash of the last one."""

    problems: tuple[str, ...]
    rows: int
    head: str


@dataclass(slots=True)
class AuditService:
    """The audit. Every method may raise StoreError."""

    store: SqlAudit

    def page(
        self, subject: str | None, who: str | None, before: int | None, limit: int
    ) -> tuple[list[AuditRow], int | None]:
        """Return rows, newest first, and the `before` of the next page (None at the end)."""
        found = self.store.page(subject, who, before, limit + 1)
        return found[:limit], found[limit - 1].number if len(found) > limit else None

    def check(self) -> AuditState:
        """Read the whole chain."""
        problems = tuple(self.store.problems())
        return AuditState(problems, *self.store.head())
