"""The engine's own detector over stored history, one step at a time as it runs live."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, nan
from typing import Final

import numpy as np

from aiops import detect
from aiops.backtest.alarms import Replayed, Seen
from aiops.backtest.followed import Followed
from aiops.detect import Floats
from aiops.model import Family, Finding, Labels, SeriesBlock, SeriesState, Window, names, value_of

FAMILIES: Final = (Family.ERRORS, Family.LATENCY, Family.TRAFFIC, Family.SILENCE)
EXPIRE_SECONDS: Final = 600.0
"""How often series that have been away for long are forgotten."""

Key = tuple[Labels, Family]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which series are judged; empty: all. `service` is one that serves, calls, or is called. `endpoint` is a route
    with or without its method: `/checkout` or `POST /checkout`; then nothing but requests is judged."""

    service: str = ""
    endpoint: str = ""

    def __bool__(self) -> bool:
        return bool(self.service or self.endpoint)

    def takes(self, series: Labels) -> bool:
        of = dict(series)
        roles = (of.get(names.SERVICE), of.get(names.CALLER), of.get(names.CALLEE))
        if self.service and self.service not in roles:
            return False
        route = of.get(names.ROUTE, "")
        return not self.endpoint or self.endpoint in (route, f"{of.get(names.METHOD, '')} {route}")


class Steps:
    """A replay of blocks that follow one another. `window` is what is told of; what comes before it is learned from.

    The detector is called for each step with the rows that have a sample in it, as it is when the engine keeps up: so
    how history is cut into blocks changes nothing.
    """

    def __init__(
        self, window: Window, step: float, choice: Choice | None = None, calendar: detect.Calendar | None = None
    ) -> None:
        self.services: set[str] = set()
        self._window = window
        self._step = step
        self._choice = choice or Choice()
        self._calendar = calendar or detect.Calendar()
        self._tuning = detect.Tuning()
        self._state = detect.State()
        self._followed: dict[Key, Followed] = {}
        self._told: set[Key] = set()
        self._stirred: set[Key] = set()
        self._expired = -inf

    def take(self, block: SeriesBlock) -> Iterator[detect.Outcome]:
        """Judge the next block, a step at a time; yields what the detector said of each."""
        self.services |= {value_of(one, names.SERVICE) for one in block.labels} - {""}
        rows = np.array([row for row, one in enumerate(block.labels) if self._choice.takes(one)], np.int64)
        for column, end in enumerate(block.ends):
            there = rows[~np.isnan(block.values[rows, column])]
            labels, values = tuple(block.labels[row] for row in there), block.values[there, column : column + 1]
            yield self._judge(SeriesBlock(labels, block.ends[column : column + 1], block.step, values), float(end))

    def results(self) -> tuple[Replayed, ...]:
        """What became of every series that had a point in the window."""
        every = (each.replayed(*key, self._window.end, self._step) for key, each in self._followed.items())
        return tuple(one for one in every if one.points or one.alarms)

    def _judge(self, block: SeriesBlock, at: float) -> detect.Outcome:
        traffic, silence = self._state.traffic.level.copy(), self._state.silence.rate.copy()
        outcome = detect.step(self._state, block, self._tuning, self._calendar)
        for one in outcome.verdicts:
            seen = Seen(at, one.score, one.observed, one.expected, one.lower, one.upper)
            self._of((one.series, one.family)).point(seen)
        self._count(block, at, traffic, silence)
        findings = {(one.series, one.family): one for one in outcome.findings}
        for key in findings.keys() | self._told:
            self._tell(key, at, findings.get(key))
        self._told = set(findings)
        self._live(at)
        if at - self._expired >= EXPIRE_SECONDS:
            detect.expire(self._state, at, self._tuning)
            self._expired = at
        return outcome

    def _count(self, block: SeriesBlock, at: float, traffic: Floats, silence: Floats) -> None:
        """Points of what the detector counts without a verdict: requests a second of each route, and signals of each
        service. What was expected is what had been learned before."""
        lived = self._state.traffic
        for series, row in lived.index.items():
            if lived.seen[row] == at:
                pace = max(float(lived.pace[row]), 1e-9)
                expected = float(traffic[row]) / pace if row < len(traffic) and lived.points[row] > 1 else nan
                seen = Seen(at, float(lived.score[row]), float(lived.ring[row, -1]) / pace, expected, nan, nan)
                self._of((series, Family.TRAFFIC)).point(seen)
        signals = dict(zip(*telemetry(block), strict=True))
        for series, row in self._state.silence.index.items():
            heard = signals.get(value_of(series, names.SERVICE))
            if heard is not None:
                expected = float(silence[row]) if row < len(silence) else nan
                score = float(self._state.silence.score[row])
                self._of((series, Family.SILENCE)).point(Seen(at, score, heard, expected, nan, nan))

    def _tell(self, key: Key, at: float, finding: Finding | None) -> None:
        followed = self._of(key)
        seen = followed.newest
        if seen is None or seen.at != at:
            values = (nan, nan, nan) if finding is None else (finding.score, finding.observed, finding.expected)
            seen = Seen(at, *values, nan, nan)
        followed.told(at, None if finding is None else finding.onset, seen)

    def _live(self, at: float) -> None:
        now: dict[Key, SeriesState] = {}
        for family in FAMILIES:
            lived = getattr(self._state, str(family))
            life = lived.life[: len(lived.index)]
            if life.any():
                series = list(lived.index)
                now |= {(series[row], family): SeriesState(int(life[row])) for row in np.flatnonzero(life)}
        for key in now.keys() | self._stirred:
            self._of(key).lives(at, now.get(key, SeriesState.NORMAL))
        self._stirred = set(now)

    def _of(self, key: Key) -> Followed:
        found = self._followed.get(key)
        if found is None:
            found = self._followed[key] = Followed(self._window.start + self._step, self._window.end)
        return found


def telemetry(block: SeriesBlock) -> tuple[list[str], list[float]]:
    """Services that were heard in a block of one step, and how many signals came from each."""
    rows = [row for row, one in enumerate(block.labels) if value_of(one, names.NAME) == names.TELEMETRY]
    return [value_of(block.labels[row], names.SERVICE) for row in rows], block.values[rows, 0].tolist()
