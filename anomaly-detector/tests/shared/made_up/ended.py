"""One thread of another process ended, and nothing else of it."""

import os
from pathlib import Path

_WATCHES = """
import ctypes, pathlib, threading, time

def watch(folder):
    while True:
        for thread in threading.enumerate():
            mark = folder / thread.name
            if mark.exists():
                mark.unlink(missing_ok=True)
                ended = ctypes.py_object(SystemExit)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ended)
        time.sleep(0.05)

threading.Thread(target=watch, args=[pathlib.Path({folder!r})], daemon=True).start()
"""


class Threads:
    """Every Python that starts with this on its path can be told to end threads of its own."""

    def __init__(self, folder: Path) -> None:
        self._marks = folder / "marks"
        self._marks.mkdir()
        (folder / "sitecustomize.py").write_text(_WATCHES.format(folder=str(self._marks)))
        self.path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))

    def end(self, name: str) -> None:
        """End the threads of this name, once they run next."""
        (self._marks / name).touch()
