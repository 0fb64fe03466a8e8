"""What the page of an incident draws: series over time, who is hit, the way of the calls, budgets that were spent."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import numpy as np

from aiops.engine import Engine
from aiops.explain.measured import telling
from aiops.explain.way import entrances, way_to
from aiops.model import (
    Incident,
    IncidentEvidence,
    Labels,
    Selector,
    Window,
    labels,
    names,
    value_of,
)
from aiops.model.errors import SourceError, TooMuch
from aiops.service.picture.histories import histories, hit, worst
from aiops.service.picture.hops import chain_of, other_hops, others_of
from aiops.service.picture.objectives import spent, watched
from aiops.service.picture.shapes import IncidentPicture, ServedRequests, SpentBudget, UserImpact

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
PARTS: Final = 120
"""The most parts in which requests of users are counted."""
VERDICTS: Final = 60_000
RECENT: Final = 300.0
REQUEST: Final = (names.SERVICE, names.ROUTE, names.METHOD)
FEW: Final = 8
"""Services up to which each is asked for by itself."""


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
            window=shown_window(incident, now, step),
            step=step,
            budgets=self._budgets(incident, until),
            watched=tuple(watched(incident, self.engine.budgets.statuses, step)),
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
        others = others_of(root.cause, way, edges) if root is not None else []
        symptoms = worst(incident, evidence)
        calls = [labels(caller=one.caller, callee=one.callee) for one in (*way, *others)]
        chosen = telling(root.cause, incident.symptoms) if root is not None else next(iter(symptoms), None)
        wanted = {*calls, *(series for series, _ in symptoms[:READ]), *([chosen[0]] if chosen else [])}
        found = histories(self.engine.verdicts.of(sorted(wanted), bare.window, VERDICTS))
        known = {value_of(series, names.SERVICE) for series, _ in incident.symptoms} - {""}
        doors = sorted(entrances(around, known))
        users = self._users(incident, doors, lasted)
        return replace(
            bare,
            cause=found.get(chosen) if chosen else None,
            hit=hit(symptoms, chosen, found, lasted),
            users=users,
            traffic=self._traffic(doors, bare.window),
            hops=tuple(chain_of(incident, way, users, found, lasted)),
            others=tuple(other_hops(others, found, lasted)),
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
        troubled = {tuple((key, value_of(series, key)) for key in REQUEST) for series, _ in incident.symptoms}
        rows = [
            ServedRequests(
                **{key: dict(scope)[key] for key in REQUEST},
                requests=one[names.REQUESTS],
                failed=one[names.ERRORS],
                seconds=one[names.DURATION],
            )
            for scope, one in sorted(sums.items())
            if scope in troubled and one[names.REQUESTS] > 0
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
        return tuple(spent(one, known.get(one.slo), lasted) for one in incident.slo_impact)


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
