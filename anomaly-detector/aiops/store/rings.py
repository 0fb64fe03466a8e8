"""Counts of the last days by objective, in one file that is replaced whole or not at all."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from aiops.model import LedgerKey
from aiops.slo.live.watch import SliCounter
from aiops.store.arrays import DAMAGED, read, write

log = logging.getLogger(__name__)
VERSION = 1


class Rings:
    """What burn rates are taken of. What is lost here is counted anew, as far as telemetry goes back."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, watch: SliCounter) -> None:
        """Replace the last one. Raises OSError when the disk does not take it."""
        tally, slots = watch.tally, watch.slots
        keys = [(one.slo, one.sli, one.group) for one in watch.places()]
        index = {
            "version": VERSION,
            "at": slots.at,
            "newest": [tally.minutes.newest, tally.fives.newest],
            "slots": keys,
            "slices": list(slots.slices.items()),
        }
        arrays: dict[str, Any] = {
            "minutes": tally.minutes.sums,
            "fives": tally.fives.sums,
            "heard": slots.heard,
            "open": slots.open,
        }
        write(self._path, index, arrays, sync=False)

    def load(self, watch: SliCounter) -> None:
        """Put what was kept into a watch that has counted nothing yet. A damaged file is said, and as none."""
        if not self._path.exists():
            return
        try:
            index, arrays = read(self._path)
            if index["version"] != VERSION:
                return
            keys = [
                LedgerKey(slo, sli, tuple((key, value) for key, value in group)) for slo, sli, group in index["slots"]
            ]
            _check(arrays, len(keys), watch)
        except DAMAGED as error:
            log.error("counts of objectives are damaged (%s): burn rates begin anew, budgets are kept", error)
            return
        places = [(old, watch.slot(key)) for old, key in enumerate(keys)]
        watch.grow()
        tally, slots = watch.tally, watch.slots
        for ring, name, newest in ((tally.minutes, "minutes", 0), (tally.fives, "fives", 1)):
            ring.newest = index["newest"][newest]
            ring.sums = np.zeros((len(watch.of), ring.kinds, ring.size))
            for old, new in places:
                if new is not None and old < len(arrays[name]):
                    ring.sums[new] = arrays[name][old]
        for old, new in places:
            if new is not None:
                slots.heard[new], slots.open[new] = arrays["heard"][old], arrays["open"][old]
        slots.at = index["at"]
        slots.slices = dict(index["slices"])


def _check(arrays: dict[str, Any], slots: int, watch: SliCounter) -> None:
    """Raises ValueError on sizes that do not fit."""
    for ring, name in ((watch.tally.minutes, "minutes"), (watch.tally.fives, "fives")):
        if arrays[name].shape[1:] != (ring.kinds, ring.size):
            raise ValueError(f"{name} of shape {arrays[name].shape}")
    if arrays["heard"].shape != (slots,) or arrays["open"].shape != (slots, 2):
        raise ValueError("rows are missing")
