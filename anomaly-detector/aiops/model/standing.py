"""How a family confirms a trouble, and where a series stands in that: what decides whether it alerts."""

from dataclasses import dataclass

from aiops.model.finding import Family, SeriesState, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationRule:
    """How a family confirms a trouble. A step is abnormal if it scores 1 or more.

    needed, of: so many of the last steps must be abnormal, the newest among them. alone: one step may confirm it, if it
    is abnormal by far. together: so may the last steps together, if none of them counts by itself. calm: so many steps
    in a row end it. points, seconds: a series is judged once it had requests in so many steps, and was watched for so
    long.
    """

    needed: int
    of: int
    calm: int
    points: int
    seconds: float = 0.0
    alone: bool = False
    together: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A series after its last step.

    at: the end of that step, `until`: of the last step of the engine, Unix seconds. onset: of its trouble, None without
    one. observed, expected: since the onset, in the unit of findings. abnormal: steps of the last `rule.of`. calm: calm
    steps in a row. points: steps with requests that it was judged by. watched: seconds since it was first heard.
    enough: the smallest value that would make a step like the last one abnormal by itself, None where that is not
    known, NaN where none would. young_seconds: the age from which on all evidence counts. absent_seconds: after so
    long without a sample it is not judged any more.
    """

    family: Family
    at: float
    until: float
    state: SeriesState
    tier: Tier
    score: float
    onset: float | None
    observed: float
    expected: float
    abnormal: int
    calm: int
    points: int
    watched: float
    enough: float | None
    rule: ConfirmationRule
    young_seconds: float
    absent_seconds: float
