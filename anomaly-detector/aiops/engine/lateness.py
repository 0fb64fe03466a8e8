"""Whether the engine keeps its own pace: a machine that starves it makes everything that it measures doubtful."""

from collections import deque
from dataclasses import dataclass, field

LATE = 1.75  # steps between two cycles, from which the second is late
SEVERAL, OF = 2, 10  # late cycles among the last, from which it is no accident


@dataclass(slots=True)
class Lateness:
    """When the last cycles came; `step` is seconds between two that are in time."""

    step: float
    waits: deque[float] = field(default_factory=lambda: deque(maxlen=OF))
    last: float | None = None

    def note(self, now: float) -> str:
        """Take in that a cycle begins; say what is wrong with the engine's own pace, "" while nothing is.

        One late cycle is an accident, such as a machine that slept; a clock that was set back is none.
        """
        if self.last is not None and now > self.last:
            self.waits.append(now - self.last)
        self.last = now
        late = [one for one in self.waits if one > LATE * self.step]
        if len(late) < SEVERAL:
            return ""
        return (
            f"{len(late)} of the engine's last {len(self.waits)} cycles were late, by up to "
            f"{max(late) - self.step:.0f} s, so the machine that it runs on may be short of CPU itself"
        )
