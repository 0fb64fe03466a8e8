"""Both ways with a real Alertmanager."""

import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from made_up.samples import sample
from made_up.world import World, build
from werkzeug.serving import make_server

from aiops.api import create_app
from aiops.config import Settings
from aiops.model import Incident, IncidentState, Severity, iso
from aiops.notify import Alertmanager
from aiops.notify.alertmanager import labels_of
from aiops.presentation.headline import headline
from aiops.store import SqlIncidents, open_store
from aiops.testing.waiting import until
from tools.native.build import ensure

TOKEN = "0123456789abcdef-alertmanager"
CONFIG = """
route:
  receiver: none
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  routes:
  - matchers: ['stack="test"']  # the engine's own too, to see them refused
    group_by: [alertname]
    receiver: engine
  - matchers: ['source="aiops"']
    receiver: engine
receivers:
- name: none
- name: engine
  webhook_configs:
  - url: {url}/aiops/alerts
    send_resolved: true
    max_alerts: 0
    http_config: {{authorization: {{credentials_file: {token}}}}}
"""

pytestmark = pytest.mark.stack


@dataclass
class Both:
    """An engine that answers, and an Alertmanager that tells it."""

    world: World
    engine: str
    alertmanager: str

    def alerts(self) -> list[dict[str, Any]]:
        """Those that fire now."""
        found: list[dict[str, Any]] = requests.get(f"{self.alertmanager}/api/v2/alerts", timeout=5).json()
        return found

    def post(self, alert: dict[str, Any]) -> None:
        requests.post(f"{self.alertmanager}/api/v2/alerts", json=[alert], timeout=5).raise_for_status()

    def ask(self, path: str) -> Any:
        return requests.get(f"{self.engine}{path}", timeout=5).json()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    store = SqlIncidents(open_store(f"sqlite:///{tmp_path / 'incidents.sqlite'}"))
    world = build(tmp_path, store)
    world.clock.at = time.time()
    app = create_app(world.use_cases, Settings(tokens={"alertmanager": TOKEN}))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    engine = f"http://127.0.0.1:{server.server_port}"
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "alertmanager.yaml").write_text(CONFIG.format(url=engine, token=tmp_path / "token"))
    address = f"127.0.0.1:{free_port()}"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                ensure()["alertmanager"],
                f"--config.file={tmp_path / 'alertmanager.yaml'}",
                f"--storage.path={tmp_path / 'alertmanager'}",
                f"--web.listen-address={address}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: process.poll() is None and _ready(f"http://{address}"))
        yield Both(world, engine, f"http://{address}")
    finally:
        process.terminate()
        process.wait(20)
        server.shutdown()
        serving.join()
        server.server_close()
        store.close()


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=5).ok
    except requests.ConnectionError:
        return False


def lately(one: Incident, **more: Any) -> Incident:
    now = time.time()
    return replace(one, onset=now - 60, first_detected=now - 50, last_seen=now, **more)


def test_incidents_are_alerts_while_they_last(both: Both) -> None:
    outcomes: list[str] = []
    sender = Alertmanager(
        both.alertmanager, both.engine, both.world.store, both.world.clock, lambda _, outcome: outcomes.append(outcome)
    )
    one = lately(sample(), severity=Severity.HIGH)
    both.world.keep(one)
    sender.send()
    (alert,) = both.alerts()
    assert alert["labels"] == labels_of(one)
    assert alert["annotations"]["summary"] == headline(one)
    assert alert["generatorURL"] == f"{both.engine}/incidents/{one.id}"
    assert alert["status"]["state"] in ("active", "unprocessed")
    both.world.clock.at = time.time()
    both.world.keep(replace(one, severity=Severity.CRITICAL))
    sender.send()
    until(lambda: [alert["labels"]["severity"] for alert in both.alerts()] == ["critical"])
    both.world.clock.at = time.time()
    both.world.keep(replace(one, severity=Severity.CRITICAL, state=IncidentState.RESOLVED, resolved_at=time.time()))
    sender.send()
    until(lambda: both.alerts() == [])
    both.world.clock.at = time.time()
    both.world.keep(replace(one, severity=Severity.CRITICAL))
    sender.send()
    until(lambda: len(both.alerts()) == 1)  # it is open again
    sender.close()
    assert set(outcomes) == {"sent"}
    until(lambda: re.search(r'aiops_alerts_received_total\{outcome="refused"\} [1-9]', _metrics(both)))
    assert both.ask("/aiops/alerts")["alerts"] == []


def test_its_alerts_come_to_the_engine_and_join_an_incident(both: Both) -> None:
    one = lately(sample())
    both.world.keep(one)
    began = time.time() - 20
    firing = {
        "labels": {"alertname": "Burn", "stack": "test", "job": "shop/payment", "severity": "page"},
        "annotations": {"summary": "payment burns its budget"},
        "startsAt": iso(began),
        "endsAt": iso(time.time() + 300),
        "generatorURL": "http://prometheus.example/graph?g0.expr=x",
    }
    both.post(firing)
    until(lambda: both.ask(f"/aiops/incidents/{one.id}")["alerts"])
    (alert,) = both.ask(f"/aiops/incidents/{one.id}")["alerts"]
    assert (alert["name"], alert["state"], alert["starts_at"]) == ("Burn", "firing", iso(began))
    assert alert["url"] == "http://prometheus.example/graph?g0.expr=x"
    both.world.clock.at = time.time()
    both.post({**firing, "endsAt": iso(time.time())})
    until(lambda: both.ask("/aiops/alerts?state=resolved")["alerts"])
    found = both.ask(f"/aiops/incidents/{one.id}")
    told = [entry["text"] for entry in found["timeline"] if entry["what"].startswith("alert")]
    assert told == ["alert Burn fires", "alert Burn resolved"]


def _metrics(both: Both) -> str:
    return requests.get(f"{both.engine}/metrics", timeout=5).text
