"""The raw series that were seen, numbered, with the meaning of each: determined once, when a series is new."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.model.arrays import Floats, Ints
from aiops.sources.common.work import Work
from aiops.sources.prometheus.meaning import WORK, Adds, LabelMap, Meaning, SeriesIdentity, service

NOTHING: Final = -1
"""The number of a series without a meaning here, and of a counter whose resets no other series shows."""


class Numbers(dict[SeriesIdentity, int]):
    """Numbers things from 0 in the order in which they are first asked for."""

    def of(self, one: SeriesIdentity) -> int:
        """Return the number of a thing; a new one gets the next number."""
        return self.setdefault(one, len(self))


class Catalogue:
    """The series of one question. Arrays are indexed by the number of a series; `keys` identify whose requests are
    counted.

    There is room for `most` series. A service with a series beyond that is not counted at all, because the missing part
    might be one side of a ratio. `left_out` are these services.
    """

    def __init__(self, meaning: Callable[[LabelMap], Meaning | None], most: int) -> None:
        self._meaning = meaning
        self._most = most
        self.left_out: set[str] = set()
        self._index: dict[tuple[str, ...], int] = {}
        self.labels: list[dict[str, str]] = []
        self.families: list[str] = []
        self.keys = Numbers()
        self._histograms, self._senders = Numbers(), Numbers()
        self._rows: list[tuple[int, int, int, int, float, float]] = []
        self._arrays: tuple[Ints, Ints, Ints, Ints, Floats, Floats] | None = None
        self._covered: dict[str, set[Work]] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def numbers(self, series: Sequence[dict[str, str]]) -> Ints:
        """Return the number of each series, NOTHING for one without a meaning; new series are added."""
        index = self._index
        # Label sets come sorted: their names and values in sequence are a cheap identity.
        return np.array([self._known(index, one) for one in series], np.int64).reshape(len(series))

    def _known(self, index: dict[tuple[str, ...], int], one: dict[str, str]) -> int:
        identity = (*one, *one.values())
        found = index.get(identity)
        if found is None:
            if len(index) >= self._most:
                return self._leave_out(one)
            found = index[identity] = self._take(one)
        return found

    def _leave_out(self, one: dict[str, str]) -> int:
        """Remember only the service of a series for which there is no room."""
        said = self._meaning(one)
        if said is not None:
            self.left_out.add(said.key[0])
        return NOTHING

    def _take(self, one: dict[str, str]) -> int:
        said = self._meaning(one)
        if said is None:
            return NOTHING
        self._rows.append(
            (
                self.keys.of(said.key),
                int(said.adds),
                self._histograms.of(said.histogram),
                self._senders.of(said.sender),
                said.scale,
                said.bound,
            )
        )
        self.labels.append(one)
        self.families.append(said.family)
        self._arrays = self._covered = None
        return len(self._rows) - 1

    def whole(self, numbers: Ints) -> NDArray[np.bool_]:
        """Return which of these series belong to services without any left-out series."""
        if not self.left_out:
            return np.ones(len(numbers), bool)
        whole = np.array([key[0] not in self.left_out for key in self.keys], bool)
        kept: NDArray[np.bool_] = whole[self.key[numbers]]
        return kept

    def whose(self, number: int) -> str:
        """Return whose requests a series counts: the first part of its key."""
        return str(list(self.keys)[self.key[number]][0])

    def covered(self) -> dict[str, set[Work]]:
        """Return the kind of operation that the metrics of each service count, by the name that the service gives
        itself."""
        if self._covered is None:
            self._covered = {}
            for labels, family in zip(self.labels, self.families, strict=True):
                self._covered.setdefault(service(labels), set()).add(WORK[family])
        return self._covered

    @property
    def key(self) -> Ints:
        """The number of the key of each series."""
        return self._columns()[0]

    @property
    def adds(self) -> Ints:
        """The sum that each series adds to (`Adds`)."""
        return self._columns()[1]

    @property
    def histogram(self) -> Ints:
        """The number of the histogram of each series."""
        return self._columns()[2]

    @property
    def sender(self) -> Ints:
        """The number of the sender of each series."""
        return self._columns()[3]

    @property
    def scale(self) -> Floats:
        """Seconds per unit of each series."""
        return self._columns()[4]

    @property
    def bound(self) -> Floats:
        """The upper bound of each bucket series, seconds; NaN for others."""
        return self._columns()[5]

    @property
    def leads(self) -> NDArray[np.bool_]:
        """Which series show the resets of their histogram: its count."""
        return self.adds <= Adds.BAD

    def _columns(self) -> tuple[Ints, Ints, Ints, Ints, Floats, Floats]:
        if self._arrays is None:
            columns = list(zip(*self._rows, strict=True)) or [()] * 6
            key, adds, histogram, sender = (np.array(one, np.int64) for one in columns[:4])
            scale, bound = (np.array(one, np.float64) for one in columns[4:])
            self._arrays = (key, adds, histogram, sender, scale, bound)
        return self._arrays
