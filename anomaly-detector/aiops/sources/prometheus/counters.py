"""Increments of raw counters, sample by sample, and what must be remembered of each for the next one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.http import AnswerTooLarge
from aiops.model.arrays import Bools, Floats, Ints
from aiops.model.promql import quoted
from aiops.sources.common import processes
from aiops.sources.common.grid import NANO, Grid
from aiops.sources.common.increments import LOOKBACK_SECONDS, Samples, newborn
from aiops.sources.common.processes import LOOKBACK_NS
from aiops.sources.prometheus import native
from aiops.sources.prometheus.catalogue import NOTHING, Catalogue
from aiops.sources.prometheus.client import PrometheusClient, Raw
from aiops.sources.prometheus.meaning import LabelMap, Meaning

SAMPLES_AT_ONCE: Final = 400_000
"""Samples that are read at once: about 30 MB of JSON."""
MOST: Final = 100_000
"""The number of series that are remembered by default."""
FIRST_INTERVAL: Final = 5.0
"""Seconds between samples that are assumed before any were seen: the shortest usual interval."""
ASKED_AT_ONCE: Final = 50
KNOWN_BEFORE: Final = "1d"
"""How far back a counter that seems new is searched for: the second failure of a day is no new series."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Samples, `(samples,)`, in any order; `series` are numbers."""

    series: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    time_ns: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    value: Floats = field(default_factory=lambda: np.zeros(0))

    def but(self, which: "Bools | Ints") -> "Kept":
        """Return a selection of the samples, by mask or index."""
        return Kept(self.series[which], self.time_ns[which], self.value[which])

    def joined(self, other: "Kept") -> "Kept":
        """Return these samples and those of another, unsorted."""
        return Kept(
            np.concatenate([self.series, other.series]),
            np.concatenate([self.time_ns, other.time_ns]),
            np.concatenate([self.value, other.value]),
        )


@dataclass(slots=True)
class Memory:
    """The last sample of each series up to `end_ns`, by its number; time 0 where there is none. Of histograms that fell
    recently all samples of the lookback are kept, to tell processes apart."""

    end_ns: int = -1
    time_ns: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    value: Floats = field(default_factory=lambda: np.zeros(0))
    kept: Kept = field(default_factory=Kept)

    def grown(self, size: int) -> "Memory":
        """Return a copy with room for so many series."""
        more = size - len(self.time_ns)
        return Memory(self.end_ns, np.pad(self.time_ns, (0, more)), np.pad(self.value, (0, more)), self.kept)


@dataclass(frozen=True, slots=True)
class Increments:
    """What each sample in the window adds: numbers of series, columns of the grid, values, `(samples,)`."""

    series: Ints
    column: Ints
    value: Floats


