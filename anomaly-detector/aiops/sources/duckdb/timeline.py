"""The time of telemetry: its newest point, and whether clocks were set back."""

import logging
from dataclasses import dataclass
from typing import Final

log = logging.getLogger(__name__)

NANO: Final = 1_000_000_000
BEHIND_SECONDS: Final = 30.0
"""Data further behind the newest point than this are not just a little late."""
DOUBT_SECONDS: Final = 15.0
SETTLE_SECONDS: Final = 60.0


@dataclass(slots=True)
class TimeLine:
    """Follows the newest point. When all data are far behind it for a while, time continues from there.

    One sender with a slow clock among others changes nothing: the data of the others are newer.
    """

    newest_ns: int | None
    _behind_ns: int = 0
    _since: float = 0.0  # by our clock: when data far behind began to come, with nothing newer after them
    _until: float | None = None  # when such data last came; None while there are none

    def take(self, newest_ns: int, now: float) -> None:
        """Take in the newest time of an export that arrived at `now` (Unix seconds)."""
        if self.newest_ns is None or newest_ns >= self.newest_ns - BEHIND_SECONDS * NANO:
            self.newest_ns, self._until = max(self.newest_ns or 0, newest_ns), None
            return
        if self._until is None or now < self._since:
            self._since, self._behind_ns = now, newest_ns
        self._until = now
        self._behind_ns = max(self._behind_ns, newest_ns)
        if now - self._since >= SETTLE_SECONDS:
            back = (self.newest_ns - self._behind_ns) / NANO
            log.warning("telemetry goes on %.0f s earlier: clocks were set back, and time follows", back)
            self.newest_ns, self._until = self._behind_ns, None

    def heard_ns(self) -> int | None:
        """Return the newest time that arrives now: behind `newest_ns` while it is not yet clear that time has gone
        back."""
        until = self._until  # read once: another thread may change it meanwhile
        doubt = until is not None and until - self._since >= DOUBT_SECONDS
        return self._behind_ns if doubt else self.newest_ns
