"""What the page of one incident draws."""

from dataclasses import dataclass

from aiops.model import Family, Hop, Impact, Labels, SeriesState, Slo, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedHistory:
    """A series over time, one entry a step: ratios for errors, seconds for latency; NaN where nothing is known."""

    series: Labels
    family: Family
    times: tuple[float, ...]
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    score: tuple[float, ...]
    states: tuple[SeriesState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRequests:
    """The requests of one route over a window; `seconds` is the sum of their durations."""

    service: str
    route: str
    method: str
    requests: float
    failed: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UserImpact:
    """Requests of users since the onset: `hit` are the routes with symptoms, `every` is the number of all requests of
    users. The window may begin later than the incident."""

    window: Window
    hit: tuple[ServedRequests, ...]
    every: float

    @property
    def requests(self) -> float:
        """Requests of the routes that are hit."""
        return sum(one.requests for one in self.hit)

    @property
    def failed(self) -> float:
        """Those that failed."""
        return sum(one.failed for one in self.hit)

    @property
    def seconds(self) -> float | None:
        """Their mean duration."""
        return sum(one.seconds for one in self.hit) / self.requests if self.requests else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentBudget:
    """An objective that an incident hits: about how many minutes of its budget were spent meanwhile, of how many in its
    whole period; None where the objective is not known any more."""

    impact: Impact
    slo: Slo | None
    minutes: float | None
    whole: float | None


@dataclass(frozen=True, slots=True)
class WatchedSlo:
    """An objective whose budget an incident does not spend. silent_since: since when none of its requests was counted,
    Unix seconds; None where they are."""

    name: str
    silent_since: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPicture:
    """hops: the chain from users to the cause. others: calls of other callers to the cause, the busiest first. watched:
    objectives of the services it hits that it does not hit. traffic: ends of steps and requests of users a second
    meanwhile. gaps: what could not be read, in words."""

    window: Window
    step: float
    cause: JudgedHistory | None = None
    hit: tuple[JudgedHistory, ...] = ()
    users: UserImpact | None = None
    hops: tuple[Hop, ...] = ()
    others: tuple[Hop, ...] = ()
    budgets: tuple[SpentBudget, ...] = ()
    watched: tuple[WatchedSlo, ...] = ()
    traffic: tuple[tuple[float, float], ...] = ()
    gaps: tuple[str, ...] = ()
