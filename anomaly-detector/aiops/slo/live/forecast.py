"""How many events are to come, by what came in the same hour of the week before."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.model import Labels, Window
from aiops.ports import Forecast
from aiops.slo.live.watch import EVENTS, WATCHED, SliCounter
from aiops.slo.rules import tiers

HOURS_A_WEEK: Final = 7 * 24


@dataclass(frozen=True, slots=True)
class LastWeek(Forecast):
    """The profile of the last week; an hour that was not seen is like the mean of those that were."""

    watch: SliCounter

    def events(self, slo: str, group: Labels, window: Window) -> float | None:
        """Events in a window that begins now; None while nothing was counted."""
        slot = self.watch.meter.slots.get((slo, group))
        if slot is None or slot >= len(self.watch.of):
            return None
        numbers = self.watch.hours.ends()
        lately = (numbers >= 0) & (numbers > self.watch.hours.newest - HOURS_A_WEEK)
        events, watched = self.watch.hours.sums[slot][:, lately][[EVENTS, WATCHED]]
        if watched.sum() <= 0:
            return None
        profile = np.full(HOURS_A_WEEK, events.sum() / watched.sum())  # a second
        seen = watched > 0
        profile[numbers[lately][seen] % HOURS_A_WEEK] = events[seen] / watched[seen]
        first, last = int(window.start // tiers.HOUR) + 1, int(-(-window.end // tiers.HOUR))
        to_come = np.arange(first, last + 1)
        starts, ends = (
            np.maximum((to_come - 1) * tiers.HOUR, window.start),
            np.minimum(to_come * tiers.HOUR, window.end),
        )
        return float((profile[to_come % HOURS_A_WEEK] * np.clip(ends - starts, 0, None)).sum())
