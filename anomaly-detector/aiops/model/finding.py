"""What the detector reports: a verdict on every point, and a finding while a series is in trouble."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import ClassVar

from aiops.model.series import Labels


class Family(str):
    """The name of a symptom family. The families that come with the engine have a constant here; a further family in
    `detect` defines its own name."""

    __slots__ = ()
    ERRORS: ClassVar["Family"]
    LATENCY: ClassVar["Family"]
    SILENCE: ClassVar["Family"]
    TRAFFIC: ClassVar["Family"]
    NO_TELEMETRY: ClassVar["Family"]


Family.ERRORS = Family("errors")
Family.LATENCY = Family("latency")
Family.SILENCE = Family("silence")
Family.TRAFFIC = Family("traffic")
Family.NO_TELEMETRY = Family("no_telemetry")


class SeriesState(IntEnum):
    """The state of a series. It learns without restriction in NORMAL only (docs/methods.md, Series state)."""

    NORMAL = 0
    SUSPECT = 1
    INCIDENT = 2
    RECOVERING = 3


class Tier(IntEnum):
    """Which model judged, depending on how much usable history there was (docs/methods.md, Tiers)."""

    WARMUP = 0
    DEFAULTS = 1
    LEVEL = 2
    DAY = 3
    WEEK = 4


class Sight(StrEnum):
    """What is known of a series that is in no trouble now. WELL: it was judged and is normal. UNJUDGED: it has not been
    judged yet. GONE: it has sent nothing for so long that it cannot be judged."""

    WELL = "well"
    UNJUDGED = "unjudged"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement on one series at one step. A score of 1 is the boundary; NaN where the step was not judged.

    Error shares and slow shares are ratios, latency is in seconds.
    """

    series: Labels
    family: Family
    at: float
    observed: float
    expected: float
    lower: float
    upper: float
    score: float
    confidence: float
    tier: Tier
    state: SeriesState


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A series that is in trouble now.

    `onset` is the end of the first abnormal step, `at` the end of the last step judged. `rising` is false once the
    series looks normal again but is still recovering. `observed` and `expected` describe the trouble since onset:
    ratios for errors, seconds for latency, signals per step for silence, requests per second for traffic. `bad` of
    `total` requests were bad since onset.
    """

    series: Labels
    family: Family
    onset: float
    at: float
    score: float
    observed: float
    expected: float
    bad: float
    total: float
    confidence: float
    rising: bool = True
