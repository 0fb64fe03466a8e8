"""What an executor is: it does one action once, undoes it, and can be asked what became of an attempt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from aiops.model import Action


class ExecutionResult(StrEnum):
    """What is known of an attempt. UNKNOWN is no failure: it may have been done."""

    DONE = "done"
    NOT_DONE = "not_done"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """The result, in one sentence why, and what was there before (for the undo; JSON values)."""

    result: ExecutionResult
    text: str
    observed: Mapping[str, Any] = field(default_factory=dict)


class Executor(Protocol):
    """Does actions. No method raises for what the other side does: that is a report. `attempt` is the idempotency
    key, the same for the same attempt and for no other."""

    def execute(self, action: Action, attempt: str) -> ExecutionReport:
        """Do an action. Called once for each attempt."""
        ...

    def undo(self, action: Action, attempt: str, observed: Mapping[str, Any]) -> ExecutionReport:
        """Undo an action, of which `observed` is what was there before it."""
        ...

    def ask(self, action: Action, attempt: str) -> ExecutionReport:
        """Find out whether an attempt was done, without doing anything. The engine may have been killed in it."""
        ...


def done(text: str, observed: Mapping[str, Any] | None = None) -> ExecutionReport:
    """Report what was done."""
    return ExecutionReport(ExecutionResult.DONE, text, observed or {})


def not_done(text: str) -> ExecutionReport:
    """Report what was surely not done."""
    return ExecutionReport(ExecutionResult.NOT_DONE, text)


def not_known(text: str) -> ExecutionReport:
    """Report what may have been done."""
    return ExecutionReport(ExecutionResult.UNKNOWN, text)
