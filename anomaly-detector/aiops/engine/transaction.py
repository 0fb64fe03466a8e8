"""The changes of a cycle as one unit of work: all of them happen, or none."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from aiops.model import Finding, IncidentEvent, Ledger
from aiops.ports import IncidentStore


class Participant(Protocol):
    """Something whose state in memory a cycle changes."""

    def begin(self) -> None:
        """Remember the present state."""
        ...

    def commit(self) -> None:
        """Keep the changes: they are saved."""
        ...

    def rollback(self) -> None:
        """Restore the state of `begin`: nothing was saved, and the next cycle repeats the work."""
        ...


class CycleTransaction:
    """Wraps a cycle: the transaction of the store, together with all participants in memory.

    Leaving the block after `save` commits. An error before or in `save` rolls all participants back and is raised
    again.
    """

    def __init__(self, store: IncidentStore, *participants: Participant) -> None:
        self._store = store
        self._participants = participants

    def __enter__(self) -> Self:
        for one in self._participants:
            one.begin()
        return self

    def save(
        self,
        watermark: float,
        now: float,
        findings: Sequence[Finding],
        events: Sequence[IncidentEvent],
        ledger: Ledger | None,
    ) -> None:
        """Write findings, incidents, announcements, counts of objectives and the watermark. Raises StoreError."""
        self._store.save_cycle(watermark, now, findings, events, ledger)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._participants:
            if kind is None:
                one.commit()
            else:
                one.rollback()
