"""The whole stack as one object: start it, break it, stop it."""

import fcntl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tools.native.addresses import Addresses
from tools.native.components import Component, Options, components, lay_out
from tools.native.process import NotReady, Process

TICK_SECONDS = 0.2


class InUse(Exception):
    """Another stack runs on the same data folder."""


def say(text: str) -> None:
    """Write a line for people."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class Stack:
    """Components in the order of their start; one that dies by itself is started again.

    `kill` and `restart` are for tests of outages: what is killed stays dead until it is restarted.
    """

    def __init__(self, options: Options, tell: Callable[[str], None] = say) -> None:
        """Plan a stack; nothing happens before `start`. Raises BadAddress."""
        self.options, self._tell = options, tell
        self.addresses = Addresses(options.port_offset)
        self.components: dict[str, Component] = {one.name: one for one in components(options, self.addresses)}
        logs = options.data / "logs"
        self._processes = {name: Process(one, logs / f"{name}.log") for name, one in self.components.items()}
        self._lock = threading.RLock()
        self._ending = threading.Event()
        self._tending: threading.Thread | None = None
        self._folder: IO[str] | None = None

    @property
    def urls(self) -> dict[str, str]:
        """URL by name of address, for all that components of this stack listen on."""
        return {name: self.addresses.url(name) for one in self.components.values() for name in one.ports}

    def log(self, name: str) -> Path:
        return self._processes[name].log

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def alive(self, name: str) -> bool:
        return self._processes[name].alive

    def start(self) -> None:
        """Start all, each when the one before is ready; all or nothing.

        Raises InUse, BadAddress, CannotRender or NotReady.
        """
        self._claim()
        try:
            for one in self.components.values():
                self.addresses.check_free(one.ports, one.name)
            lay_out(self.options, self.addresses, list(self.components))
            for name, process in self._processes.items():
                process.start()
                self._tell(f"  {name:<16}ready after {process.wait_ready():4.1f} s")
        except BaseException:
            self.stop()
            raise
        self._ending.clear()
        self._tending = threading.Thread(target=self._tend, name="stack", daemon=True)
        self._tending.start()

    def stop(self) -> None:
        """End all in reverse order: first what sends, then what keeps."""
        self._ending.set()
        if self._tending is not None:
            self._tending.join()
            self._tending = None
        with self._lock:
            for name, process in reversed(self._processes.items()):
                if not process.stop():
                    self._tell(f"  {name} did not end in {process.component.stop_seconds:.0f} s and was killed")
                process.close()
        if self._folder is not None:
            self._folder.close()
            self._folder = None

    def kill(self, name: str) -> None:
        """End one as a crash would, and leave it dead."""
        with self._lock:
            self._processes[name].kill()

    def restart(self, name: str) -> None:
        """Start one anew, after asking it to end if it lives; return when it is ready. Raises NotReady."""
        with self._lock:
            process = self._processes[name]
            process.stop()
            process.start()
        process.wait_ready()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    def _claim(self) -> None:
        self.options.data.mkdir(parents=True, exist_ok=True)
        folder = (self.options.data / "lock").open("w")
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            folder.close()
            raise InUse(
                f"another stack runs on {self.options.data}; end it, or give --data-dir and --port-offset"
            ) from None
        self._folder = folder

    def _tend(self) -> None:
        """Notice deaths, say them, and start again what should run."""
        while not self._ending.wait(TICK_SECONDS):
            with self._lock:
                for name, process in self._processes.items():
                    self._look_after(name, process)

    def _look_after(self, name: str, process: Process) -> None:
        if not process.wanted or process.alive:
            return
        if process.restart_at is None:
            status, pause = process.status, process.mourn()
            self._tell(f"{name} ended with status {status}; it starts again in {pause:.0f} s (log: {process.log})")
        elif time.monotonic() >= process.restart_at:
            try:
                process.start()
            except NotReady as error:
                self._tell(str(error))
                process.mourn()
