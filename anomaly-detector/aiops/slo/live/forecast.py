"""A forecast of the number of events, from the same hours of the last week."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.model import Labels, Window
from aiops.ports import Forecast
from aiops.slo.live.counter import EVENTS, WATCHED, SliCounter
from aiops.slo.rules import tiers

HOURS_A_WEEK: Final = 7 * 24


@dataclass(frozen=True, slots=True)
class LastWeek(Forecast):
    """A forecast by the profile of the last week; an hour that was not seen counts as the mean of the hours that
    were."""

    counter: SliCounter

    def events(self, slo: str, group: Labels, window: Window) -> float | None:
        """Return the events expected in a window that begins now; None while nothing was counted."""
        slot = self.counter.matcher.slots.get((slo, group))
        if slot is None or slot >= len(self.counter.of):
            return None
        numbers = self.counter.hours.ends()
        lately = (numbers >= 0) & (numbers > self.counter.hours.newest - HOURS_A_WEEK)
        events, watched = self.counter.hours.sums[slot][:, lately][[EVENTS, WATCHED]]
        if watched.sum() <= 0:
            return None
        profile = np.full(HOURS_A_WEEK, events.sum() / watched.sum())  # per second
        seen = watched > 0
        profile[numbers[lately][seen] % HOURS_A_WEEK] = events[seen] / watched[seen]
        first, last = int(window.start // tiers.HOUR) + 1, int(-(-window.end // tiers.HOUR))
        to_come = np.arange(first, last + 1)
        starts, ends = (
            np.maximum((to_come - 1) * tiers.HOUR, window.start),
            np.minimum(to_come * tiers.HOUR, window.end),
        )
        return float((profile[to_come % HOURS_A_WEEK] * np.clip(ends - starts, 0, None)).sum())
