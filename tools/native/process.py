"""One component as a process: its log, its readiness, its end."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import IO

import requests

from tools.native.components import Component

POLL_SECONDS = 0.1
LAST_LINES = 5
BACKOFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
STEADY_SECONDS = 60.0


class NotReady(Exception):
    """A component did not come up; the message names it, its log and its last words."""


class Process:
    """A component's process, which can be started again after its end."""

    def __init__(self, component: Component, log: Path) -> None:
        self.component, self.log = component, log
        self.wanted = False
        self.restart_at: float | None = None
        self._deaths = 0
        self._started_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._file: IO[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.component.name} was never started"
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def status(self) -> int | None:
        """Exit status of the last end; negative is the signal that caused it."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start it, with a log that begins anew when the object is young. Raises NotReady."""
        if self._file is None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            if self.log.exists():
                self.log.replace(self.log.with_suffix(".log.1"))
            self._file = self.log.open("ab")
        environment = {**os.environ, **self.component.environment}
        try:
            # A session of its own: Ctrl-C at the terminal is for the stack, which ends everything in order.
            self._process = subprocess.Popen(
                self.component.command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=self._file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise NotReady(f"{self.component.name} cannot be started: {error.strerror}") from None
        self.wanted, self.restart_at, self._started_at = True, None, time.monotonic()

    def wait_ready(self) -> float:
        """Wait until it answers and return the seconds that took. Raises NotReady."""
        over = self._started_at + self.component.start_seconds
        while not self.ready():
            if not self.alive:
                raise NotReady(f"{self.component.name} ended with status {self.status}{self._last_words()}")
            if time.monotonic() > over:
                seconds = self.component.start_seconds
                raise NotReady(f"{self.component.name} is not ready after {seconds:.0f} s{self._last_words()}")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - self._started_at

    def ready(self) -> bool:
        """Whether it answers now."""
        try:
            return self.alive and all(requests.get(url, timeout=2).ok for url in self.component.ready)
        except requests.RequestException:
            return False

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.wanted = False
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def stop(self) -> bool:
        """Ask it to end, and make it end if it does not; return whether it ended by itself."""
        self.wanted = False
        if self._process is None or not self.alive:
            return True
        self._process.terminate()
        try:
            self._process.wait(self.component.stop_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def mourn(self) -> float:
        """Note that it died by itself; return after how many seconds it should start again."""
        if time.monotonic() - self._started_at > STEADY_SECONDS:
            self._deaths = 0
        pause = BACKOFF_SECONDS[min(self._deaths, len(BACKOFF_SECONDS) - 1)]
        self._deaths += 1
        self.restart_at = time.monotonic() + pause
        return pause

    def _signal(self, number: signal.Signals) -> None:
        """Signal the component's whole session: nothing it started may stay behind."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-LAST_LINES:]
        return "".join(f"\n    {line}" for line in lines) + f"\n    (all of it: {self.log})"
