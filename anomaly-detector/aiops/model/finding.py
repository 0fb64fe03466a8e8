"""What the detector says: a verdict on every point, a finding while a series is in trouble."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from aiops.model.series import Labels


class Family(StrEnum):
    """What kind of symptom a series shows."""

    ERRORS = "errors"
    LATENCY = "latency"
    SILENCE = "silence"
    TRAFFIC = "traffic"
    NO_TELEMETRY = "no_telemetry"


class SeriesState(IntEnum):
    """Where a series is; only NORMAL learns freely (docs/methods.md, Series state)."""

    NORMAL = 0
    SUSPECT = 1
    INCIDENT = 2
    RECOVERING = 3


class Tier(IntEnum):
    """Which model judged, by how much usable history there was (docs/methods.md, Tiers)."""

    WARMUP = 0
    DEFAULTS = 1
    LEVEL = 2
    DAY = 3
    WEEK = 4


class Sight(StrEnum):
    """What is known of a series that is in no trouble now: it was judged and is WELL; it is not judged yet (UNJUDGED);
    or nothing has come for so long that it cannot be (GONE)."""

    WELL = "well"
    UNJUDGED = "unjudged"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on one series at one step. A score of 1 is the boundary; NaN where it was not judged.

    Errors and slow shares are ratios, latency is in seconds.
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
    life: SeriesState


@dataclass(frozen=True, slots=True)
class Finding:
    """A series that is in trouble now.

    `onset` is the end of the first step that looked wrong, `at` that of the last step judged, `rising` is false once
    it looks right again but is not trusted yet. `observed` and `expected` describe the trouble since onset: ratios
    for errors, seconds for latency, signals a step for silence, requests a second for traffic. `bad` of `total`
    requests were bad since onset.
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
