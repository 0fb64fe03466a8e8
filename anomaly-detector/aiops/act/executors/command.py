"""Programs as actions: a list of arguments that no shell reads, in an environment without secrets.

The whole group of processes is ended at the limit of time: then nobody knows how far it came.
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from typing import Any, Final

from aiops.act.executor import ExecutionReport, Executor, done, not_done, not_known
from aiops.model import Action
from aiops.model.safe import visible

PATH: Final = "/usr/local/bin:/usr/bin:/bin"
SAID: Final = 300
"""Characters of the output that a report repeats."""


class CommandExecutor(Executor):
    """Runs a program: exit code 0 is done, any other is not known, for it may have done a part."""

    def execute(self, action: Action, attempt: str) -> ExecutionReport:
        """Run the program of an action."""
        return _run(action, attempt, action.parameters["argv"])

    def undo(self, action: Action, attempt: str, observed: Mapping[str, Any]) -> ExecutionReport:  # noqa: ARG002
        """Run the program that undoes it."""
        return _run(action, attempt, action.parameters["undo"])

    def ask(self, action: Action, attempt: str) -> ExecutionReport:  # noqa: ARG002
        """A program leaves nothing that could be asked."""
        return not_known("the engine ended while the program ran")


def _run(action: Action, attempt: str, argv: list[str]) -> ExecutionReport:
    limit = float(action.parameters["timeout_seconds"])
    environment = {"PATH": PATH, "LANG": "C.UTF-8", "AIOPS_ACTION": action.id, "AIOPS_ATTEMPT": attempt}
    try:
        process = subprocess.Popen(
            argv,
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return not_done(f"{argv[0]} does not start: {error.strerror}")
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return not_known(f"{argv[0]} did not end within {limit:g} s, and was ended")
    said = visible(" ".join(output.decode(errors="replace").split())[-SAID:])
    if process.returncode == 0:
        return done(f"{argv[0]} ended well{f': {said}' if said else ''}")
    return not_known(f"{argv[0]} ended with {process.returncode}{f': {said}' if said else ''}")
