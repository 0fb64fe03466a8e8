"""`aiops demo`: start, learn, break, explain, clear, resolve; one line for each, with how long it took."""

import signal
import sys
import tempfile
import threading
import time
import webbrowser
from pathlib import Path

import click

from aiops import bootstrap
from aiops.cli.demo.acting import approve_and_wait, is_verified, policy_text
from aiops.cli.demo.history import SHORTEST
from aiops.cli.demo.judge import DemoResult, compare
from aiops.cli.demo.shop import DemoScenario, NoShop, demo_scenarios
from aiops.cli.demo.stage import CannotShow, Interrupted, Stage
from aiops.model import Action, Incident
from aiops.model.errors import SourceError, StoreError
from aiops.model.safe import visible
from aiops.presentation.headline import headline
from aiops.presentation.incident import incident_document
from aiops.process.system import AWAKE_SECONDS, ENDS

FOUND_WITHIN = 90.0
RESOLVED_WITHIN = 180.0
QUIET_SECONDS = 60.0
SHOWN_FOR = 12.0  # seconds that the fault stays after it was found, so that the page can be read


def run(
    name: str,
    exit_when_resolved: bool,
    browser: bool,
    port_offset: int,
    log_level: str,
    history: float = SHORTEST,
    act: bool = False,
) -> bool:
    """Show one scenario, after so many seconds of generated history; returns whether cause and resolution were right.
    act: an approved action clears the fault.

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
    for number in ENDS:
        signal.signal(number, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="aiops-demo-", ignore_cleanup_errors=True) as folder:
        stage = None
        try:
            stage = Stage(Path(folder), port_offset, log_level, stop, history, policy_text if act else None)
            stage.start()
            play = Play(stage, act)
            right = play.show(known[name], browser)
            if not exit_when_resolved:
                play.stay(stop)
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


class Play:
    """Scenarios on a stage that has started."""

    def __init__(self, stage: Stage, act: bool = False) -> None:
        self._stage, self._acts = stage, act

    def show(self, scenario: DemoScenario, browser: bool) -> bool:
        """Inject the faults, wait for the incident and its resolution; returns whether both were right."""
        self._stage.say(f"fault injected      {scenario.title}")
        injected = time.monotonic()
        self._stage.shop.inject(scenario)
        if not scenario.truth:
            return self._quiet(injected)
        verdict = self._found(scenario, injected)
        if browser:
            self._open(verdict)
        action = self._cleared()
        cleared = time.monotonic()
        over = self._stage.until("watching it recover", lambda: not self._active(), RESOLVED_WITHIN, None)
        if over:
            self._stage.say(f"resolved            {time.monotonic() - cleared:.0f} s after the clear, by itself")
        else:
            self._stage.say(f"NOT resolved        {RESOLVED_WITHIN:.0f} s after the clear")
        if self._acts:
            over = action is not None and is_verified(self._stage, action) and over
        # All incidents since the fault count, including a second one during recovery.
        everything = [incident_document(one).model_dump() for one in self._stage.engine.store.page(limit=200)[0]]
        verdict = compare(scenario.truth, everything)
        right = verdict.perfect and over
        self._stage.say("cause and resolution were right" if right else f"NOT right: {_why(verdict)}")
        return right

    def _cleared(self) -> Action | None:
        """End the fault: by an approved action, or by hand where none does; returns the action."""
        done = approve_and_wait(self._stage) if self._acts else None
        if done is None:
            self._stage.wait(SHOWN_FOR)
            self._stage.shop.clear()
            self._stage.say("fault cleared")
        return done

    def stay(self, stop: threading.Event) -> None:
        """Keep everything running until Ctrl-C."""
        click.echo(f"\nIt all keeps running: {self._stage.engine.url}  (Ctrl-C stops it). Break something yourself:")
        click.echo(f"  curl -X POST '{self._stage.shop.gateway}/simulate/delay?endpoint=/inventory&duration=1500'")
        click.echo(f"  curl -X POST '{self._stage.shop.gateway}/simulate/error?endpoint=/products&rate=0.5'")
        click.echo(f"  curl -X POST '{self._stage.shop.gateway}/simulate/clear'")
        while not stop.wait(AWAKE_SECONDS):
            pass

    def _found(self, scenario: DemoScenario, injected: float) -> DemoResult:
        """Print each incident when it is found, until all are right or time is up."""
        said: dict[str, str] = {}
        deadline = injected + FOUND_WITHIN
        while True:
            active = self._active()
            for one in active:
                if one.key not in said:
                    self._stage.say(f"incident found      after {time.monotonic() - injected:.0f} s")
                if said.get(one.key) != one.title:
                    said[one.key] = one.title
                    _describe(one, self._stage.engine.url)
            verdict = self._judged(scenario)
            if verdict.perfect or time.monotonic() > deadline:
                return verdict
            self._stage.wait(0.5)

    def _quiet(self, since: float) -> bool:
        self._stage.until("watching for false alarms", lambda: bool(self._active()), QUIET_SECONDS, None)
        self._stage.shop.clear()
        self._stage.until("watching its end", lambda: bool(self._active()), QUIET_SECONDS / 2, None)
        right = not self._stage.engine.store.page(limit=1)[0]
        self._stage.say(
            "no incident, as it should be"
            if right
            else f"NOT right: an incident after {time.monotonic() - since:.0f} s"
        )
        return right

    def _active(self) -> list[Incident]:
        return self._stage.engine.store.active()

    def _judged(self, scenario: DemoScenario) -> DemoResult:
        return compare(scenario.truth, [incident_document(one).model_dump() for one in self._active()])

    def _open(self, verdict: DemoResult) -> None:
        if sys.stdout.isatty() and verdict.right:
            webbrowser.open(f"{self._stage.engine.url}/incidents/{verdict.right[0][1]['id']}")


def _describe(incident: Incident, url: str) -> None:
    indent = " " * 10
    click.echo(f"{indent}{click.style(visible(headline(incident)), bold=True)}  [{incident.severity}]")
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
