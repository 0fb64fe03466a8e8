"""`aiops demo`: start, learn, break, explain, clear, resolve; one line for each, with how long it took."""

import signal
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path

import click

from aiops import bootstrap, detect
from aiops.cli.demo.history import ShopHistory, memory_mb
from aiops.cli.demo.judge import DemoResult, compare
from aiops.cli.demo.shop import DemoScenario, NoShop, Shop, demo_scenarios, objectives
from aiops.config import Settings
from aiops.engine.objectives import Budgets
from aiops.model import Incident
from aiops.model.errors import SourceError, StartError, StoreError
from aiops.model.safe import visible
from aiops.presentation.incident import incident_document
from aiops.process import logs

BASELINE_POINTS = 24  # the tier LEVEL begins at 20
ROUTES = 8  # of the shop: four on the gateway, four on their services
FOUND_WITHIN = 90.0
RESOLVED_WITHIN = 180.0
STEP = 3.0
QUIET_SECONDS = 60.0
SHOWN_FOR = 12.0  # seconds that the fault stays after it was found, so that the page can be read


class CannotShow(StartError):
    """The demo cannot run; the message is one sentence that says why."""


class Interrupted(Exception):
    """Ctrl-C was pressed."""


def run(
    name: str, exit_when_resolved: bool, browser: bool, port_offset: int, log_level: str, history: float = 0.0
) -> bool:
    """Show one scenario, after so many seconds of generated history; returns whether cause and resolution were right.

    Raises CannotShow.
    """
    try:
        known = demo_scenarios()
    except NoShop as error:
        raise CannotShow(str(error)) from None
    if name == "list":
        for one in known.values():
            click.echo(f"{one.name:<20} {one.title}")
        return True
    if name not in known:
        raise CannotShow(f"there is no scenario {name!r} that can be shown in minutes; there are {', '.join(known)}")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="aiops-demo-", ignore_cleanup_errors=True) as folder:
        stage = None
        try:
            stage = Stage(Path(folder), port_offset, log_level, stop, history)
            stage.start()
            right = stage.play(known[name], browser)
            if not exit_when_resolved:
                stage.stay()
            return right
        except Interrupted:
            return False
        except (bootstrap.CannotStart, NoShop, SourceError, StoreError) as error:
            # Raised below, without the frames of this error, which would keep the engine alive to the very end.
            failure = str(error)
        finally:
            if stage is not None:
                stage.close()
    raise CannotShow(failure)


