"""The executor that changes nothing: a line in the log, to try a policy safely."""

import logging
from collections.abc import Mapping
from typing import Any

from aiops.act.executor import ExecutionReport, Executor, done, not_done
from aiops.model import Action
from aiops.model.safe import visible

log = logging.getLogger("aiops.action")


class SimulatedExecutor(Executor):
    """Writes what it would do."""

    def execute(self, action: Action, attempt: str) -> ExecutionReport:
        """Log the action."""
        text = visible(f"simulated {action.kind} of {action.target}")
        log.warning("%s %s, attempt %s", action.id, text, attempt)
        return done(f"{text}: nothing was changed")

    def undo(self, action: Action, attempt: str, observed: Mapping[str, Any]) -> ExecutionReport:  # noqa: ARG002
        """Log the undo."""
        log.warning("%s simulated undo of %s, attempt %s", action.id, visible(action.target), attempt)
        return done("simulated undo: nothing was changed")

    def ask(self, action: Action, attempt: str) -> ExecutionReport:  # noqa: ARG002
        """Nothing is ever done."""
        return not_done("a simulation changes nothing, however it ended")