class Counters:
    """The counters of one question: the same selector, asked for one window after the other.

    A window that begins where one of the last two ended needs only its own samples; any other also needs those of the
    lookback before it. Series beyond `most` are left out together with all others of their service.
    """

    def __init__(self, api: PrometheusClient, meaning: Callable[[LabelMap], Meaning | None], most: int = MOST) -> None:
        self._api = api
        self.catalogue = Catalogue(meaning, most)
        self._memories = [Memory(), Memory()]
        self._per_second = 0.0  # samples of all series, as seen last
        self._fell: set[int] = set()  # histograms that fell within the lookback
        self.shared: frozenset[str] = frozenset()
        """Services with several processes under one identity, as last seen."""

    def read(self, selector: str, grid: Grid) -> Increments:
        """Read the increments in the steps of a grid. Raises SourceError."""
        memory = next((one for one in self._memories if one.end_ns == grid.start_ns), None)
        if memory is None:
            memory = Memory(grid.start_ns - LOOKBACK_NS)
            for start, end in self._pieces(selector, memory.end_ns, grid.start_ns):
                raw = self._samples(selector, start, end)
                memory = self._remember(memory, raw, self.catalogue.numbers(raw.series), end)
        before = memory
        parts = []
        for start, end in self._pieces(selector, grid.start_ns, grid.end_ns):
            raw = self._samples(selector, start, end)
            numbers = self.catalogue.numbers(raw.series)
            memory = memory.grown(len(self.catalogue))
            parts.append(self._added(memory, raw, numbers, grid))
            memory = self._remember(memory, raw, numbers, end)
        self._memories = [before, memory]
        series, column, value = (np.concatenate([part[at] for part in parts]) for at in range(3))
        whole = self.catalogue.whole(series)
        return Increments(series[whole], column[whole], value[whole])

    def _pieces(self, selector: str, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
        """Split a time range so that no answer is too large."""
        if not self._per_second and end_ns - start_ns > LOOKBACK_NS // 10:
            counted = self._api.instant(f"count({selector})", end_ns / NANO)
            self._per_second = (counted[0].value if counted else 0.0) / FIRST_INTERVAL
        width = int(max(1.0, SAMPLES_AT_ONCE / max(self._per_second, 1.0)) * NANO)
        return [(at, min(at + width, end_ns)) for at in range(start_ns, end_ns, width)]

    def _samples(self, selector: str, start_ns: int, end_ns: int) -> Raw:
        try:
            raw = self._api.samples(selector, start_ns, end_ns)
        except AnswerTooLarge:
            # The next query uses smaller pieces.
            self._per_second = 2 * max(self._per_second, SAMPLES_AT_ONCE / ((end_ns - start_ns) / NANO))
            raise
        if len(raw.row):
            self._per_second = len(raw.row) / ((end_ns - start_ns) / NANO)
        return raw

    def _remember(self, memory: Memory, raw: Raw, numbers: Ints, end_ns: int) -> Memory:
        out = memory.grown(len(self.catalogue))
        last = np.ones(len(raw.row), bool)
        last[:-1] = raw.row[1:] != raw.row[:-1]
        known = last & (numbers[raw.row] != NOTHING)
        at = numbers[raw.row[known]]
        out.time_ns[at], out.value[at], out.end_ns = raw.time_ns[known], raw.value[known], end_ns
        mine = numbers[raw.row]
        here = Kept(mine, raw.time_ns, raw.value).but(mine != NOTHING)
        here = Kept(np.arange(len(memory.time_ns)), memory.time_ns, memory.value).but(memory.time_ns > 0).joined(here)
        self._fell |= self._falling(here)
        here = memory.kept.joined(here)
        odd = np.isin(self.catalogue.histogram[here.series], list(self._fell))
        here = here.but(odd & (here.time_ns > end_ns - LOOKBACK_NS))
        _, once = np.unique(np.column_stack([here.series, here.time_ns]), axis=0, return_index=True)
        out.kept = here.but(once)
        self._fell = self._falling(out.kept)
        return out

    def _falling(self, samples: Kept) -> set[int]:
        """Return the histograms whose count falls somewhere in these samples."""
        samples = samples.but(self.catalogue.leads[samples.series])
        order = np.lexsort((samples.time_ns, samples.series))
        series, value = samples.series[order], samples.value[order]
        fell = (series[1:] == series[:-1]) & (value[1:] < value[:-1])
        return set(self.catalogue.histogram[series[1:][fell]].tolist())

    def _added(self, memory: Memory, raw: Raw, numbers: Ints, grid: Grid) -> tuple[Ints, Ints, Floats]:
        mine = numbers[raw.row]
        keep = mine != NOTHING
        mine, times, values = mine[keep], raw.time_ns[keep], raw.value[keep]
        # Remembered samples come first: as predecessors, and as proof that their sender was heard.
        last = (memory.time_ns > 0) & ~_forgotten(memory, grid.start_ns)
        last[memory.kept.series] = False
        heard = np.flatnonzero(last)
        old = Kept(heard, memory.time_ns[heard], memory.value[heard]).joined(memory.kept)
        series = np.concatenate([old.series, mine])
        time = np.concatenate([old.time_ns, times])
        value = np.concatenate([old.value, values])
        new = np.concatenate([np.zeros(len(old.series), bool), np.ones(len(mine), bool)])
        order = np.lexsort((time, series))
        series, time, value, new = series[order], time[order], value[order], new[order]
        added = self._increments(series, time, value)[new]
        return series[new], grid.columns(time[new]), added

    def _increments(self, series: Ints, time: Ints, value: Floats) -> Floats:
        """Return what each sample adds, sorted by series and time; NaN for a baseline."""
        same = np.zeros(len(series), bool)
        same[1:] = series[1:] == series[:-1]
        before, earlier = np.zeros(len(series)), np.zeros(len(series), np.int64)
        before[1:], earlier[1:] = value[:-1], time[:-1]
        # A zero is inserted where a counter started. One of long ago is no sample: the series was absent, not lost.
        first = ~same | ((before == 0) & (time - earlier > LOOKBACK_NS))
        follows = ~first & (time - earlier <= LOOKBACK_NS)
        reset = follows & (value < before)
        leads = self.catalogue.leads[series]
        whole = np.zeros(len(series), bool)
        whole[leads] = self._whole(series[leads], time[leads], value[leads], first[leads])
        histogram = self.catalogue.histogram[series]
        for flag in (reset, whole):
            _follow(flag, leads, histogram, time)
        out = np.where(follows, np.where(reset, value, value - before), np.where(whole & first, value, np.nan))
        fell = reset & leads
        if fell.any():
            self._tell_apart(out, set(histogram[fell].tolist()), series, time, value)
        else:
            self.shared = frozenset()
        return out

    def _tell_apart(self, out: Floats, odd: set[int], series: Ints, time: Ints, value: Floats) -> None:
        """Set in `out` what the samples of these histograms add; they fell, so they may belong to several processes."""
        catalogue = self.catalogue
        rows = np.flatnonzero(np.isin(catalogue.histogram[series], list(odd)))
        place = dict(zip(zip(series[rows].tolist(), time[rows].tolist(), strict=True), rows.tolist(), strict=True))
        leads = rows[catalogue.leads[series[rows]]]
        gone_on: dict[
            tuple[int, int], int
        ] = {}  # (histogram, time) -> time of the sample before, or what is said of it
        shared = set()
        for number in np.unique(series[leads]).tolist():
            mine = leads[series[leads] == number]
            times, values = time[mine].tolist(), value[mine].tolist()
            told = processes.apart(times, [0] * len(times), values)
            if told.turns >= processes.TAKES_TURNS:
                shared.add(catalogue.whose(number))
            else:
                told = processes.apart(times, _starts(times, values), values)
            histogram = int(catalogue.histogram[number])
            for place_of, (at, before) in enumerate(zip(times, told.before, strict=True)):
                # What the first sample adds depends on who was heard before; a later one is a restart.
                anew = processes.WHOLE if place_of else processes.PAUSED
                gone_on[histogram, at] = times[before] if before >= 0 else anew if before == processes.FIRST else before
        self.shared = frozenset(shared)
        for at, one, when in zip(rows.tolist(), series[rows].tolist(), time[rows].tolist(), strict=True):
            before = gone_on.get((int(catalogue.histogram[one]), when), processes.PAUSED)
            if before >= 0:
                earlier = place.get((one, before))
                out[at] = np.nan if earlier is None else value[at] - value[earlier]
            elif before == processes.WHOLE:
                out[at] = value[at]
            elif before == processes.DOUBT:
                out[at] = np.nan

    def _whole(self, series: Ints, time: Ints, value: Floats, first: Bools) -> Bools:
        """Return which first samples are those of new series: their sender was heard before without them, and they were
        never stored."""
        unknown = np.zeros(len(series), np.int64)
        samples = Samples(
            series=series.astype(np.uint64),
            group=self.catalogue.sender[series],
            time_ns=time,
            start_ns=unknown,
            values=value[:, None],
            delta=np.zeros(len(series), bool),
        )
        out = newborn(samples, first)
        out &= value > 0  # a new series without events adds nothing, and need not be looked up
        if out.any():
            out[out] = ~self._known_before(series[out], int(time[out].min()))
        return out

    def _known_before(self, series: Ints, time_ns: int) -> Bools:
        """Return which of these series had counted anything earlier than the lookback before the time."""
        asked = series.tolist()
        found: set[int] = set()
        for at in range(0, len(asked), ASKED_AT_ONCE):
            some = " or ".join(_counted(self.catalogue.labels[one]) for one in asked[at : at + ASKED_AT_ONCE])
            points = self._api.instant(some, time_ns / NANO - LOOKBACK_SECONDS)
            found.update(self.catalogue.numbers([one.labels for one in points]).tolist())
        return np.array([one in found for one in asked], bool)


def _starts(times: Sequence[int], values: Sequence[float]) -> list[int]:
    """Return since when each sample counts: since the last zero that was inserted at the start of a process; 0 before
    the first."""
    out, start = [], 0
    for at, value in enumerate(values):
        if at and value == 0 and values[at - 1] > 0:
            start = times[at]
        out.append(start)
    return out


def _counted(labels: Mapping[str, str]) -> str:
    if native.MARK in labels:
        return native.native_counts(labels, KNOWN_BEFORE)
    of = ",".join(f"{name}={quoted(value)}" for name, value in labels.items())
    return f"last_over_time({{{of}}}[{KNOWN_BEFORE}]) > 0"


def _forgotten(memory: Memory, start_ns: int) -> Bools:
    """Return zeros of long ago: the start of a counter that has not counted since."""
    out: Bools = (memory.value == 0) & (start_ns - memory.time_ns > LOOKBACK_NS)
    return out


def _follow(flag: Bools, leads: Bools, histogram: Ints, time: Ints) -> None:
    """Flag what the count of its histogram is flagged for at the same time; series without a count at that time are
    left as they are."""
    if not leads.any():
        return
    times, rank = np.unique(time, return_inverse=True)
    place = histogram * len(times) + rank
    order = np.argsort(place[leads])
    known, said = place[leads][order], flag[leads][order]
    at = np.minimum(np.searchsorted(known, place), len(known) - 1)
    led = ~leads & (known[at] == place)
    flag[led] = said[at[led]]
