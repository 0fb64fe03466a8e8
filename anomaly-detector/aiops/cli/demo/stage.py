"""Shop and engine of a demo: started together, with a past at the pace of this machine."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click

from aiops import bootstrap, detect
from aiops.cli.demo.history import ShopHistory, memory_mb
from aiops.cli.demo.measuring import ENOUGH, durations, measured_requests
from aiops.cli.demo.shop import Shop, objectives
from aiops.config import Settings
from aiops.engine.objectives import Budgets
from aiops.model import Span, Window
from aiops.model.errors import StartError
from aiops.model.safe import visible
from aiops.presentation import numbers
from aiops.process import logs

BASELINE_POINTS = 24  # the tier LEVEL begins at 20
ROUTES = 8  # of the shop: four on the gateway, four on their services
STEP = 3.0
COLD_SECONDS = 2.0  # after which the services have served their first requests, which take longer
MOST_SPANS = 5000


class CannotShow(StartError):
    """The demo cannot run; the message is one sentence that says why."""


class Interrupted(Exception):
    """Ctrl-C was pressed."""


class Stage:
    """Shop and engine of one demo. history: seconds of the generated past. `stop` set interrupts every wait. policy: of
    actions, made from the address of the shop; None for none."""

    def __init__(
        self,
        folder: Path,
        offset: int,
        log_level: str,
        stop: threading.Event,
        history: float,
        policy: Callable[[str], str] | None = None,
    ) -> None:
        self.shop = Shop(f"http://127.0.0.1:{4318 + offset}", offset, folder / "shop.log")
        actions = "" if policy is None else str(_written(folder / "actions.yaml", policy(self.shop.gateway)))
        settings = Settings(
            actions_file=actions,
            objectives=str(_written(folder / "objectives.yaml", objectives())),
            port=8000 + offset,
            otlp_grpc_port=4317 + offset,
            otlp_http_port=4318 + offset,
            data_dir=folder,
            cycle_seconds=STEP,
            lateness_seconds=3.0,
            resolve_seconds=9.0,
            retention_hours=48.0 + history / 3600.0,
            memory_limit_mb=memory_mb(history),
            log_level=log_level,
        )
        logs.configure(log_level)
        self._folder, self._seconds = folder, history
        self._stop, self._started = stop, time.monotonic()
        self.engine = bootstrap.embedded(settings)

    def start(self) -> None:
        """Start engine and shop, generate the past, and learn what is normal. Raises CannotShow, Interrupted, and what
        starting raises."""
        self.engine.source.start()
        self.engine.serve()
        self.say(f"engine up           {self.engine.url}")
        self.shop.start()
        self.until("services starting", self.shop.ready, 60.0, "the shop did not come up")
        up = time.time()
        self.say(f"services up         5 services, load 8 requests/s at {self.shop.gateway}")
        self._remember(ShopHistory(self._seconds, up, STEP, self._measured(up + COLD_SECONDS)))
        self.engine.runner.start()  # only now: earlier it would have seen a gap between the past and the live shop
        self._learn()
        self.say("baseline learned    every route and edge has a model of its own")

    def close(self) -> None:
        """Stop shop and engine."""
        self.say("stopping")
        self.shop.stop()
        self.engine.stop()

    def say(self, text: str) -> None:
        """Print a line, with the seconds since the start."""
        click.echo(f"{time.monotonic() - self._started:6.1f} s  {visible(text)}")

    def wait(self, seconds: float) -> None:
        """Wait. Raises Interrupted."""
        if self._stop.wait(seconds):
            raise Interrupted

    def until(self, what: str, done: Callable[[], bool], seconds: float, otherwise: str | None) -> bool:
        """Wait until something is done; when time is up, return False, or raise CannotShow with `otherwise`."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                if otherwise is None:
                    return False
                raise CannotShow(f"{otherwise} within {seconds:.0f} s ({what})")
            self.wait(0.25)
        return True

    def _measured(self, since: float) -> Path:
        """Wait until the live shop has shown how long everything takes on this machine; returns a file of it."""

        def spans() -> list[Span]:
            return self.engine.source.traces.spans(Window(since, max(since, time.time())), MOST_SPANS)[0]

        self._count("measuring this machine", ENOUGH, lambda: measured_requests(durations(spans()), ROUTES))
        return _written(self._folder / "measured.json", json.dumps(durations(spans())))

    def _remember(self, past: ShopHistory) -> None:
        """Give the engine a past, which its pages call generated."""
        past.load(self.engine.source.store, lambda: self.wait(0.0))
        if isinstance(budgets := self.engine.use_cases.slos.budgets, Budgets):
            past.count(budgets, lambda: self.wait(0.0))
        self.engine.use_cases.generated_until = past.end
        self.say(f"past generated      {numbers.span_of_time(past.seconds)} of telemetry, as fast as this machine is")

    def _learn(self) -> None:
        """Wait until every latency series has enough points."""

        def points() -> int:
            latency = self.engine.use_cases.engine.state.of(detect.LATENCY)
            size = len(latency.index)
            return min(int(min(latency.points[:size], default=0)), BASELINE_POINTS) if size >= ROUTES else 0

        self._count("learning what is normal", BASELINE_POINTS, points)

    def _count(self, what: str, most: int, reached: Callable[[], int]) -> None:
        """Wait until `reached` is `most`, with a progress bar on a terminal. Raises CannotShow after four minutes."""
        deadline = time.monotonic() + 240.0
        with click.progressbar(length=most, label=f"          {what}", file=sys.stderr) as bar:
            seen = 0
            while seen < most:
                self.wait(0.5)
                now = reached()
                bar.update(now - seen)
                seen = now
                if time.monotonic() > deadline:
                    raise CannotShow(f"{what} took 240 s: is telemetry arriving? `--log-level info` says more")


def _written(file: Path, text: str) -> Path:
    """Write a file that only its owner may read."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    return file
