"""The whole shop on one machine: starts five services and the load, and keeps them running."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from shop import names
from shop.flags import POLL_SECONDS, Flags
from shop.kinds import GONE
from shop.topology import GATEWAY, OWNERS, SERVICES, default_url

RESTART_SECONDS = 1.0
START_SECONDS = 60.0
STOP_SECONDS = 4.0
PORT_IN_USE = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start."""

    run_dir: Path
    port_offset: int
    rate: float
    seed: int
    otlp_endpoint: str | None


class Child:
    """One process of the shop, and what became of it."""

    def __init__(self, name: str, arguments: Sequence[str], environ: Mapping[str, str], url: str | None = None) -> None:
        self.name = name
        self.url = url
        self.restart_at: float | None = None
        self.away = False
        self.announced = False
        self._arguments = [sys.executable, "-m", "shop", *arguments]
        self._environ = environ
        self.start()

    def start(self) -> None:
        """Start the process, in a group of its own: Ctrl-C reaches the supervisor alone, which ends the rest."""
        self.restart_at, self.away, self.announced = None, False, False
        self.process = subprocess.Popen(
            self._arguments, env=self._environ, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def ready(self) -> bool:
        """Return whether this very process answers, and not somebody else who has its port."""
        if self.url is None:
            return True
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=1.0)
        try:
            connection.request("GET", "/ready")
            answer = connection.getresponse()
            state = json.loads(answer.read())
            return answer.status == 200 and isinstance(state, dict) and state.get("pid") == self.process.pid
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()


class Supervisor:
    """Runs a plan until SIGINT, SIGTERM or SIGHUP."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._flags = Flags(plan.run_dir)
        self._children: list[Child] = []
        self._stopping = False

    def run(self) -> int:
        """Start everything, keep it running, end it, and return the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        for service in OWNERS:
            self._flags.lower(service)
        try:
            status = self._start()
            while status == 0 and not self._stopping:
                for child in self._children:
                    self._tend(child)
                time.sleep(POLL_SECONDS)
            return status
        finally:
            self._end()

    def _start(self) -> int:
        plan = self._plan
        environ = environment(plan, os.environ)
        urls = {service: default_url(service, plan.port_offset) for service in SERVICES}
        self._children = [Child(service, ("serve", service), environ, urls[service]) for service in SERVICES]
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
            arguments = ("load", "--url", urls[GATEWAY], "--rate", str(plan.rate), "--seed", str(plan.seed))
            self._children.append(Child("load", arguments, environ))
            self._announce(self._children[-1], f"{plan.rate:g} requests/s")
        say("ready")
        return 0

    def _announce(self, child: Child, text: str | None = None) -> None:
        if not child.announced and child.ready():
            child.announced = True
            say(f"{child.name} up: {text or child.url}")

    def _tend(self, child: Child) -> None:
        """Notice a death, say it, and start the process again when its time has come."""
        status = child.process.poll()
        if status is None:
            self._announce(child)
            return
        gone = self._flags.stands(child.name, GONE.name, time.time())
        if gone and not child.away:
            say(f"{child.name} is gone: a fault keeps it away until it is cleared")
            child.away = True
        elif child.away and not gone:
            child.start()
        elif not gone and child.restart_at is None:
            say(f"{child.name} died (exit status {status}); it starts again in {RESTART_SECONDS:g} s")
            child.restart_at = time.monotonic() + RESTART_SECONDS
        elif not gone and child.restart_at is not None and time.monotonic() >= child.restart_at:
            child.start()

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

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def environment(plan: Plan, outer: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the children: what is set outside wins where it is a preference."""
    own = [names.ENV_INSTANCE, names.ENV_SERVICE]  # one value for five services would be wrong
    if plan.otlp_endpoint is not None:
        own += ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"]
    outer = {name: value for name, value in outer.items() if name not in own}
    preferences = {"OTEL_METRIC_EXPORT_INTERVAL": "1000", "OTEL_BSP_SCHEDULE_DELAY": "500", "MALLOC_ARENA_MAX": "2"}
    fixed = {
        names.ENV_FAULTS: "on",
        names.ENV_RUN_DIR: str(plan.run_dir),
        names.ENV_PORT_OFFSET: str(plan.port_offset),
        names.ENV_SEED: str(plan.seed),
        names.ENV_PARENT_PID: str(os.getpid()),
        "NO_PROXY": ",".join(filter(None, (outer.get("NO_PROXY"), "127.0.0.1", "localhost"))),
    }
    if plan.otlp_endpoint is not None:
        fixed["OTEL_EXPORTER_OTLP_ENDPOINT"] = plan.otlp_endpoint
    return {**preferences, **outer, **fixed}


def say(text: str) -> None:
    """Write a line for people."""
    sys.stderr.write(f"shop: {text}\n")
    sys.stderr.flush()
