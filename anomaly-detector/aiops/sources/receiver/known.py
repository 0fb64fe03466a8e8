"""Which resource and series rows the store already has, so that each is sent once and not with every point."""

import threading
from collections.abc import Iterable
from typing import Final

# Rows are sent again after this long: the store forgets series that have no points left within the retention,
# which is never shorter.
RESEND_SECONDS: Final = 1800.0
LIMIT: Final = 200_000


class Known:
    """Ids of committed rows, with their times. Thread-safe."""

    def __init__(self) -> None:
        self._committed: dict[int, float] = {}
        self._lock = threading.Lock()

    def has(self, row: int, now: float) -> bool:
        """Return whether a row was committed recently."""
        at = self._committed.get(row)
        return at is not None and now - at < RESEND_SECONDS

    def add(self, rows: Iterable[int], now: float) -> None:
        """Remember rows that the store has committed."""
        with self._lock:
            if len(self._committed) > LIMIT:
                self._committed.clear()
            for row in rows:
                self._committed[row] = now
