"""How tests wait: for a condition, with a deadline that a busy machine does not miss."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
SHORTEST, LONGEST = 0.01, 0.25
"""Seconds between two looks, at first and later."""


def until(
    done: Callable[[], T],
    seconds: float = 60.0,
    what: str = "",
    despite: type[Exception] | tuple[type[Exception], ...] = (),
) -> T:
    """Poll until `done` answers something true, and return that. One of `despite`, raised, is not true yet."""
    deadline, pause = time.monotonic() + seconds, SHORTEST
    while True:
        try:
            found = done()
            last = repr(found)
        except despite as problem:
            last = repr(problem)
        else:
            if found:
                return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what or done}; the last answer was {last}")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST)


def never(done: Callable[[], object], seconds: float, what: str = "") -> None:
    """Look for some seconds, in all of which `done` has to answer something false: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = done()
        assert not found, f"{what or done}: {found!r}"
        time.sleep(SHORTEST)
