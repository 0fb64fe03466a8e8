"""The tie of a child process to the one that started it, for when that one is killed and can end nobody."""

import os
import threading
import time

from shop.flags import POLL_SECONDS


class Parent:
    """The process this one must not outlive; with no pid, there is none."""

    def __init__(self, pid: int | None) -> None:
        self._pid = pid

    def check(self) -> None:
        """End this process at once when its parent is no longer there."""
        if self._pid is not None and os.getppid() != self._pid:
            os._exit(1)

    def watch(self) -> None:
        """Check for ever, in a thread of its own."""
        if self._pid is not None:
            threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.check()
            time.sleep(POLL_SECONDS)
