"""The traces that were read for each finding, and those to read next: the worst finding first, no trace twice."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from math import ceil
from typing import Final

from aiops import explain
from aiops.model import Finding, Labels, Population, Trace, Unread, Window
from aiops.model.errors import SourceError
from aiops.ports import TraceSource

log = logging.getLogger(__name__)

REFRESH: Final = 300.0
LATE: Final = 60.0
"""Seconds before the end of the last read in which more traces may have arrived since."""
NOT_YET: Final = "its traces have not been read yet"
PATIENCE: Final = 30.0
"""Seconds that a finding may wait for its turn before it is announced without its traces."""
SPREADS: Final = 2
"""Steps since its onset in which one trouble comes to show in all the series that it hits."""
NO_ANSWER: Final = "the store of traces did not answer"
REFUSED: Final = "the store of traces refused the question for them"

FindingKey = tuple[Labels, str, float]  # of a finding: its series, family and onset


@dataclass(slots=True)
class Reading:
    """What was read for one finding: bad traces up to `until`, good ones, any of the bad time (None: not read yet), and
    their attribution; read at `at` with the populations `asked`, the bad and the good one.

    Times are Unix seconds; `since` is when the finding was first seen. `failed` counts failed attempts.
    """

    since: float
    at: float = 0.0
    until: float = 0.0
    bad: list[Trace] = field(default_factory=list)
    good: list[Trace] | None = None
    beside: list[Trace] | None = None
    asked: tuple[Population, Population] | None = None
    says: explain.Attribution | None = None
    unread: str = NOT_YET
    failed: int = 0


@dataclass(slots=True)
class Readings:
    """The traces of all findings. They are read when a finding is new, and again after as long as it had lasted by
    then, or twice that where there were many traces, at most five minutes: the first answer is quick, later ones rest
    on more traces. Good traces, from before the finding, are read once.

    `gaps` says what could not be read in the last round, `down` whether the store did not answer, `idle` whether there
    was nothing to ask for.
    """

    traces: TraceSource
    step: float
    sample: int = explain.LIMIT
    gaps: list[str] = field(default_factory=list)
    down: bool = False
    idle: bool = True
    _of: dict[FindingKey, Reading] = field(default_factory=dict)

    def read(self, findings: Mapping[FindingKey, Finding], at: float, world: explain.KnownServices) -> None:
        """Read everything that is due at a time, in one call, and forget all other findings."""
        self.gaps, self.down = [], False
        self._of = {key: self._of.get(key) or Reading(at) for key in findings}
        asked = [
            (key, populations)
            for key in sorted(findings, key=lambda key: self._turn(key, findings[key]))
            if (populations := self._wanted(key, findings[key], at))
        ]
        self.idle = not asked
        if not asked:
            return
        answers = iter(self._ask([one for _, populations in asked for one in populations]))
        for key, populations in asked:
            drawn = {one: next(answers) for one in populations}
            try:
                self._take(key, findings[key], drawn, at, world)
            except Exception as error:  # one malformed trace must not suppress every incident
                log.exception("a finding could not be explained: %s", findings[key])
                self.gaps.append(f"a finding could not be explained: {error!r}")

    def attribution(self, key: FindingKey, finding: Finding) -> explain.Attribution:
        """Return what the traces show of a finding in its present form."""
        one = self._of.get(key)
        if one is None or one.says is None:
            can_be_read = explain.populations(finding, self.step, self.sample) is not None
            unread = one.unread if one and can_be_read else ""
            return explain.Attribution(finding=finding, votes=(), unread=unread, waits=unread == NOT_YET)
        return explain.refreshed(one.says, finding)

    def read_traces(self, key: FindingKey) -> tuple[float, explain.ReadTraces | None]:
        """Return when the traces of a finding were read last, and these traces; (0, None) where they were not."""
        one = self._of.get(key)
        if one is None or one.says is None or one.asked is None:
            return 0.0, None
        bad, good = one.asked
        return one.at, explain.ReadTraces(
            good_wanted=good, bad_wanted=bad, good=one.good or (), bad=one.bad, beside=one.beside or ()
        )

    def waits(self, finding: Finding, at: float) -> bool:
        """Whether more will soon be known of a finding: the turn of its traces comes, or, where there are none, what
        it hits shows in its callers' series too."""
        one = self._of.get((finding.series, str(finding.family), finding.onset))
        if one is None or explain.populations(finding, self.step, self.sample) is None:
            return False
        if one.says is None and one.unread == NOT_YET:
            return at - one.since < PATIENCE
        return (one.says is None or one.says.blind) and at - finding.onset < SPREADS * self.step

    def _turn(self, key: FindingKey, finding: Finding) -> tuple[bool, int, float, float, FindingKey]:
        """Return the sort key of a finding: new findings first, the worst of them first; findings that could not be
        read go last."""
        one = self._of[key]
        return one.says is not None, one.failed, one.at, -finding.score, key

    def _wanted(self, key: FindingKey, finding: Finding, at: float) -> list[Population]:
        """Return what to ask for now: the bad traces since the last time, and before them what is kept if only some of
        it is read: the good ones where they are not known, and any of the bad time."""
        one, pair = self._of[key], explain.populations(finding, self.step, self.sample)
        if pair is None:
            return []
        bad, good = pair
        if one.says is not None:
            # Where there were few traces, more of them are worth more.
            wait = max(self.step, one.at - finding.onset) * (1 if len(one.bad) < bad.limit / 2 else 2)
            if not finding.rising or at - one.at < min(REFRESH, wait) or bad.window.end <= one.until:
                return []
            start = max(bad.window.start, one.until - LATE)
            share = (bad.window.end - start) / max(bad.window.seconds, self.step)
            bad = replace(bad, window=Window(start, bad.window.end), limit=max(1, ceil(bad.limit * share)))
        beside = explain.beside(bad)
        known = one.beside is not None and (one.says is None or len(one.beside) >= pair[0].limit / 2)
        return [*([good] if one.good is None else []), *([beside] if beside and not known else []), bad]

    def _ask(self, wanted: Sequence[Population]) -> Sequence[list[Trace] | Unread]:
        try:
            drawn = self.traces.populations(wanted)
        except SourceError as error:
            drawn = [Unread(str(error), True) for _ in wanted]
        missing = [one for one in drawn if isinstance(one, Unread)]
        self.gaps += dict.fromkeys(one.why for one in missing if one.why)
        self.down = any(one.down for one in missing)
        return drawn

    def _take(
        self,
        key: FindingKey,
        finding: Finding,
        drawn: Mapping[Population, list[Trace] | Unread],
        at: float,
        world: explain.KnownServices,
    ) -> None:
        one, pair = self._of[key], explain.populations(finding, self.step, self.sample)
        assert pair is not None
        *known, asked = drawn
        for population in known:
            found = drawn[population]
            if isinstance(found, Unread):
                continue
            if population == pair[1]:
                one.good = found
            else:
                one.beside = _together(one.beside or [], found, pair[0].limit)
        missing = next((found for found in drawn.values() if isinstance(found, Unread)), None)
        bad = drawn[asked]
        if missing is not None or one.good is None or isinstance(bad, Unread):
            why = missing or Unread()
            one.failed += why.why != ""
            one.unread = NO_ANSWER if why.down else REFUSED if why.why else NOT_YET
            return
        one.bad = _together(one.bad, bad, pair[0].limit)
        one.says = explain.attribute(finding, pair[0], one.bad, one.good, world, one.beside or ())
        one.at, one.until, one.failed = at, asked.window.end, 0
        one.asked = replace(pair[0], window=Window(pair[0].window.start, asked.window.end)), pair[1]


def _together(before: Sequence[Trace], more: Sequence[Trace], limit: int) -> list[Trace]:
    """Join earlier and later traces, each once; beyond the limit some of the earlier ones are dropped."""
    later = {one.trace_id: one for one in more}
    earlier = sorted((one for one in before if one.trace_id not in later), key=lambda one: _hash(one.trace_id))
    return [*earlier[: max(0, limit - len(later))], *later.values()]


def _hash(trace_id: str) -> bytes:
    return blake2b(trace_id.encode(), digest_size=8).digest()
