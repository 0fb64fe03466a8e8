"""The whole shop on one machine: starts five services and the load, keeps them running, and rolls out versions."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from shop import names
from shop.child import Child
from shop.flags import POLL_SECONDS, Flags
from shop.kinds import DEPLOY, GONE, VERSION
from shop.parent import tie
from shop.profile import NEW_VERSION
from shop.topology import GATEWAY, OWNERS, SERVICES, default_url

RESTART_SECONDS = 1.0
START_SECONDS = 60.0
STOP_SECONDS = 4.0
PORT_IN_USE = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start; `tied`: it ends when its standard input does."""

    run_dir: Path
    port_offset: int
    rate: float
    seed: int
    otlp_endpoint: str | None
    tied: bool = False


class Supervisor:
    """Runs a plan until SIGINT, SIGTERM or SIGHUP."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._flags = Flags(plan.run_dir)
        self._children: list[Child] = []
        self._stopping = False

    def run(self) -> int:
        """Start everything, keep it running, end it, and return the exit status."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._stop)
        if self._plan.tied:
            tie(self._stop)
        for service in SERVICES:
            self._flags.lower(service)
        try:
            status = self._start()
            while status == 0 and not self._stopping:
                for child in tuple(self._children):
                    self._tend(child)
                for service in OWNERS:
                    self._roll(service)
                time.sleep(POLL_SECONDS)
            return status
        finally:
            self._end()

    def _start(self) -> int:
        plan = self._plan
        for service in SERVICES:
            self._add(service, new=False)
        over = time.monotonic() + START_SECONDS
        while not self._stopping and not all(child.announced for child in self._children):
            for child in self._children:
                status = child.process.poll()
                if status is not None:
                    if status != PORT_IN_USE:
                        say(f"{child.name} ended while starting (exit status {status})")
                    return PORT_IN_USE if status == PORT_IN_USE else 1
                self._announce(child)
            if time.monotonic() > over:
                late = ", ".join(child.name for child in self._children if not child.announced)
                say(f"not ready after {START_SECONDS:g} s: {late}")
                return 1
            time.sleep(POLL_SECONDS / 2)
        if self._stopping:
            return 0
        if plan.rate > 0:
            gateway = default_url(GATEWAY, plan.port_offset)
            arguments = ("load", "--url", gateway, "--rate", str(plan.rate), "--seed", str(plan.seed))
            self._children.append(Child("load", arguments, environment(plan, os.environ)))
            self._children[-1].start()
            self._announce(self._children[-1], f"{plan.rate:g} requests/s")
        say("ready")
        return 0

    def _announce(self, child: Child, text: str | None = None) -> None:
        if not child.announced and child.ready():
            child.announced = True
            say(f"{child.label} up: {text or child.url}")

    def _tend(self, child: Child) -> None:
        """Notice a death, say it, and start the process again when its time has come."""
        status = child.process.poll()
        if status is None:
            self._announce(child)
            return
        if child.leaving:
            say(f"{child.label} has left")
            self._children.remove(child)
            return
        gone = self._flags.stands(child.name, GONE.name, time.time())
        if gone and not child.away:
            say(f"{child.label} is gone: a fault keeps it away until it is cleared")
            child.away = True
        elif child.away and not gone:
            child.start(self._beside(child))
        elif not gone and child.restart_at is None:
            say(f"{child.label} died (exit status {status}); it starts again in {RESTART_SECONDS:g} s")
            child.restart_at = time.monotonic() + RESTART_SECONDS
        elif not gone and child.restart_at is not None and time.monotonic() >= child.restart_at:
            child.start(self._beside(child))

    def _roll(self, service: str) -> None:
        """Bring the versions of a service that should run, then let those leave that should not."""
        kinds = {active.fault.kind for active in self._flags.raised(service, time.time())}
        wanted = {True} if DEPLOY.name in kinds else {False, True} if VERSION.name in kinds else {False}
        staying = [child for child in self._children if child.name == service and not child.leaving]
        missing = wanted - {child.new for child in staying}
        for new in missing:
            self._add(service, new)
        if not missing and all(child.announced for child in staying if child.new in wanted):
            for child in staying:
                if child.new not in wanted:
                    child.leave()

    def _add(self, service: str, new: bool) -> None:
        environ = environment(self._plan, os.environ)
        if new:
            environ |= {names.ENV_VERSION: NEW_VERSION, names.ENV_INSTANCE: f"{service}-1"}
        child = Child(service, ("serve", service), environ, default_url(service, self._plan.port_offset), new)
        child.start(self._beside(child))
        self._children.append(child)

    def _beside(self, child: Child) -> bool:
        return any(other.name == child.name and other is not child and other.alive() for other in self._children)

    def _end(self) -> None:
        for child in self._children:
            child.process.terminate()
        over = time.monotonic() + STOP_SECONDS
        for child in self._children:
            try:
                child.process.wait(max(over - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()

    def _stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        self._stopping = True


def environment(plan: Plan, outer: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the children: what is set outside wins where it is a preference."""
    own = [names.ENV_BESIDE, names.ENV_INSTANCE, names.ENV_SERVICE]  # one value for five services would be wrong
    if plan.otlp_endpoint is not None:
        own += ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"]
    outer = {name: value for name, value in outer.items() if name not in own}
    preferences = {"OTEL_METRIC_EXPORT_INTERVAL": "1000", "OTEL_BSP_SCHEDULE_DELAY": "500", "MALLOC_ARENA_MAX": "2"}
    fixed = {
        names.ENV_FAULTS: "on",
        names.ENV_RUN_DIR: str(plan.run_dir),
        names.ENV_PORT_OFFSET: str(plan.port_offset),
        names.ENV_SEED: str(plan.seed),
        names.ENV_TIED: "on",
        "NO_PROXY": ",".join(filter(None, (outer.get("NO_PROXY"), "127.0.0.1", "localhost"))),
    }
    if plan.otlp_endpoint is not None:
        fixed["OTEL_EXPORTER_OTLP_ENDPOINT"] = plan.otlp_endpoint
    return {**preferences, **outer, **fixed}


def say(text: str) -> None:
    """Write a line for people."""
    sys.stderr.write(f"shop: {text}\n")
    sys.stderr.flush()
