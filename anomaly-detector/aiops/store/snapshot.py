"""The learned state of the detector, in one file that is replaced as a whole or not at all."""

import logging
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from aiops.detect import State
from aiops.detect.tracked import Tracked
from aiops.model.arrays import Array
from aiops.process.faultpoints import FaultPoint, reach
from aiops.store.arrays import DAMAGED, read_arrays, write_arrays

log = logging.getLogger(__name__)
SNAPSHOT_FORMAT = 3


class Snapshots:
    """Saves and loads the state of the detector. `fingerprint` identifies the settings it was learned with: with others
    the state cannot be used."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path, self._fingerprint = path, fingerprint

    @property
    def folder(self) -> Path:
        """The data folder, in which the file is."""
        return self._path.parent

    def save(self, state: State) -> None:
        """Write to a file beside the target, sync, then rename it over the target. Raises OSError when the disk is
        full."""
        arrays: dict[str, Any] = {}
        index: dict[str, Any] = {"version": SNAPSHOT_FORMAT, "fingerprint": self._fingerprint, "at": state.at}
        for name, tracked in state.families.items():
            index[str(name)] = list(tracked.index)
            for field, array in tracked.arrays():
                arrays[f"{name}.{field}"] = array[: len(tracked.index)]
        write_arrays(self._path, index, arrays, written=partial(reach, FaultPoint.SNAPSHOT_WRITTEN))
        reach(FaultPoint.SNAPSHOT_REPLACED)

    def load(self) -> State | None:
        """Return the last saved state; None if there is none, or if it belongs to other settings or another version. A
        damaged file is kept aside and logged."""
        if not self._path.exists():
            return None
        try:
            index, arrays = read_arrays(self._path)
            if (index["version"], index["fingerprint"]) != (SNAPSHOT_FORMAT, self._fingerprint):
                log.info("learned state is from other settings; learning anew")
                return None
            state = State(at=index["at"])
            for name, tracked in state.families.items():
                if name not in index:  # an earlier release did not have this family
                    continue
                tracked.index = {tuple((key, value) for key, value in one): row for row, one in enumerate(index[name])}
                for field, _ in list(tracked.arrays()):
                    if f"{name}.{field}" in arrays:  # otherwise an earlier release did not have this field
                        tracked.put(field, arrays.pop(f"{name}.{field}"))
                tracked.grow(len(tracked.index))
                _inherit(str(name), tracked, arrays)
            return state
        except DAMAGED as error:
            aside = self._path.with_name(f"{self._path.name}.corrupt-{int(time.time())}")
            self._path.rename(aside)
            log.error("learned state is damaged (%s); it is kept as %s, learning anew", error, aside)
            return None


def _inherit(name: str, tracked: Tracked, left: Mapping[str, Array]) -> None:
    """Let a family take over what an earlier release saved in another form, and log it. left: saved arrays that have no
    place in the state of today."""
    older = {field.removeprefix(f"{name}."): array for field, array in left.items() if field.startswith(f"{name}.")}
    if said := tracked.inherit(older):
        log.info("what an earlier release learned of %s is used: %s", name, said)
