"""What happens in every run of the crash tests: normal life, a fault, an incident, normal life, resolved."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import requests
from made_up.notifying import to_all

from aiops.engine import Cycle
from aiops.model import Delivery, subject_name
from aiops.ports import Notifier

from .world import STEP, T0, World

FAULT = range(24, 29)
END = 37
TELEMETRY = "telemetry.duckdb"
TOLD, ALSO = "told", "told-2"
"""What the other ends of two channels got: one line each, on disk before `send` returns."""
STEP_FILE = "step"
"""The step that the world outside is in; it does not stop when the engine does."""


class Recorder(Notifier):
    """Somebody who writes down what they are told."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, one: Delivery) -> None:
        with self._path.open("a") as file:
            file.write(f"{subject_name(one.subject)} {one.transition}\n")
            file.flush()
            os.fsync(file.fileno())


@dataclass
class Run:
    """An engine started on the folder's files; it goes on from the step in which the last one ended."""

    folder: Path
    over_http: bool = False
    cycles: dict[int, Cycle] = field(default_factory=dict)

    def until(self, end: int, after: Callable[[int], object] = lambda _: None) -> "Run":
        """Live up to a step, then stop in good order; `after` is called after each while the engine lives."""
        step_file = self.folder / STEP_FILE
        start = int(step_file.read_text()) if step_file.exists() else 0
        world = World(self.folder, telemetry=TELEMETRY)
        if self.over_http:
            world.source.start()
        told = to_all(world.store, Recorder(self.folder / TOLD), Recorder(self.folder / ALSO))
        for step in range(start, end):
            step_file.write_text(str(step))
            world.clock.time = T0 + step * STEP
            world.failing = 0.9 if step in FAULT else 0.0
            if self.over_http:
                _post(world)
            else:
                world.send()
            world.clock.time += STEP
            self.cycles[step] = world.engine.cycle()
            told.round(world.clock.now())
            after(step)
        step_file.write_text(str(end))
        world.close()
        return self

    def when(self, transition: str) -> int:
        """The first step with such a transition."""
        return next(
            step for step, cycle in self.cycles.items() if any(one.transition == transition for one in cycle.events)
        )


def _post(world: World) -> None:
    url = f"http://127.0.0.1:{world.source.receivers.http_port}/v1/traces"
    body = world.requests().SerializeToString()
    with requests.post(url, body, headers={"Content-Type": "application/x-protobuf"}, timeout=10) as answer:
        answer.raise_for_status()
