"""One step of a build: what it is, how long it takes, and its last words if it fails."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

TICK_SECONDS = 0.2
LAST_LINES = 15


class BuildFailed(Exception):
    """A program could not be built; the message ends with what the compiler said."""


def run(what: str, command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> float:
    """Run one step to its end and return the seconds it took.

    On a terminal a line is kept up to date; elsewhere there is one line when the step is done. Ctrl-C ends it with
    everything it started. Raises BuildFailed.
    """
    began = time.monotonic()
    step = _Step(command, folder, environment)
    try:
        while step.process.poll() is None:
            if sys.stderr.isatty():
                _line(f"  {what:<20}{time.monotonic() - began:6.0f} s  {step.lines} packages", end="")
            time.sleep(TICK_SECONDS)
    finally:
        step.end()
    seconds = time.monotonic() - began
    if step.process.returncode != 0:
        raise BuildFailed(f"{what} could not be built:\n  " + "\n  ".join(step.last))
    _line(f"  {what:<20}{seconds:6.0f} s", end="\n")
    return seconds


class _Step:
    def __init__(self, command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> None:
        self.lines = 0
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        try:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise BuildFailed(f"{command[0]} cannot be run: {error.strerror}") from None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines += 1
            self.last.append(line.rstrip())

    def end(self) -> None:
        """End the step's whole session, if it has not ended: the compilers are its children's children."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                os.killpg(self.process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(timeout=5)
        self.reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()


def _line(text: str, end: str) -> None:
    start = "\r\033[K" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{start}{text}{end}")
    sys.stderr.flush()
