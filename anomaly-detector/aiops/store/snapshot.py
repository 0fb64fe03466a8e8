"""What the detector learned, in one file that is replaced whole or not at all."""

import logging
import time
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aiops.detect import State
from aiops.detect.state import Lived
from aiops.process.faultpoints import FaultPoint, reach
from aiops.store.arrays import DAMAGED, read, write

log = logging.getLogger(__name__)
VERSION = 3


L = TypeVar("L", bound=Lived)


class Snapshots:
    """Save and load detector state. `fingerprint` is of the settings it was learned under: others make it unfit."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path, self._fingerprint = path, fingerprint

    def save(self, state: State) -> None:
        """Write beside, sync, then rename over the last one. Raises OSError when the disk does not take it."""
        arrays: dict[str, Any] = {}
        index: dict[str, Any] = {"version": VERSION, "fingerprint": self._fingerprint, "at": state.at}
        for name, lived in _parts(state).items():
            index[name] = list(lived.index)
            for field, array in lived.arrays():
                arrays[f"{name}.{field}"] = array[: len(lived.index)]
        write(self._path, index, arrays, written=partial(reach, FaultPoint.SNAPSHOT_WRITTEN))
        reach(FaultPoint.SNAPSHOT_REPLACED)

    @staticmethod
    def copy(state: State) -> State:
        """A state that later steps do not touch."""
        return State(
            at=state.at,
            errors=_copied(state.errors),
            latency=_copied(state.latency),
            silence=_copied(state.silence),
            traffic=_copied(state.traffic),
        )

    def load(self) -> State | None:
        """The last one saved; None if there is none, or it fits other settings or another version. A damaged one is
        kept aside and said."""
        if not self._path.exists():
            return None
        try:
            index, arrays = read(self._path)
            if (index["version"], index["fingerprint"]) != (VERSION, self._fingerprint):
                log.info("learned state is from other settings; learning anew")
                return None
            state = State(at=index["at"])
            for name, lived in _parts(state).items():
                lived.index = {tuple((key, value) for key, value in one): row for row, one in enumerate(index[name])}
                for field, _ in list(lived.arrays()):
                    if f"{name}.{field}" in arrays:  # else an earlier release did not know it
                        lived.put(field, arrays[f"{name}.{field}"])
                lived.grow(len(lived.index))
            return state
        except DAMAGED as error:
            aside = self._path.with_name(f"{self._path.name}.corrupt-{int(time.time())}")
            self._path.rename(aside)
            log.error("learned state is damaged (%s); it is kept as %s, learning anew", error, aside)
            return None


def _parts(state: State) -> dict[str, Lived]:
    return {"errors": state.errors, "latency": state.latency, "silence": state.silence, "traffic": state.traffic}


def _copied(lived: L) -> L:
    out = lived.taken(slice(None))
    out.index = dict(lived.index)
    return out
