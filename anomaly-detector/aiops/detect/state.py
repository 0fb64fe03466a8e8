"""What the detector remembers: arrays over all series, advanced in place by `detect.step`.

Arrays grow by rows; every field is `(series,)` or `(series, ring)`. The longest window of `Tuning` sets the ring.
"""

from dataclasses import dataclass, field, fields

import numpy as np

from aiops.detect.rows import Floats, Ints, Rows, array
from aiops.detect.seasonality import WAYS, Seasonality
from aiops.detect.univariate.tails import Tails
from aiops.model import names

RING = 20
TROUBLES = 8
BUCKETS = len(names.DURATION_BOUNDS)


def _floats(ring: int = 0, fill: float = 0.0, evidence: bool = False) -> Floats:
    made: Floats = array(*([ring] if ring else []), fill=fill, evidence=evidence)
    return made


def _ints(evidence: bool = False) -> Ints:
    made: Ints = array(dtype=np.int64, evidence=evidence)
    return made


@dataclass(slots=True)
class Lived(Rows):
    """The life of each series: `life` and `tier` hold SeriesState and Tier numbers, times are Unix seconds.

    Some arrays are evidence of the present trouble, and go with it: see `clear`.
    """

    life: Ints = _ints(evidence=True)
    tier: Ints = _ints()
    points: Ints = _ints()
    hot: Ints = _ints(evidence=True)  # the last steps that scored >= 1, a bit each, newest lowest
    blazing: Ints = _ints(evidence=True)  # the last steps that scored >= 2 by themselves, likewise
    calm: Ints = _ints(evidence=True)  # calm steps in a row
    age: Ints = _ints(evidence=True)  # steps with a sample since onset, that one included
    idle: Ints = _ints(evidence=True)  # steps in a row in which its sender was heard, and had no request of it
    onset: Floats = _floats(fill=np.nan, evidence=True)
    seen: Floats = _floats(fill=np.nan)  # end of the last step with a sample
    score: Floats = _floats(fill=np.nan)
    trouble_bad: Floats = _floats(evidence=True)  # since onset
    trouble_total: Floats = _floats(evidence=True)
    trouble_seconds: Floats = _floats(evidence=True)

    def clear(self, rows: Ints) -> None:
        """End the trouble of these series without a trace: what it left behind is no evidence of a new one."""
        for one in fields(self):
            if one.metadata.get("evidence"):
                getattr(self, one.name)[rows] = one.metadata["fill"]


@dataclass(slots=True)
class ErrorState(Lived):
    """Errors as counts x of n. `bad` and `total` are decayed sums of normal life; rings hold the last steps."""

    bad: Floats = _floats()
    total: Floats = _floats()
    ring_bad: Floats = _floats(RING, evidence=True)
    ring_total: Floats = _floats(RING, evidence=True)
    quiet_bad: Floats = _floats(evidence=True)  # since no window had evidence
    quiet_total: Floats = _floats(evidence=True)


@dataclass(slots=True)
class Habitual(Lived):
    """Onsets of the last troubles, Unix seconds, and their local times, seconds since a Monday 00:00."""

    recurred: Floats = _floats(TROUBLES, fill=np.nan)
    recurred_local: Floats = _floats(TROUBLES, fill=np.nan)


@dataclass(slots=True)
class LatencyState(Habitual):
    """Mean latency on the log scale, and the share of requests above a learned bucket bound.

    level, scale: of log(mean seconds), what is expected next; levels: without what each way of the rhythm adds to it
    `(series, WAYS)`. tails: of residuals over scale. buckets: decayed counts of normal life per bucket of
    names.DURATION_BOUNDS (last: beyond). typical: decayed mean of requests a step, by which a thin step's residual is
    shrunk.
    """

    level: Floats = _floats()
    levels: Floats = _floats(WAYS)
    scale: Floats = _floats()
    rho: Floats = _floats()  # lag-1 autocorrelation of the standardised residual
    last_z: Floats = _floats()
    typical: Floats = _floats()
    buckets: Floats = _floats(BUCKETS + 1)
    rhythm: Seasonality = field(default_factory=Seasonality)
    tails: Tails = field(default_factory=lambda: Tails(1))
    peak: Floats = _floats()  # the largest residual over scale of a suspicion
    ring_log: Floats = _floats(RING)
    ring_z: Floats = _floats(RING, evidence=True)
    ring_total: Floats = _floats(RING, evidence=True)
    ring_seconds: Floats = _floats(RING, evidence=True)


@dataclass(slots=True)
class SilenceState(Lived):
    """Whether a service sends anything. gap: seconds without a signal now; longest: the longest such gap of normal
    life; called: requests that callers sent it during the gap; rate: decayed mean of signals a step; pace: decayed mean
    of the gaps between its signals, seconds."""

    gap: Floats = _floats()
    called: Floats = _floats()
    longest: Floats = _floats()
    rate: Floats = _floats()
    pace: Floats = _floats()


@dataclass(slots=True)
class TrafficState(Habitual):
    """How many requests a route gets: decayed mean and variance of a count; the rings hold the last counts
    and the least that was expected of them.

    level: what is expected of the next count; levels: without the factor that each way of the rhythm puts to it
    `(series, WAYS)`.
    born: when it was first watched, Unix seconds. pace: seconds between two counts, as its metrics are exported.
    """

    level: Floats = _floats()
    levels: Floats = _floats(WAYS)
    rhythm: Seasonality = field(default_factory=Seasonality)
    variance: Floats = _floats()
    born: Floats = _floats()
    pace: Floats = _floats()
    ring: Floats = _floats(RING)
    ring_level: Floats = _floats(RING)


@dataclass(slots=True)
class State:
    """All of it. `at` is the end of the last step judged; earlier points are never scored again."""

    at: float | None = None
    errors: ErrorState = field(default_factory=ErrorState)
    latency: LatencyState = field(default_factory=LatencyState)
    silence: SilenceState = field(default_factory=SilenceState)
    traffic: TrafficState = field(default_factory=TrafficState)
