"""The tie of a process to the one that started it: its standard input, which ends when that one does in any way."""

import os
import threading
from collections.abc import Callable


def tie(ended: Callable[[], None] = lambda: os._exit(1)) -> None:
    """Call `ended`, in a thread of its own, when standard input ends; without it, end this process at once."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        ended()

    threading.Thread(target=wait, name="parent", daemon=True).start()