class Stage:
    """Shop and engine of one demo."""

    def __init__(self, folder: Path, offset: int, log_level: str, stop: threading.Event, history: float = 0.0) -> None:
        promised = folder / "objectives.yaml"
        promised.write_text(objectives(), encoding="utf-8")
        settings = Settings(
            objectives=str(promised),
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
        self._stop, self._started = stop, time.monotonic()
        self._engine = bootstrap.embedded(settings)
        self._shop = Shop(f"http://127.0.0.1:{4318 + offset}", offset, folder / "shop.log")
        self._history = ShopHistory(history, STEP) if history else None

    def start(self) -> None:
        """Load history, start engine and shop, and wait until normal behaviour is learned."""
        if self._history is not None:
            self._say(self._history.distant(self._engine.source.store, lambda: self._wait(0.0)))
            if isinstance(budgets := self._engine.use_cases.slos.budgets, Budgets):
                self._history.counted(budgets, lambda: self._wait(0.0))
        self._engine.source.start()
        self._engine.serve()
        self._say(f"engine up           {self._engine.url}")
        self._shop.start()
        self._until("services starting", self._shop.ready, 60.0, "the shop did not come up")
        self._say(f"services up         5 services, load 8 requests/s at {self._shop.gateway}")
        if self._history is not None:
            self._history.recent(self._engine.source.store, lambda: self._wait(0.0))
        self._engine.runner.start()  # only now: earlier it would have seen a gap between history and the live shop
        self._learn()
        self._say("baseline learned    every route and edge has a model of its own")

    def play(self, scenario: DemoScenario, browser: bool) -> bool:
        """Inject the faults, wait for the incident and its resolution; returns whether both were right."""
        self._say(f"fault injected      {scenario.title}")
        injected = time.monotonic()
        self._shop.inject(scenario)
        if not scenario.truth:
            return self._quiet(injected)
        verdict = self._found(scenario, injected)
        if browser:
            self._open(verdict)
        self._wait(SHOWN_FOR)
        self._shop.clear()
        cleared = time.monotonic()
        self._say("fault cleared")
        over = self._until("watching it recover", lambda: not self._active(), RESOLVED_WITHIN, None)
        if over:
            self._say(f"resolved            {time.monotonic() - cleared:.0f} s after the clear, by itself")
        else:
            self._say(f"NOT resolved        {RESOLVED_WITHIN:.0f} s after the clear")
        # All incidents since the fault count, including a second one during recovery.
        everything = [incident_document(one).model_dump() for one in self._engine.store.page(limit=200)[0]]
        verdict = compare(scenario.truth, everything)
        right = verdict.perfect and over
        self._say("cause and resolution were right" if right else f"NOT right: {_why(verdict)}")
        return right

    def stay(self) -> None:
        """Keep everything running until Ctrl-C."""
        click.echo(f"\nIt all keeps running: {self._engine.url}  (Ctrl-C stops it). Break something yourself:")
        click.echo(f"  curl -X POST '{self._shop.gateway}/simulate/delay?endpoint=/inventory&duration=1500'")
        click.echo(f"  curl -X POST '{self._shop.gateway}/simulate/error?endpoint=/products&rate=0.5'")
        click.echo(f"  curl -X POST '{self._shop.gateway}/simulate/clear'")
        self._stop.wait()

    def close(self) -> None:
        """Stop shop and engine."""
        self._say("stopping")
        self._shop.stop()
        self._engine.stop()

    def _learn(self) -> None:
        """Wait until every latency series has enough points, with a progress bar on a terminal."""

        def points() -> int:
            latency = self._engine.use_cases.engine.state.of(detect.LATENCY)
            size = len(latency.index)
            return min(int(min(latency.points[:size], default=0)), BASELINE_POINTS) if size >= ROUTES else 0

        with click.progressbar(
            length=BASELINE_POINTS, label="          learning what is normal", file=sys.stderr
        ) as bar:
            seen = 0
            deadline = time.monotonic() + 240.0
            while seen < BASELINE_POINTS:
                self._wait(0.5)
                now = points()
                bar.update(now - seen)
                seen = now
                if time.monotonic() > deadline:
                    raise CannotShow("no baseline after 240 s: is telemetry arriving? `--log-level info` says more")

    def _found(self, scenario: DemoScenario, injected: float) -> DemoResult:
        """Print each incident when it is found, until all are right or time is up."""
        said: dict[str, str] = {}
        deadline = injected + FOUND_WITHIN
        while True:
            active = self._active()
            for one in active:
                if one.key not in said:
                    self._say(f"incident found      after {time.monotonic() - injected:.0f} s")
                if said.get(one.key) != one.title:
                    said[one.key] = one.title
                    _describe(one, self._engine.url)
            verdict = self._judged(scenario)
            if verdict.perfect or time.monotonic() > deadline:
                return verdict
            self._wait(0.5)

    def _quiet(self, since: float) -> bool:
        self._until("watching for false alarms", lambda: bool(self._active()), QUIET_SECONDS, None)
        self._shop.clear()
        self._until("watching its end", lambda: bool(self._active()), QUIET_SECONDS / 2, None)
        right = not self._engine.store.page(limit=1)[0]
        self._say(
            "no incident, as it should be"
            if right
            else f"NOT right: an incident after {time.monotonic() - since:.0f} s"
        )
        return right

    def _active(self) -> list[Incident]:
        return self._engine.store.active()

    def _judged(self, scenario: DemoScenario) -> DemoResult:
        return compare(scenario.truth, [incident_document(one).model_dump() for one in self._active()])

    def _until(self, what: str, done: Callable[[], bool], seconds: float, otherwise: str | None) -> bool:
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                if otherwise is None:
                    return False
                raise CannotShow(f"{otherwise} within {seconds:.0f} s ({what})")
            self._wait(0.25)
        return True

    def _wait(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Interrupted

    def _say(self, text: str) -> None:
        click.echo(f"{time.monotonic() - self._started:6.1f} s  {visible(text)}")

    def _open(self, verdict: DemoResult) -> None:
        if sys.stdout.isatty() and verdict.right:
            webbrowser.open(f"{self._engine.url}/incidents/{verdict.right[0][1]['id']}")


def _describe(incident: Incident, url: str) -> None:
    indent = " " * 10
    click.echo(f"{indent}{click.style(visible(incident.title), bold=True)}  [{incident.severity}]")
    root = incident.root_cause
    if root is None:
        click.echo(f"{indent}{visible(incident.no_cause)}")
    else:
        low, high = root.interval
        click.echo(f"{indent}why       {visible(root.description)}")
        click.echo(f"{indent}sure      {root.confidence:.0%} (between {low:.0%} and {high:.0%})")
    span = incident.first_failing_span
    if span is not None:
        click.echo(
            f"{indent}starts at {visible(f'{span.service}: {span.name}: {span.status}')}  (trace {span.trace_id})"
        )
    click.echo(f"{indent}hits      {visible(', '.join(incident.affected_services))}")
    for one in incident.slo_impact:
        left = f"{one.budget_left:.0%} of its error budget left"
        click.echo(f"{indent}promise   {one.slo} burns {one.burn_rate:.0f} times as fast as allowed, {left}")
    click.echo(f"{indent}page      {url}/incidents/{incident.id}")


def _why(verdict: DemoResult) -> str:
    missing = [f"missing: {one}" for one in verdict.missing]
    return (
        "; ".join([*missing, *(f"not expected: {one['id']} {one['title']}" for one in verdict.wrong)])
        or "it did not resolve"
    )
