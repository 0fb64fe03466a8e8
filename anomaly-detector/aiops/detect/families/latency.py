"""Latency: the mean on a log scale compared with a robust online level, and the share of slow requests as a count.

The level is an exponentially weighted mean of Huber-clipped residuals (Gelper, Fried & Croux 2010), started from the
median and MAD of the first points. Evidence is read over several windows with each step clipped, so that no single
outlier fires a long window (docs/methods.md, Evidence over windows). Slow requests count whatever the scale is, where
there are so many that chance is ruled out by far. Of a young series only overwhelming evidence counts.
"""

from collections.abc import Container

import numpy as np

from aiops.detect import series_state
from aiops.detect.families import scale as scales
from aiops.detect.families.family import CALL_LABELS, Adoptable, Band, heard, known, requests_ended, verdicts
from aiops.detect.families.latency_evidence import slow_scores, streams, windowed
from aiops.detect.families.latency_learning import adopt, heavy, learn, settle
from aiops.detect.families.latency_state import LatencyState, Sample
from aiops.detect.families.young import is_young, note_birth
from aiops.detect.inputs import Step
from aiops.detect.recurrence import recurs
from aiops.detect.series_state import Evidence
from aiops.detect.tuning import Tuning
from aiops.model import (
    ConfirmationRule,
    Expectation,
    Family,
    Labels,
    Selector,
    SeriesState,
    Tier,
    Verdict,
    names,
    value_of,
)
from aiops.model.arrays import Floats, Ints

TIERS = np.array([Tier.LEVEL, Tier.DAY, Tier.WEEK])
ALL_CLIPPED = 1.25
"""A score of windows that needs all of four steps beyond the clip. A score of 2 needs most of twenty."""


class Latency(Adoptable[LatencyState]):
    """Symptom family: requests to a route, or from one service to another, take longer than is normal."""

    name = Family.LATENCY
    selectors = (
        *(Selector(name) for name in (names.REQUESTS, names.DURATION, names.BUCKET)),
        *(Selector(name, CALL_LABELS) for name in (names.REQUESTS, names.DURATION)),
    )

    def tracked(self) -> LatencyState:
        """Return an empty state."""
        return LatencyState()

    def judge(self, tracked: LatencyState, step: Step, tuning: Tuning) -> list[Verdict]:
        """Judge one step of all series that had requests; see `SymptomFamily.judge`."""
        heard(tracked, step, np.flatnonzero((step.total > 0) & ~step.usual))
        chosen = np.flatnonzero((step.total > 0) & (step.spent > 0) & step.usual)
        if not len(chosen):
            return []
        scopes = [step.scopes[row] for row in chosen]
        sample = Sample(
            rows=tracked.rows(scopes),
            at=step.at,
            seconds=step.seconds,
            local=step.local[chosen],
            total=step.total[chosen],
            spent=step.spent[chosen],
            buckets=step.buckets[chosen],
        )
        band, mean = _judge(tracked, sample, tuning), sample.spent / sample.total
        return verdicts(self.name, tracked, scopes, sample.rows, step.ends(sample.rows), mean, band)

    def observed(self, tracked: LatencyState, row: int, tuning: Tuning) -> tuple[float, float]:
        """Return the mean duration since onset and the expected one, in seconds."""
        total = max(float(tracked.trouble_total[row]), 1.0)
        return float(tracked.trouble_seconds[row]) / total, float(np.exp(tracked.level[row]))

    def ended(self, tracked: LatencyState, step: Step, tuning: Tuning) -> list[Labels]:
        """End troubles whose requests have stopped; see `requests_ended`."""
        return requests_ended(tracked, step, tuning)

    def settled(self, tracked: LatencyState, step: Step, burning: Container[str], tuning: Tuning) -> list[Labels]:
        """Take latency that stays high as normal, unless an objective burns."""
        out = []
        for row, series in series_state.long_in_trouble(tracked, step.at, tuning.settle_seconds):
            burns = any(value_of(series, role) in burning for role in (names.SERVICE, names.CALLEE, names.CALLER))
            if not burns and tracked.status[row] == SeriesState.INCIDENT:
                settle(tracked, row, step.at, step.local_of(series), tuning)
                tracked.clear(np.array([row]))
                out.append(series)
        return out

    def expected(self, tracked: LatencyState, rows: Ints, tuning: Tuning) -> Band:
        """Return the expected mean duration and its bounds, in seconds."""
        return _band(tracked.points[rows], tracked.level[rows], scales.scale_of(tracked, rows, tuning), tuning)

    def adopt(self, tracked: LatencyState, row: int, tuning: Tuning) -> None:
        """Take the latency of the present trouble as normal from now on."""
        adopt(tracked, row, tuning)

    def expectation(self, tracked: LatencyState, row: int, tuning: Tuning) -> Expectation:
        """Return the expected duration of a request, in seconds."""
        band = self.expected(tracked, np.array([row]), tuning)
        return Expectation(*(known(float(one[0])) for one in (band.expected, band.lower, band.upper)))

    def rule(self, tuning: Tuning) -> ConfirmationRule:
        """Return how latency is confirmed."""
        return ConfirmationRule(
            needed=tuning.confirm_of,
            of=tuning.confirm_of + 1,
            calm=tuning.recover_steps,
            points=tuning.warmup_points,
            alone=True,
            together=True,
        )

    def patience(self, tuning: Tuning) -> float:
        """Return after how many seconds without a sample a series is forgotten."""
        return tuning.forget_seconds


