"""One step of the whole detector: a block in, verdicts and findings out, the state advanced in place."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from aiops.detect import families, series_state
from aiops.detect.calendar import Calendar
from aiops.detect.families import SymptomFamily
from aiops.detect.families.family import CONFIDENCE
from aiops.detect.inputs import Inputs
from aiops.detect.state import State
from aiops.detect.tracked import Tracked
from aiops.detect.tuning import Tuning
from aiops.model import Family, Finding, Labels, Selector, SeriesBlock, SeriesState, Tier, Verdict

EVERYWHERE: Final = Calendar()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one call of `step`.

    findings: series in trouble at the end of the block. no_data: series whose trouble ended only because no data came
    for `Tuning.no_data_seconds`, or because their requests ended. settled: series whose trouble ended because it
    lasted, so that it is normal from now on. verdicts: one per series, family and step.
    """

    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    no_data: tuple[tuple[Labels, Family], ...] = ()
    settled: tuple[tuple[Labels, Family], ...] = ()


def family_selectors() -> tuple[Selector, ...]:
    """Return what a block must hold: everything that any family reads, once each."""
    return tuple(dict.fromkeys(one for family in families.FAMILIES for one in family.selectors))


def step(
    state: State,
    block: SeriesBlock,
    tuning: Tuning,
    calendar: Calendar = EVERYWHERE,
    burning: Container[str] = frozenset(),
) -> Outcome:
    """Judge every step of the block that the state has not judged yet, in order.

    calendar: the local time of services. burning: services whose objectives burn; high latency there is not taken as
    normal, however long it lasts. The verdict on a step depends on that step and earlier ones only. Steps at or before
    `state.at` are skipped, so that a replay changes nothing.
    """
    verdicts: list[Verdict] = []
    no_data: list[tuple[Labels, Family]] = []
    settled: list[tuple[Labels, Family]] = []
    for one in Inputs(block, calendar).steps(after=state.at):
        for family in families.FAMILIES:
            tracked = state.of(family)
            verdicts += family.judge(tracked, one, tuning)
            no_data += [(series, family.name) for series in family.ended(tracked, one, tuning)]
            settled += [(series, family.name) for series in family.settled(tracked, one, burning, tuning)]
            no_data += [(series, family.name) for series in series_state.end_absent(tracked, one.at, tuning)]
        state.at = one.at
    findings = [one for family in families.FAMILIES for one in _findings(family, state, tuning)]
    return Outcome(tuple(findings), tuple(verdicts), tuple(no_data), tuple(settled))


def rewind(state: State, at: float) -> None:
    """Go back to a time before the last step judged, because clocks were set back. What was learned stays, and troubles
    continue: an onset after `at` becomes `at`."""
    behind = 0.0 if state.at is None else max(state.at - at, 0.0)
    state.at = at
    for family in families.FAMILIES:
        family.rewind(state.of(family), at, behind)


def expire(state: State, at: float, tuning: Tuning) -> None:
    """Drop series that have been silent for long, so that memory is used only for series that are alive."""
    for family in families.FAMILIES:
        tracked = state.of(family)
        kept = [row for row in tracked.index.items() if not at - tracked.seen[row[1]] > family.patience(tuning)]
        if len(kept) < len(tracked.index):
            state.families[family.name] = tracked.keep([series for series, _ in kept])


def _findings(family: SymptomFamily[Any], state: State, tuning: Tuning) -> list[Finding]:
    tracked = state.of(family)
    troubled = np.flatnonzero(tracked.status[: len(tracked.index)] >= SeriesState.INCIDENT)
    order = list(tracked.index) if len(troubled) else []
    return [
        _finding(family.name, order[row], tracked, row, family.observed(tracked, row, tuning), state.at or 0.0)
        for row in troubled.tolist()
    ]


def _finding(
    family: Family, series: Labels, tracked: Tracked, row: int, observed: tuple[float, float], at: float
) -> Finding:
    return Finding(
        series=series,
        family=family,
        onset=float(tracked.onset[row]),
        at=at,
        score=float(tracked.score[row]),
        observed=observed[0],
        expected=observed[1],
        bad=float(tracked.trouble_bad[row]),
        total=max(float(tracked.trouble_total[row]), 1.0),
        confidence=CONFIDENCE[Tier(int(tracked.tier[row]))],
        rising=bool(tracked.status[row] == SeriesState.INCIDENT),
    )
