"""Silence: a service that sent steadily and is still called sends no telemetry (docs/methods.md, Silence)."""

from dataclasses import dataclass

import numpy as np

from aiops.detect import series_state
from aiops.detect.families.family import CALL_LABELS, SymptomFamily
from aiops.detect.families.young import is_young, note_birth
from aiops.detect.inputs import Step
from aiops.detect.tracked import Tracked, float_field
from aiops.detect.tuning import Tuning
from aiops.model import ConfirmationRule, Family, Labels, Selector, SeriesState, Tier, Verdict, names
from aiops.model.arrays import Floats, Ints

PACE_OF = 20
"""The number of signals over which the usual gap between signals is averaged."""


@dataclass(slots=True)
class SilenceState(Tracked):
    """Whether a service sends anything. gap: seconds without a signal until now. longest: the longest such gap in
    normal operation. called: requests that callers sent to it during the gap. rate: decayed mean of signals per step.
    pace: decayed mean of the gaps between its signals, seconds."""

    gap: Floats = float_field()
    called: Floats = float_field()
    longest: Floats = float_field()
    rate: Floats = float_field()
    pace: Floats = float_field()


class Silence(SymptomFamily[SilenceState]):
    """Symptom family: a service stops sending telemetry."""

    name = Family.SILENCE
    selectors = (Selector(names.TELEMETRY, (names.SERVICE,)), Selector(names.REQUESTS, CALL_LABELS))

    def tracked(self) -> SilenceState:
        """Return an empty state."""
        return SilenceState()

    def judge(self, tracked: SilenceState, step: Step, tuning: Tuning) -> list[Verdict]:
        """Judge one step of all services whose telemetry is counted; returns no verdicts."""
        chosen = np.flatnonzero(~np.isnan(step.signals))
        if len(chosen):
            rows = tracked.rows([step.inputs.services[row] for row in chosen])
            _judge(tracked, rows, step.at, step.seconds, step.signals[chosen], step.called[chosen], tuning)
        return []

    def observed(self, tracked: SilenceState, row: int, tuning: Tuning) -> tuple[float, float]:
        """Return 0 and the usual number of signals per step."""
        return 0.0, float(tracked.rate[row])

    def rule(self, tuning: Tuning) -> ConfirmationRule:
        """Return how silence is confirmed: its boundary is a time already."""
        return ConfirmationRule(needed=1, of=1, calm=tuning.recover_steps, points=tuning.defaults_points)

    def enough(self, tracked: SilenceState, row: int, tuning: Tuning) -> float | None:
        """Return the seconds without a signal that would be abnormal."""
        usual = max(float(tracked.longest[row]), float(tracked.pace[row]))
        return min(max(3 * usual, tuning.silence_seconds), tuning.silence_most)

    def ended(self, tracked: SilenceState, step: Step, tuning: Tuning) -> list[Labels]:
        """End the silence of services that nobody calls any more."""
        chosen = np.flatnonzero(~np.isnan(step.signals))
        if not len(chosen):
            return []
        rows = tracked.rows([step.inputs.services[row] for row in chosen])
        apart = tracked.gap[rows] / np.maximum(tracked.called[rows], 1.0)
        idle = (step.signals[chosen] == 0) & (step.called[chosen] == 0)
        over = set(series_state.end_idle(tracked, rows, idle, apart, step.seconds, tuning))
        tracked.called[list(over)] = 0.0  # silence is judged again only after new calls
        places = zip(rows.tolist(), chosen.tolist(), strict=True)
        return [step.inputs.services[place] for row, place in places if row in over]


def _judge(
    tracked: SilenceState, rows: Ints, at: float, seconds: float, signals: Floats, called: Floats, tuning: Tuning
) -> None:
    """Judge one step of these services. signals: spans and points that they sent; called: requests sent to them.

    The boundary is three times the longest recent gap in which the service was called and nevertheless well, and at
    least three times the usual gap between its signals, limited to `silence_seconds` … `silence_most`. A service whose
    usual gap is half of that, such as one with long streams, is not judged. A call in this step is no evidence yet: the
    service may report it in the next step.
    """
    note_birth(tracked, rows, at, seconds)
    young = is_young(tracked, rows, at, tuning)
    silent = signals == 0
    before = tracked.gap[rows]
    gap = np.where(silent, before + seconds, 0.0)
    tracked.gap[rows] = gap
    missed = tracked.called[rows]
    tracked.called[rows] = np.where(silent, missed + called, 0.0)

    usual = np.maximum(tracked.longest[rows], tracked.pace[rows])
    boundary = np.clip(3 * usual, tuning.silence_seconds, tuning.silence_most)
    in_trouble = np.isin(tracked.status[rows], (SeriesState.INCIDENT, SeriesState.RECOVERING))
    steady = (tracked.points[rows] >= tuning.defaults_points) & (2 * tracked.pace[rows] <= tuning.silence_most)
    expected = steady & ((missed > 0) | in_trouble)
    score = np.where(expected & silent, gap / boundary, 0.0)
    told = ~young | (_overwhelming(tracked.rate[rows] * gap / seconds, missed, tuning) >= 1.0)
    score = np.where(steady, score, np.nan)
    tracked.tier[rows] = np.where(steady, np.where(young, Tier.DEFAULTS, Tier.LEVEL), Tier.WARMUP)

    evidence = series_state.Evidence(
        score=score, fires=score >= 1.0, recovered=~silent, calm_steps=tuning.recover_steps, told=told
    )
    series_state.advance(tracked, rows, at, seconds, evidence, tuning)
    normal = tracked.status[rows] == SeriesState.NORMAL
    tracked.trouble_total[rows] = np.where(normal, 0.0, tracked.called[rows])
    # The onset is the time of the last signal, not the time at which the boundary was reached.
    tracked.onset[rows] = np.where(~normal & ~in_trouble & silent, at - gap + seconds, tracked.onset[rows])

    back = normal & ~silent
    fading = tracked.longest[rows] * 0.5 ** (seconds / tuning.rate_half_life)
    tracked.longest[rows] = np.where(back & ~in_trouble & (missed > 0), np.maximum(fading, before), fading)
    gain = np.maximum(1.0 - 0.5 ** (seconds / tuning.half_life), 1.0 / (tracked.points[rows] + 1.0))
    tracked.rate[rows] += np.where(back, gain * (signals - tracked.rate[rows]), 0.0)
    counted = np.minimum(before, tuning.silence_most) - tracked.pace[rows]
    tracked.pace[rows] += np.where(back & ~in_trouble, counted / np.minimum(tracked.points[rows] + 1, PACE_OF), 0.0)
    tracked.points[rows] += np.where(silent, 0, 1)
    tracked.seen[rows] = at


def _overwhelming(missing: Floats, called: Floats, tuning: Tuning) -> Floats:
    """Return the score of a young service. missing: signals that should have come in the gap; called: requests that
    were sent to it meanwhile. Signals that come at random all stay away with a probability of exp(-missing)."""
    return np.where(called >= tuning.young_bad, missing / -np.log(tuning.young_false_alarm), 0.0)
