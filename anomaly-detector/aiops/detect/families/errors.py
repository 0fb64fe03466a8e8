"""Errors: x bad of n requests compared with the normal ratio of the series, as counts (docs/methods.md, Counts)."""

from bisect import bisect_left
from dataclasses import dataclass
from math import nan

import numpy as np
from scipy.special import bdtr, betainc

from aiops.detect import series_state
from aiops.detect.families.family import CALL_LABELS, Band, SymptomFamily, requests_ended, verdicts
from aiops.detect.families.young import has_grown, is_young, note_birth, outweighed, overwhelming
from aiops.detect.inputs import Step
from aiops.detect.tracked import RING, Tracked, float_field
from aiops.detect.tuning import Tuning
from aiops.model import ConfirmationRule, Family, Labels, Selector, SeriesState, Tier, Verdict, names
from aiops.model.arrays import Bools, Floats, Ints


@dataclass(slots=True)
class ErrorState(Tracked):
    """Errors as counts, x bad of n. `bad` and `total` are decayed sums over normal steps; the rings hold the last
    steps."""

    bad: Floats = float_field()
    total: Floats = float_field()
    ring_bad: Floats = float_field(RING, evidence=True)
    ring_total: Floats = float_field(RING, evidence=True)
    quiet_bad: Floats = float_field(evidence=True)  # since a window last had evidence
    quiet_total: Floats = float_field(evidence=True)


class Errors(SymptomFamily[ErrorState]):
    """Symptom family: more requests fail than is normal for a route, or for the calls from one service to another."""

    name = Family.ERRORS
    selectors = (
        *(Selector(name) for name in (names.REQUESTS, names.ERRORS)),
        *(Selector(name, CALL_LABELS) for name in (names.REQUESTS, names.ERRORS)),
    )

    def tracked(self) -> ErrorState:
        """Return an empty state."""
        return ErrorState()

    def judge(self, tracked: ErrorState, step: Step, tuning: Tuning) -> list[Verdict]:
        """Judge one step of all series that had requests; see `SymptomFamily.judge`."""
        chosen = np.flatnonzero(step.total > 0)
        if not len(chosen):
            return []
        scopes = [step.scopes[row] for row in chosen]
        rows, total = tracked.rows(scopes), step.total[chosen]
        bad = np.minimum(step.bad[chosen], total)
        band = _judge(tracked, rows, step.at, step.seconds, bad, total, tuning)
        return verdicts(self.name, tracked, scopes, rows, step.ends(rows), bad / total, band)

    def observed(self, tracked: ErrorState, row: int, tuning: Tuning) -> tuple[float, float]:
        """Return the error ratio since onset, and the normal error ratio."""
        ratio = float(tracked.trouble_bad[row]) / max(float(tracked.trouble_total[row]), 1.0)
        return ratio, float(expected_ratio(tracked, np.array([row]), tuning)[0][0])

    def ended(self, tracked: ErrorState, step: Step, tuning: Tuning) -> list[Labels]:
        """End troubles whose requests have stopped; see `requests_ended`."""
        return requests_ended(tracked, step, tuning)

    def expected(self, tracked: ErrorState, rows: Ints, tuning: Tuning) -> Band:
        """Return the normal error ratio, with 0 as lower bound and its one-sided 95 % upper bound."""
        usual, upper = expected_ratio(tracked, rows, tuning)
        return Band(usual, np.zeros(len(rows)), upper)

    def rule(self, tuning: Tuning) -> ConfirmationRule:
        """Return how errors are confirmed."""
        return ConfirmationRule(
            needed=tuning.confirm_steps,
            of=tuning.confirm_of,
            calm=tuning.recover_errors_steps,
            points=tuning.warmup_points,
            alone=True,
        )

    def enough(self, tracked: ErrorState, row: int, tuning: Tuning) -> float | None:
        """Return the smallest error ratio that would be abnormal in one step with as many requests as the last one."""
        total = float(tracked.ring_total[row, -1])
        (usual,), (upper,) = expected_ratio(tracked, np.array([row]), tuning)
        if not total >= 1:
            return None

        def abnormal(bad: int) -> bool:
            if bad / total - usual < tuning.error_effect:
                return False
            return bool(tail_score(np.array([bad]), np.array([total]), np.array([upper]), tuning.false_alarm)[0] >= 1)

        bad = bisect_left(range(int(total) + 1), x=True, key=abnormal)
        return bad / total if bad <= total else nan


