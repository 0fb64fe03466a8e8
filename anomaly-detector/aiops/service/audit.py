"""The audit: what was changed, by whom; and whether its rows are as they were written."""

from dataclasses import dataclass

from aiops.model import Actor, AuditEntry, AuditRow
from aiops.ports import Clock
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
    clock: Clock

    def note(self, by: Actor, what: str, subject: str, text: str) -> None:
        """Note that somebody does something that changes no row of its own. To be called before it is done: what cannot
        be audited is not done."""
        self.store.note(AuditEntry(at=self.clock.now(), by=by, what=what, subject=subject, text=text))

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
