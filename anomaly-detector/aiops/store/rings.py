"""Counts of the last days by objective, in one file that is replaced as a whole or not at all."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from aiops.model import LedgerKey
from aiops.slo.live.counter import SliCounter
from aiops.store.arrays import DAMAGED, read_arrays, write_arrays

log = logging.getLogger(__name__)
VERSION = 1


class Rings:
    """The counts from which burn rates are computed. Lost counts are counted again as far as telemetry goes back."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, counter: SliCounter) -> None:
        """Replace the file. Raises OSError when the disk is full."""
        windows, slots = counter.windows, counter.slots
        keys = [(one.slo, one.sli, one.group) for one in counter.places()]
        index = {
            "version": VERSION,
            "at": slots.at,
            "newest": [windows.minutes.newest, windows.fives.newest],
            "slots": keys,
            "slices": list(slots.slices.items()),
        }
        arrays: dict[str, Any] = {
            "minutes": windows.minutes.sums,
            "fives": windows.fives.sums,
            "heard": slots.heard,
            "open": slots.open,
        }
        write_arrays(self._path, index, arrays, sync=False)

    def load(self, counter: SliCounter) -> None:
        """Load saved counts into a counter that has counted nothing yet. A damaged file is logged and ignored."""
        if not self._path.exists():
            return
        try:
            index, arrays = read_arrays(self._path)
            if index["version"] != VERSION:
                return
            keys = [
                LedgerKey(slo, sli, tuple((key, value) for key, value in group)) for slo, sli, group in index["slots"]
            ]
            _check(arrays, len(keys), counter)
        except DAMAGED as error:
            log.error("counts of objectives are damaged (%s): burn rates begin anew, budgets are kept", error)
            return
        places = [(old, counter.slot(key)) for old, key in enumerate(keys)]
        counter.grow()
        windows, slots = counter.windows, counter.slots
        for ring, name, newest in ((windows.minutes, "minutes", 0), (windows.fives, "fives", 1)):
            ring.newest = index["newest"][newest]
            ring.sums = np.zeros((len(counter.of), ring.kinds, ring.size))
            for old, new in places:
                if new is not None and old < len(arrays[name]):
                    ring.sums[new] = arrays[name][old]
        for old, new in places:
            if new is not None:
                slots.heard[new], slots.open[new] = arrays["heard"][old], arrays["open"][old]
        slots.at = index["at"]
        slots.slices = dict(index["slices"])


def _check(arrays: dict[str, Any], slots: int, counter: SliCounter) -> None:
    """Raise ValueError for sizes that do not fit."""
    for ring, name in ((counter.windows.minutes, "minutes"), (counter.windows.fives, "fives")):
        if arrays[name].shape[1:] != (ring.kinds, ring.size):
            raise ValueError(f"{name} of shape {arrays[name].shape}")
    if arrays["heard"].shape != (slots,) or arrays["open"].shape != (slots, 2):
        raise ValueError("rows are missing")