def expected_ratio(tracked: ErrorState, rows: Ints, tuning: Tuning) -> tuple[Floats, Floats]:
    """Return the normal bad ratio and its upper bound (one-sided 95 %), both shrunk to a prior of 1 % with the weight
    of 50 requests."""
    n = tracked.total[rows] + tuning.prior_total
    p = (tracked.bad[rows] + tuning.prior_bad) / n
    return p, np.minimum(1.0, p + 1.645 * np.sqrt(p * (1 - p) / n))


def tail_score(bad: Floats, total: Floats, ratio: Floats, false_alarm: float) -> Floats:
    """Return log P(X >= bad) / log(false_alarm) for X ~ Binomial(total, ratio): 1 at the boundary."""
    some = bad > 0
    tail = betainc(np.where(some, bad, 1.0), np.maximum(total - bad, 0.0) + 1.0, ratio)
    return np.where(some, np.log(np.maximum(tail, 1e-300)) / np.log(false_alarm), 0.0)


def _judge(
    tracked: ErrorState, rows: Ints, at: float, seconds: float, bad: Floats, total: Floats, tuning: Tuning
) -> Band:
    """Score one step of these series, advance their states, then learn. All series had a sample.

    Returns the expected ratio, with the upper bound of a normal ratio at this step's n.
    """
    note_birth(tracked, rows, at, seconds)
    young = is_young(tracked, rows, at, tuning)
    usual, upper = expected_ratio(tracked, rows, tuning)
    series_state.push(tracked.ring_bad, rows, bad)
    series_state.push(tracked.ring_total, rows, total)

    score, alone, sure = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows))
    for window in tuning.windows:
        x = tracked.ring_bad[rows, -window:].sum(axis=1)
        n = tracked.ring_total[rows, -window:].sum(axis=1)
        effect = x / np.maximum(n, 1.0) - usual >= tuning.error_effect
        one = np.where(effect, tail_score(x, n, upper, tuning.false_alarm), 0.0)
        score = np.maximum(score, one)
        sure = np.maximum(sure, overwhelming(one, x, tuning))
        if window == 1:
            alone = one

    points = tracked.points[rows]
    early = points < tuning.defaults_points
    recent_bad, recent = tracked.ring_bad[rows, -4:].sum(axis=1), tracked.ring_total[rows, -4:].sum(axis=1)
    by_default = (recent >= tuning.default_error_requests) & (recent_bad > tuning.default_error_ratio * recent)
    score = np.where(early, np.where(by_default, 1.0, 0.0), score)
    score = np.where(points < tuning.warmup_points, np.nan, score)
    tracked.tier[rows] = np.where(
        points < tuning.warmup_points, Tier.WARMUP, np.where(young, Tier.DEFAULTS, Tier.LEVEL)
    )

    quiet = ~(score >= 1.0)
    tracked.quiet_bad[rows] = np.where(quiet, tracked.quiet_bad[rows] + bad, 0.0)
    tracked.quiet_total[rows] = np.where(quiet, tracked.quiet_total[rows] + total, 0.0)
    # The longest window looks bad long after the trouble: once the trouble is ruled out, only this step counts.
    recovered = series_state.in_trouble(tracked, rows) & _recovered(tracked, rows, usual, tuning)
    score = np.where(recovered, np.minimum(score, alone), score)

    often = series_state.bits(tracked.hot[rows] << 1 | (score >= 1.0), tuning.confirm_of) >= tuning.confirm_steps
    fires = often & (bad > 0)  # a burst that is over does not fire because of its remains in the windows
    blazing = (alone >= 2.0) & ~early
    evidence = series_state.Evidence(
        score=score,
        blazing=blazing,
        fires=fires,
        recovered=recovered,
        calm_steps=tuning.recover_errors_steps,
        told=~young | (sure >= 1.0),
    )
    series_state.advance(tracked, rows, at, seconds, evidence, tuning)
    _account(tracked, rows, bad, total)
    most = outweighed(tracked.total[rows], has_grown(tracked, rows, at, tuning), tuning)
    tracked.bad[rows] *= most
    tracked.total[rows] *= most
    _learn(tracked, rows, seconds, bad, total, tuning)
    tracked.points[rows] += 1
    tracked.seen[rows] = at
    most = np.minimum(1.0, upper + 4.75 * np.sqrt(upper * (1 - upper) / np.maximum(total, 1.0)))
    return Band(usual, np.zeros(len(rows)), most)


