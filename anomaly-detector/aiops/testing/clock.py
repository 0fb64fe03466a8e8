"""A clock that a test controls."""

from dataclasses import dataclass


@dataclass(slots=True)
class GivenClock:
    """A clock that stands still until it is set; Unix seconds."""

    time: float

    def now(self) -> float:
        """Return the time that was set."""
        return self.time
