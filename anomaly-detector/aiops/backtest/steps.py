"""The engine's own detector over stored history, one step at a time as it runs live."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, nan
from typing import Final

import numpy as np

from aiops import detect
from aiops.backtest.alarms import Replayed, Seen
from aiops.backtest.followed import Followed
from aiops.model import Family, Finding, Labels, SeriesBlock, SeriesState, Window, names, value_of
from aiops.model.arrays import Floats

EXPIRE_SECONDS: Final = 600.0
"""Seconds between two passes that forget series which have been silent for long."""

Key = tuple[Labels, Family]


@dataclass(frozen=True, slots=True)
class Choice:
    """The series to judge; empty: all. `service` serves, calls, or is called. `endpoint` is a route with or without its
    method: `/checkout` or `POST /checkout`; then nothing but requests is judged."""

    service: str = ""
    endpoint: str = ""

    def __bool__(self) -> bool:
        return bool(self.service or self.endpoint)

    def takes(self, series: Labels) -> bool:
        """Whether a series is to be judged."""
        of = dict(series)
        roles = (of.get(names.SERVICE), of.get(names.CALLER), of.get(names.CALLEE))
        if self.service and self.service not in roles:
            return False
        route = of.get(names.ROUTE, "")
        return not self.endpoint or self.endpoint in (route, f"{of.get(names.METHOD, '')} {route}")


class Steps:
    """A replay of blocks that follow one another. `window` is the time of the report; the time before it is only
    learned from.

    The detector is called for each step with the rows that have a sample in it, as in a live engine that keeps up. So
    it does not matter how history is cut into blocks.
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
        """Judge the next block, one step at a time; yields the outcome of each."""
        self.services |= {value_of(one, names.SERVICE) for one in block.labels} - {""}
        rows = np.array([row for row, one in enumerate(block.labels) if self._choice.takes(one)], np.int64)
        for column, end in enumerate(block.ends):
            there = rows[~np.isnan(block.values[rows, column])]
            labels, values = tuple(block.labels[row] for row in there), block.values[there, column : column + 1]
            yield self._judge(SeriesBlock(labels, block.ends[column : column + 1], block.step, values), float(end))

    def results(self) -> tuple[Replayed, ...]:
        """Return the outcome of every series that had a point in the window."""
        every = (each.replayed(*key, self._window.end, self._step) for key, each in self._followed.items())
        return tuple(one for one in every if one.points or one.alarms)

    def _judge(self, block: SeriesBlock, at: float) -> detect.Outcome:
        traffic = self._state.of(detect.TRAFFIC).level.copy()
        silence = self._state.of(detect.SILENCE).rate.copy()
        outcome = detect.step(self._state, block, self._tuning, self._calendar)
        for one in outcome.verdicts:
            seen = Seen(
                at=at, score=one.score, observed=one.observed, expected=one.expected, lower=one.lower, upper=one.upper
            )
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
        """Add the points that the detector counts without a verdict: requests per second of each route, and signals of
        each service. The expectation is the one learned before the step."""
        counts = self._state.of(detect.TRAFFIC)
        for series, row in counts.index.items():
            if counts.seen[row] == at:
                pace = max(float(counts.pace[row]), 1e-9)
                expected = float(traffic[row]) / pace if row < len(traffic) and counts.points[row] > 1 else nan
                seen = Seen(
                    at=at,
                    score=float(counts.score[row]),
                    observed=float(counts.ring[row, -1]) / pace,
                    expected=expected,
                    lower=nan,
                    upper=nan,
                )
                self._of((series, Family.TRAFFIC)).point(seen)
        signals = dict(zip(*telemetry(block), strict=True))
        quiet = self._state.of(detect.SILENCE)
        for series, row in quiet.index.items():
            heard = signals.get(value_of(series, names.SERVICE))
            if heard is not None:
                expected = float(silence[row]) if row < len(silence) else nan
                score = float(quiet.score[row])
                self._of((series, Family.SILENCE)).point(
                    Seen(at=at, score=score, observed=heard, expected=expected, lower=nan, upper=nan)
                )

    def _tell(self, key: Key, at: float, finding: Finding | None) -> None:
        followed = self._of(key)
        seen = followed.newest
        if seen is None or seen.at != at:
            score, observed, expected = (
                (nan, nan, nan) if finding is None else (finding.score, finding.observed, finding.expected)
            )
            seen = Seen(at=at, score=score, observed=observed, expected=expected, lower=nan, upper=nan)
        followed.told(at, None if finding is None else finding.onset, seen, self._step)

    def _live(self, at: float) -> None:
        now: dict[Key, SeriesState] = {}
        for family, tracked in self._state.families.items():
            status = tracked.status[: len(tracked.index)]
            if status.any():
                series = list(tracked.index)
                now |= {(series[row], family): SeriesState(int(status[row])) for row in np.flatnonzero(status)}
        for key in now.keys() | self._stirred:
            self._of(key).lives(at, now.get(key, SeriesState.NORMAL))
        self._stirred = set(now)

    def _of(self, key: Key) -> Followed:
        found = self._followed.get(key)
        if found is None:
            found = self._followed[key] = Followed(self._window.start + self._step, self._window.end)
        return found


def telemetry(block: SeriesBlock) -> tuple[list[str], list[float]]:
    """Return the services that were heard in a block of one step, and how many signals came from each."""
    rows = [row for row, one in enumerate(block.labels) if value_of(one, names.NAME) == names.TELEMETRY]
    return [value_of(block.labels[row], names.SERVICE) for row in rows], block.values[rows, 0].tolist()
