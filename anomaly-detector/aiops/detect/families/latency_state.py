"""What is remembered of a latency, and what comes in a step."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from aiops.detect.seasonality import WAYS, Seasonality
from aiops.detect.tracked import BUCKETS, RING, Recurring, float_field
from aiops.detect.tuning import Tuning
from aiops.detect.univariate.tails import Tails, begin
from aiops.model.arrays import Array, Floats, Ints


@dataclass(slots=True)
class LatencyState(Recurring):
    """Mean latency on the log scale, and the share of requests above a learned bucket bound.

    level, scale: of log(mean seconds), what is expected next. levels: the level without the offset of each kind of
    seasonality, `(series, WAYS)`. learned: the weight of the steps that the scale was learned from. tails: of residuals
    upwards, divided by scale. buckets: decayed counts of normal steps by bucket of names.DURATION_BOUNDS (last: beyond
    all bounds). typical: mean of requests per step; the residual of a step with fewer requests is shrunk by it.
    """

    level: Floats = float_field()
    levels: Floats = float_field(WAYS)
    scale: Floats = float_field()
    learned: Floats = float_field()
    rho: Floats = float_field()  # lag-1 autocorrelation of the standardised residual
    last_z: Floats = float_field()
    typical: Floats = float_field()
    buckets: Floats = float_field(BUCKETS + 1)
    seasonality: Seasonality = field(default_factory=Seasonality, metadata={"saved": "rhythm"})
    tails: Tails = field(default_factory=lambda: Tails(1), metadata={"saved": "extremes"})
    peak: Floats = float_field()  # the largest residual over scale of a suspicion
    ring_log: Floats = float_field(RING)
    ring_z: Floats = float_field(RING, evidence=True)
    ring_total: Floats = float_field(RING, evidence=True)
    ring_seconds: Floats = float_field(RING, evidence=True)
    ring_slow: Floats = float_field(RING, evidence=True)  # requests above the bound

    def inherit(self, older: Mapping[str, Array]) -> str:
        """Take over tails that never forgot, see `Tracked.inherit`: as values of now, no larger than what alarms. Its
        scale remembered a few minutes, so it says as little as first points."""
        size = len(self.index)
        if not self.points[:size].any() or self.learned[:size].any():
            return ""  # there is nothing, or it is of this release
        self.learned[:size] = np.where(self.points[:size] > 0, Tuning().scale_first, 0.0)
        if not {"tails.largest", "tails.count"} <= older.keys():
            return "the scale is learned further, the tail anew"
        values = older["tails.largest"].reshape(size, -1).astype(np.float64)
        count = older["tails.count"].reshape(size).astype(np.float64)
        begin(self.tails, np.arange(size), 0, np.minimum(values, np.log(Tuning().z_boundary)), count)
        return "scale and tail are learned further; the tail forgets from now on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Series that had requests in a step, `(rows,)` each.

    at, seconds: end (Unix seconds) and length of the step. local: local time of the service, seconds since Monday
    00:00. total: requests. spent: the sum of their durations, seconds. buckets: `(rows, BUCKETS + 1)`, NaN where not
    known.
    """

    rows: Ints
    at: float
    seconds: float
    local: Floats
    total: Floats
    spent: Floats
    buckets: Floats

    @property
    def log_mean(self) -> Floats:
        """The logarithm of the mean duration in seconds."""
        return np.log(np.maximum(self.spent / self.total, 1e-6))
