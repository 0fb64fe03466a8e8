"""What a new symptom family costs: one class, and its line in `FAMILIES`. From then on it makes incidents, is kept over
restarts, and is forgotten like any other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sources.otlp import Point, points

from aiops.detect import Tuning, families, series_state
from aiops.detect.families import SymptomFamily
from aiops.detect.inputs import Step
from aiops.detect.tracked import Tracked, float_field
from aiops.model import ConfirmationRule, Family, IncidentState, Selector, SeriesState, Tier, Verdict, names
from aiops.model.arrays import Floats

from .world import STEP, Export, Watched

QUEUE = "worker.queue.length"


@dataclass(slots=True)
class BacklogState(Tracked):
    """The decayed mean length of a service's queue."""

    length: Floats = float_field()  # noqa: RUF009 - a field made by a function is still a field
    now: Floats = float_field()  # noqa: RUF009


class Backlog(SymptomFamily[BacklogState]):
    """A queue is five times as long as usual."""

    name = Family("backlog")
    selectors = (Selector(QUEUE, (names.SERVICE,)),)

    def tracked(self) -> BacklogState:
        return BacklogState()

    def judge(self, tracked: BacklogState, step: Step, tuning: Tuning) -> list[Verdict]:
        series, values = step.metric(QUEUE)
        there = np.flatnonzero(~np.isnan(values))
        if not len(there):
            return []
        rows, length = tracked.rows([series[row] for row in there]), values[there]
        known = tracked.points[rows] >= tuning.defaults_points
        score = np.where(known, length / (5 * np.maximum(tracked.length[rows], 1.0)), np.nan)
        tracked.tier[rows] = np.where(known, Tier.LEVEL, Tier.WARMUP)
        tracked.now[rows] = length
        evidence = series_state.Evidence(
            score=score, fires=score >= 1.0, recovered=score < 0.5, calm_steps=tuning.recover_steps
        )
        series_state.advance(tracked, rows, step.at, step.seconds, evidence, tuning)
        gain = np.where(tracked.status[rows] == SeriesState.NORMAL, 1 / (tracked.points[rows] + 1), 0.0)
        tracked.length[rows] += gain * (length - tracked.length[rows])
        tracked.points[rows] += 1
        tracked.seen[rows] = step.at
        return []

    def observed(self, tracked: BacklogState, row: int, tuning: Tuning) -> tuple[float, float]:
        return float(tracked.now[row]), float(tracked.length[row])

    def rule(self, tuning: Tuning) -> ConfirmationRule:
        return ConfirmationRule(needed=1, of=1, calm=tuning.recover_steps, points=tuning.defaults_points)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(families, "FAMILIES", (*families.FAMILIES, Backlog()))
    one = Watched(tmp_path)
    yield one
    one.close()


def queue(length: float, at: float) -> Export:
    """What a worker tells of its queue in the step that begins at a time."""
    one = Point(at + STEP / 2, at, length, metric=QUEUE, unit="{task}", form="gauge", service="worker")
    return points(one)


def test_it_opens_an_incident_over_a_restart_and_resolves_it(watched: Watched) -> None:
    watched.play(30, lambda at: [queue(4, at)], every=3)
    assert watched.incidents() == []
    watched.engine = watched.started()
    watched.play(6, lambda at: [queue(40, at)])
    [incident] = watched.incidents()
    assert incident.symptoms == (((("service", "worker"),), "backlog"),)
    assert incident.affected_services == ("worker",)
    assert [one.text for one in incident.timeline if one.what == "anomaly"] == ["backlog of worker: 40 (expected 4)"]
    [finding] = watched.engine.last.findings if watched.engine.last else []
    assert (finding.observed, round(finding.expected, 3)) == (40, 4)
    watched.play(20, lambda at: [queue(4, at)], every=2)
    assert [one.state for one in watched.incidents()] == [IncidentState.RESOLVED]