def _recovered(tracked: ErrorState, rows: Ints, usual: Floats, tuning: Tuning) -> Bools:
    """Whether there were so few bad requests lately that half of the ratio during the trouble can be ruled out. Windows
    do not reach back before the onset: what happened before the trouble is no evidence of its end."""
    trouble = tracked.trouble_bad[rows] / np.maximum(tracked.trouble_total[rows], 1.0)
    halfway = np.clip(usual + (trouble - usual) / 2, 1e-9, 1.0)
    bad = np.cumsum(tracked.ring_bad[rows, ::-1], axis=1)
    total = np.cumsum(tracked.ring_total[rows, ::-1], axis=1)
    each, age = np.arange(len(rows)), np.clip(tracked.age[rows] + 1, 1, bad.shape[1])
    over = np.zeros(len(rows), dtype=bool)
    pairs = [(bad[each, np.minimum(w, age) - 1], total[each, np.minimum(w, age) - 1]) for w in (2, 4, 8, 20)]
    for x, n in [*pairs, (tracked.quiet_bad[rows], tracked.quiet_total[rows])]:
        over |= bdtr(x, np.maximum(n, x).astype(np.int64), halfway) <= tuning.recover_probability
    return over


def _account(tracked: ErrorState, rows: Ints, bad: Floats, total: Floats) -> None:
    """Add up the sums of the trouble itself. Clean steps after it are not counted: otherwise the trouble would seem
    ever milder, and the recovery ever harder to detect."""
    so_far = tracked.trouble_bad[rows] / np.maximum(tracked.trouble_total[rows], 1.0)
    lately = tracked.ring_bad[rows, -2:].sum(axis=1) / np.maximum(tracked.ring_total[rows, -2:].sum(axis=1), 1.0)
    counted = np.isin(tracked.status[rows], (SeriesState.SUSPECT, SeriesState.INCIDENT)) & (lately >= so_far / 2)
    tracked.trouble_bad[rows] += np.where(counted, bad, 0.0)
    tracked.trouble_total[rows] += np.where(counted, total, 0.0)


def _learn(tracked: ErrorState, rows: Ints, seconds: float, bad: Floats, total: Floats, tuning: Tuning) -> None:
    # A slow burn must not be learned as normal before its evidence is complete. A young series has to learn all the
    # same, but not that its first requests fail.
    young = (tracked.points[rows] < tuning.defaults_points) & (bad <= tuning.default_error_ratio * total)
    unsuspicious = (tracked.score[rows] < tuning.learn_below) | young
    learns = (tracked.status[rows] == SeriesState.NORMAL) & unsuspicious
    keep = np.where(learns, 0.5 ** (seconds / tuning.rate_half_life), 1.0)
    tracked.bad[rows] = tracked.bad[rows] * keep + np.where(learns, bad, 0.0)
    tracked.total[rows] = tracked.total[rows] * keep + np.where(learns, total, 0.0)