def _judge(tracked: LatencyState, sample: Sample, tuning: Tuning) -> Band:
    """Score one step of these series, advance their states, then learn. Returns the expected means, in seconds."""
    rows, local, total, log_mean = sample.rows, sample.local, sample.total, sample.log_mean
    note_birth(tracked, rows, sample.at, sample.seconds)
    points, young = tracked.points[rows], is_young(tracked, rows, sample.at, tuning)
    early = points < tuning.defaults_points
    offsets, best = tracked.seasonality.offsets(rows, local), tracked.seasonality.best(rows)
    level = (tracked.levels[rows] + offsets)[np.arange(len(rows)), best]
    tracked.level[rows] = level
    # A quarter-hour with large residuals every day is judged with that wider scale; so is a series that has large
    # residuals now and then.
    rough = tracked.seasonality.roughness(rows, local)
    scale = np.maximum(scales.scale_of(tracked, rows, tuning), rough) * heavy(tracked, rows, sample.seconds, tuning)
    expected = np.exp(level)

    thin = scales.thinness(tracked, rows, total)
    _, late = tracked.seasonality.slack(rows, local, best)
    z = np.where(points > 0, (log_mean - level - late) / scale * thin, 0.0)
    series_state.push(tracked.ring_z, rows, np.clip(z, -tuning.z_clip, tuning.z_clip))
    series_state.push(tracked.ring_log, rows, log_mean)
    series_state.push(tracked.ring_total, rows, total)
    series_state.push(tracked.ring_seconds, rows, sample.spent)

    alone = z / tuning.z_boundary
    longer = windowed(tracked, rows, tuning)
    slow, sure = slow_scores(tracked, rows, sample.buckets, tuning)
    effect = np.maximum(tuning.latency_effect_seconds, tuning.latency_effect_ratio * expected)
    requests = tracked.ring_total[rows, -4:].sum(axis=1)
    recent = tracked.ring_seconds[rows, -4:].sum(axis=1) / np.maximum(requests, 1.0)
    felt_now = sample.spent / total - expected >= effect
    alone = np.where(felt_now, alone, np.minimum(alone, 0.99))
    longer = np.where(felt_now & (recent - expected >= effect), longer, np.minimum(longer, 0.99))
    slow = np.where(felt_now, slow, 0.0)
    sure = np.where(felt_now & (recent - expected >= effect), sure, 0.0)  # whatever the scale is

    score = np.maximum(np.maximum(alone, longer), np.maximum(np.minimum(slow, alone * 2), sure))
    many = requests >= tuning.young_requests
    mean = np.where(many, np.maximum(alone / 2, longer / ALL_CLIPPED), 0.0)
    mean = np.where(tracked.ring_total[rows].sum(axis=1) >= tuning.young_requests, np.maximum(mean, longer / 2), mean)
    told = ~young | (sure >= 1.0) | (mean >= 1.0) | (early & many)
    by_default = (np.exp(log_mean) > tuning.default_latency_factor * expected) & (z >= tuning.z_boundary)
    score = np.where(early, np.where(by_default, 1.0, 0.0), score)
    score = np.where((points < tuning.warmup_points) | streams(tracked, rows, log_mean, early, tuning), np.nan, score)
    tracked.tier[rows] = np.select(
        [points < tuning.warmup_points, young], [Tier.WARMUP, Tier.DEFAULTS], default=TIERS[best]
    )

    # Many slow requests in one step: a single outlier cannot cause that.
    blazing = ~early & (slow >= 2.0) & (alone >= 1.0)
    often = series_state.bits(tracked.hot[rows] << 1 | (score >= 1.0), tuning.confirm_of + 1) > tuning.confirm_of - 1
    fires = (longer >= 1.0) | (often & (score >= 1.0))
    recovered = z < tuning.z_boundary / 2
    recovered |= ~felt_now
    confirmed = np.where(early, often, fires)
    before, onset = tracked.status[rows], tracked.onset[rows]
    took = np.log(np.maximum(tracked.trouble_seconds[rows] / np.maximum(tracked.trouble_total[rows], 1.0), 1e-6))
    evidence = Evidence(
        score=score,
        blazing=blazing,
        fires=confirmed,
        recovered=recovered,
        calm_steps=tuning.recover_steps,
        told=told,
    )
    series_state.advance(tracked, rows, sample.at, sample.seconds, evidence, tuning)
    over = (before >= SeriesState.INCIDENT) & (tracked.status[rows] == SeriesState.NORMAL)
    for place in np.flatnonzero(over):
        excess = float(took[place] - level[place])
        if recurs(
            tracked, int(rows[place]), float(onset[place]), float(local[place]) - (sample.at - onset[place]), tuning
        ):
            # The same trouble came at this time on another of the last days, such as a batch job at night.
            tracked.seasonality.expect(int(rows[place]), sample.at, float(local[place]), float(onset[place]), excess)
    _account(tracked, rows, sample.spent, total)
    learn(tracked, sample, tuning)
    tracked.points[rows] += 1
    tracked.seen[rows] = sample.at
    return _band(points, level, scale / np.maximum(thin, 1e-9), tuning)


def _band(points: Ints, level: Floats, scale: Floats, tuning: Tuning) -> Band:
    """Return the expected mean latency of a step and its bounds, in seconds; NaN before the first point."""
    expected = np.exp(level)
    effect = np.maximum(tuning.latency_effect_seconds, tuning.latency_effect_ratio * expected)
    width = np.minimum(tuning.z_boundary * scale, 20.0)  # beyond e^20 a bound is useless, and exp overflows
    some = points > 0
    return Band(
        np.where(some, expected, np.nan),
        np.where(some, np.exp(level - width), np.nan),
        np.where(some, np.maximum(np.exp(level + width), expected + effect), np.nan),
    )


def _account(tracked: LatencyState, rows: Ints, seconds: Floats, total: Floats) -> None:
    counted = np.isin(tracked.status[rows], (SeriesState.SUSPECT, SeriesState.INCIDENT))
    tracked.trouble_seconds[rows] += np.where(counted, seconds, 0.0)
    tracked.trouble_total[rows] += np.where(counted, total, 0.0)
