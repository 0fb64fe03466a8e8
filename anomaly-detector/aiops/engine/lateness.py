"""Whether the engine keeps its own pace: if the machine starves it, all its measurements are doubtful."""

from collections import deque
from dataclasses import dataclass, field

LATE = 1.75  # steps between two cycles, from which on the second one is late
SEVERAL, OF = 2, 10  # late cycles among the last ones, from which on it is no accident


@dataclass(slots=True)
class Lateness:
    """The times of the last cycles; `step` is the number of seconds between two punctual cycles."""

    step: float
    waits: deque[float] = field(default_factory=lambda: deque(maxlen=OF))
    last: float | None = None

    def note(self, now: float) -> str:
        """Note that a cycle begins; return a sentence about the engine's own delays, "" while there are none.

        One late cycle is an accident, such as a machine that slept; a clock that was set back does not count.
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
