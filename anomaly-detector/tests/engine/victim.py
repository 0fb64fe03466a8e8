"""Processes to kill: `python -m engine.victim` reads one JSON line for each, and writes how it ended.

Each is forked from one that has imported all of the engine and run none of it, so that it starts as a new process does,
only without the seconds that importing takes.
"""

import json
import os
import sys
import threading
from pathlib import Path

from aiops.process import faultpoints

from .script import Run


def main() -> None:
    assert threading.active_count() == 1, "a fork has no thread but its own"
    for line in sys.stdin:
        order = json.loads(line)
        victim = os.fork()
        if victim == 0:
            _live(**order)
        _, status = os.waitpid(victim, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def _live(folder: str, crash_at: str, end: int, over_http: bool) -> None:
    """Live as told; 0 means to the end, 1 that something went wrong, minus nine that it was killed."""
    code = 1
    try:
        # As the module does when it is imported.
        faultpoints._crash_at, faultpoints._visits = faultpoints._armed(crash_at)
        Run(Path(folder), over_http).until(end)
        code = 0
    finally:
        if code:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        os._exit(code)


if __name__ == "__main__":
    main()
