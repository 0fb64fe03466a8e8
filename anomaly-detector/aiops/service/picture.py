"""What the page of an incident draws: series over time, who is hit, the way of the calls, budgets that were spent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, isfinite
from typing import Final

import numpy as np

from aiops.engine import Engine
from aiops.explain.measured import telling
from aiops.explain.way import entrances, way_to
from aiops.model import (
    CauseKind,
    Edge,
    Family,
    Impact,
    Incident,
    IncidentEvidence,
    Labels,
    Selector,
    SeriesState,
    Slo,
    Verdict,
    Window,
    labels,
    names,
    value_of,
)
from aiops.model.errors import SourceError, TooMuch
from aiops.slo.rules import tiers

BEFORE: Final = (600.0, 1800.0)
"""Seconds that are shown before the onset: as long as the incident lasts, between these."""
AFTER: Final = 600.0
"""Seconds that are shown after the end."""
STEPS: Final = 1200
"""The most steps that are shown; of a longer incident these are the last ones."""
LONGEST: Final = 21_600.0
"""Seconds over which requests are counted at most."""
READ: Final = 12
"""The most symptoms whose series are read, the worst first."""
HIT: Final = 4
PARTS: Final = 120
"""The most parts in which requests of users are counted."""
VERDICTS: Final = 60_000
RECENT: Final = 300.0
REQUEST: Final = (names.SERVICE, names.ROUTE, names.METHOD)
FEW: Final = 8
"""Services up to which each is asked for by itself."""


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
class Hop:
    """Calls from one service to another; caller "" stands for users. failing: share of the calls; seconds: their mean
    duration; usual: both before the onset. None: not known. cause: the trouble is on this way itself."""

    caller: str
    callee: str
    failing: float | None
    seconds: float | None
    usual: tuple[float | None, float | None] = (None, None)
    cause: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentBudget:
    """An objective that an incident hits: about how many minutes of its budget were spent meanwhile, of how many in its
    whole period; None where the objective is not known any more."""

    impact: Impact
    slo: Slo | None
    minutes: float | None
    whole: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPicture:
    """traffic: ends of steps and requests of users a second meanwhile. gaps: what could not be read, in words."""

    window: Window
    step: float
    cause: JudgedHistory | None = None
    hit: tuple[JudgedHistory, ...] = ()
    users: UserImpact | None = None
    hops: tuple[Hop, ...] = ()
    budgets: tuple[SpentBudget, ...] = ()
    traffic: tuple[tuple[float, float], ...] = ()
    gaps: tuple[str, ...] = ()


@dataclass(slots=True)
class PictureService:
    """Reads what the page of one incident draws; its costs do not grow with the number of services or series. A source
    that does not answer is a gap of the picture."""

    engine: Engine

    def of(self, incident: Incident, evidence: IncidentEvidence | None) -> IncidentPicture:
        """Return the picture of an incident."""
        step = self.engine.pace.step
        now = max(self.engine.clock.now(), incident.onset)
        until = now if incident.resolved_at is None else min(now, incident.resolved_at)
        bare = IncidentPicture(
            window=shown_window(incident, now, step), step=step, budgets=self._budgets(incident, until)
        )
        try:
            return self._read(bare, incident, evidence, Window(incident.onset - step, max(until, incident.onset)))
        except (SourceError, TooMuch) as error:
            return replace(bare, gaps=(str(error),))

    def _read(
        self, bare: IncidentPicture, incident: Incident, evidence: IncidentEvidence | None, lasted: Window
    ) -> IncidentPicture:
        recent = Window(max(lasted.start, lasted.end - RECENT), lasted.end)
        if incident.resolved_at is not None:  # its end is calm
            recent = Window(lasted.start, min(lasted.end, lasted.start + RECENT))
        edges = self.engine.topology.edges(recent)
        around = [*edges, *self.engine.topology.edges(Window(lasted.start - RECENT, lasted.start))]
        root = incident.root_cause
        way = way_to(root.cause, edges, incident.affected_services) if root is not None else ()
        symptoms = _worst(incident, evidence)
        calls = [labels(caller=one.caller, callee=one.callee) for one in way]
        chosen = telling(root.cause, incident.symptoms) if root is not None else next(iter(symptoms), None)
        wanted = {*calls, *(series for series, _ in symptoms[:READ]), *([chosen[0]] if chosen else [])}
        found = _histories(self.engine.verdicts.of(sorted(wanted), bare.window, VERDICTS))
        known = {value_of(series, names.SERVICE) for series, _ in incident.symptoms} - {""}
        doors = sorted(entrances(around, known))
        users = self._users(incident, doors, lasted)
        return replace(
            bare,
            cause=found.get(chosen) if chosen else None,
            hit=_hit(symptoms, chosen, found, lasted),
            users=users,
            traffic=self._traffic(doors, bare.window),
            hops=tuple(_hops(incident, way, users, found, lasted)),
        )

    def _users(self, incident: Incident, doors: Sequence[str], lasted: Window) -> UserImpact | None:
        """Count the requests of users since the onset, as far back as LONGEST; None where no entrance is known."""
        window = Window(max(lasted.start, lasted.end - LONGEST), lasted.end)
        if not doors or window.seconds <= 0:
            return None
        block = self.engine.metrics.window(
            _asked(doors, names.REQUESTS, names.ERRORS, names.DURATION), window, window.seconds
        )
        sums: dict[Labels, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for series, total in zip(block.labels, np.nansum(block.values, axis=1).tolist(), strict=True):
            if value_of(series, names.SERVICE) in doors:
                sums[tuple((key, value_of(series, key)) for key in REQUEST)][value_of(series, names.NAME)] += total
        hit = {tuple((key, value_of(series, key)) for key in REQUEST) for series, _ in incident.symptoms}
        rows = [
            ServedRequests(
                **{key: dict(scope)[key] for key in REQUEST},
                requests=one[names.REQUESTS],
                failed=one[names.ERRORS],
                seconds=one[names.DURATION],
            )
            for scope, one in sorted(sums.items())
            if scope in hit and one[names.REQUESTS] > 0
        ]
        rows.sort(key=lambda one: (-one.failed, -one.requests, one.service, one.route))
        return UserImpact(window=window, hit=tuple(rows), every=sum(one[names.REQUESTS] for one in sums.values()))

    def _traffic(self, doors: Sequence[str], window: Window) -> tuple[tuple[float, float], ...]:
        """Return the requests of users a second over a window, in at most PARTS parts."""
        step = self.engine.pace.step
        step *= max(1, ceil(window.seconds / step / PARTS))
        end = self.engine.metrics.complete_until()
        parts = int((min(window.end, window.end if end is None else end) - window.start) // step)
        if not doors or parts < 1:
            return ()
        shown = Window(window.start, window.start + parts * step)
        block = self.engine.metrics.window(_asked(doors, names.REQUESTS), shown, step)
        rows = [row for row, one in enumerate(block.labels) if value_of(one, names.SERVICE) in doors]
        sums = np.nansum(block.values[rows], axis=0) / step
        return tuple(zip(block.ends.tolist(), sums.tolist(), strict=True))

    def _budgets(self, incident: Incident, until: float) -> tuple[SpentBudget, ...]:
        known = {one.name: one for one in self.engine.budgets.objectives.slos}
        lasted = max(until - incident.onset, 0.0)
        return tuple(_spent(one, known.get(one.slo), lasted) for one in incident.slo_impact)


def _asked(doors: Sequence[str], *signals: str) -> list[Selector]:
    """Ask for signals of these services, or of all where they are many."""
    alone: list[Labels] = [((names.SERVICE, one),) for one in doors] if len(doors) <= FEW else [()]
    return [Selector(signal, REQUEST, where) for where in alone for signal in signals]


def shown_window(incident: Incident, now: float, step: float) -> Window:
    """Return the time that charts show: from some time before the onset until now, or some time after the end."""
    end = now if incident.resolved_at is None else min(now, incident.resolved_at + AFTER)
    end = max(end, incident.onset + step)
    least, most = BEFORE
    before = min(max(end - incident.onset, least), most)
    return Window(max(incident.onset - before, end - STEPS * step), end)


def _spent(impact: Impact, slo: Slo | None, lasted: float) -> SpentBudget:
    """At a burn rate of 1, the budget of a period is spent in the period."""
    if slo is None:
        return SpentBudget(impact=impact, slo=None, minutes=None, whole=None)
    allowed = float(slo.allowed) / 60
    whole = tiers.seconds(slo.period) * allowed
    return SpentBudget(impact=impact, slo=slo, minutes=impact.burn_rate * lasted * allowed, whole=whole)


def _worst(incident: Incident, evidence: IncidentEvidence | None) -> list[tuple[Labels, str]]:
    """The symptoms of an incident, the worst known ones first."""
    measured = [(one.series, one.family) for one in evidence.symptoms] if evidence is not None else []
    return list(dict.fromkeys([*(one for one in measured if one in incident.symptoms), *incident.symptoms]))


def _histories(verdicts: Iterable[Verdict]) -> dict[tuple[Labels, str], JudgedHistory]:
    """Put verdicts, by time, together by series and family."""
    found: dict[tuple[Labels, str], list[Verdict]] = defaultdict(list)
    for one in verdicts:
        found[one.series, str(one.family)].append(one)
    return {
        key: JudgedHistory(
            series=key[0],
            family=Family(key[1]),
            times=tuple(one.at for one in some),
            observed=tuple(one.observed for one in some),
            expected=tuple(one.expected for one in some),
            lower=tuple(one.lower for one in some),
            upper=tuple(one.upper for one in some),
            score=tuple(one.score for one in some),
            states=tuple(one.state for one in some),
        )
        for key, some in found.items()
    }


def _hit(
    symptoms: Sequence[tuple[Labels, str]],
    chosen: tuple[Labels, str] | None,
    found: Mapping[tuple[Labels, str], JudgedHistory],
    lasted: Window,
) -> tuple[JudgedHistory, ...]:
    """The series that suffer beside the cause's, the worst first, one of a place: requests that services serve, or
    calls where there are none."""
    known = [found[one] for one in symptoms if one in found and one != chosen]
    served = [one for one in known if not value_of(one.series, names.CALLER)]
    ranked = sorted(served or known, key=lambda one: (-_score(one, lasted), one.series, one.family))
    shown = chosen[0] if chosen else ()
    places: dict[Labels, JudgedHistory] = {}
    for one in ranked:
        if one.series != shown:
            places.setdefault(one.series, one)
    return tuple(places.values())[:HIT]


def _score(of: JudgedHistory, lasted: Window) -> float:
    scores = [
        score
        for at, score in zip(of.times, of.score, strict=True)
        if lasted.start < at <= lasted.end and isfinite(score)
    ]
    return sum(scores) / len(scores) if scores else 0.0


def _hops(
    incident: Incident,
    way: Sequence[Edge],
    users: UserImpact | None,
    found: Mapping[tuple[Labels, str], JudgedHistory],
    lasted: Window,
) -> Iterable[Hop]:
    """The chain from users to the cause, as far as it is known."""
    if incident.root_cause is None:
        return
    cause = incident.root_cause.cause
    door = way[0].caller if way else cause.service
    mine = [one for one in users.hit if one.service == door] if users is not None else []
    requests = sum(one.requests for one in mine)
    if requests:
        most = max(mine, key=lambda one: one.requests)
        yield Hop(
            caller="",
            callee=door,
            failing=sum(one.failed for one in mine) / requests,
            seconds=sum(one.seconds for one in mine) / requests,
            usual=_usual(labels(service=most.service, route=most.route, method=most.method), found, lasted),
        )
    for one in way:
        between = cause.kind == CauseKind.NETWORK and cause.service == one.callee
        yield Hop(
            caller=one.caller,
            callee=one.callee,
            failing=one.error_ratio,
            seconds=one.latency,
            usual=_usual(labels(caller=one.caller, callee=one.callee), found, lasted),
            cause=between and cause.caller in ("", one.caller),
        )


def _usual(
    series: Labels, found: Mapping[tuple[Labels, str], JudgedHistory], lasted: Window
) -> tuple[float | None, float | None]:
    """The share of failures and the seconds that were expected when the trouble began; None where nothing is known."""
    return _expected(found.get((series, Family.ERRORS)), lasted), _expected(found.get((series, Family.LATENCY)), lasted)


def _expected(of: JudgedHistory | None, lasted: Window) -> float | None:
    if of is None:
        return None
    known = [(at, value) for at, value in zip(of.times, of.expected, strict=True) if isfinite(value)]
    before = [value for at, value in known if at <= lasted.start]
    return before[-1] if before else known[0][1] if known else None
