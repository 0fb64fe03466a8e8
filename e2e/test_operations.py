"""Commands of docs/operations.md and docs/kubernetes.md, for `aiops` run as they stand beside a real engine."""

import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.testing.waiting import until

from .documented import commands, of
from .test_start import free_port

ROOT = Path(__file__).parents[1]
CHECK = "aiops restore --check engine.backup"
IN_CONTAINERS = ("aiops backup - > engine.backup", "aiops restore --replace --data-dir /volume - < engine.backup")
TO_THE_STACK = (
    "aiops backup engine.backup",
    "aiops restore --data-dir NEW engine.backup",
    "aiops run --data-dir NEW",
)
FROM_SLOTH = (
    "aiops slo import sloth.yaml -o mine.yaml",
    "aiops slo validate mine.yaml",
    "aiops slo rules mine.yaml -o rules.yml",
)
IN_STORES = (
    "tar -C /volume -c . > prometheus.tar",
    "tar -C /volume -x < prometheus.tar",
    "amtool silence query -o json --alertmanager.url=http://127.0.0.1:9093 > silences.json",
    "amtool silence import --alertmanager.url=http://127.0.0.1:9093 < silences.json",
)
"""Run by test_operations_stores."""
SMOKE = "aiops smoke http://127.0.0.1:8000"
READY = "curl http://127.0.0.1:8000/ready"
FOR_A_GRAFANA = (
    "aiops slo rules mine.yaml --format grafana --lock mine.lock -o alerting.yaml "
    "--prometheus-uid aiops-prometheus --tempo-uid ''"
)
TRIED = {CHECK, READY, SMOKE, *IN_CONTAINERS, *IN_STORES, *TO_THE_STACK, *FROM_SLOTH, FOR_A_GRAFANA}
UNTRIED = {
    "docker build": "no containers here; the images are built by the workflow",
    "docker push": "no containers here",
    "docker compose exec": "no containers here; the service and what runs in it are checked",
    "grafana cli": "no Grafana here",
    "make deploy": "test_k8s_deploy tries it",
    "aiops notify test": "sends to real channels; tests/notify tries it",
    "aiops slo test": "needs promtool; `make test-stack` runs it on the shop's objectives",
}
ON_A_CLUSTER = ("helm", "kubectl", "sh")
"""Programs whose commands test_k8s_operations types, all of them."""
OBJECTIVES = ROOT / "demo-app" / "shop" / "objectives.yaml"
SLOTH = """
version: prometheus/v1
service: shop
slos:
  - name: paid
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(paid_total{ok="no"}[{{.window}}]))
        total_query: sum(rate(paid_total[{{.window}}]))
    alerting: {name: Paid}
"""


@dataclass
class Engine:
    """A process of the engine on a data folder; addresses and settings by their variables."""

    folder: Path
    command: str = "up"

    def __post_init__(self) -> None:
        self.ports = {name: free_port() for name in ("AIOPS_PORT", "AIOPS_OTLP_HTTP_PORT", "AIOPS_OTLP_GRPC_PORT")}
        self.url = f"http://127.0.0.1:{self.ports['AIOPS_PORT']}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **more: str) -> None:
        settings = {name: str(port) for name, port in self.ports.items()}
        settings |= {"AIOPS_CYCLE_SECONDS": "1", "AIOPS_LATENESS_SECONDS": "1", "AIOPS_OBJECTIVES": str(OBJECTIVES)}
        command = [sys.executable, "-m", "aiops", self.command, "--data-dir", str(self.folder)]
        with self.folder.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(command, env={**os.environ, **settings, **more}, stdout=log, stderr=log)
        until(self._answers, 60, f"{self.command} answers: {self.folder.with_suffix('.log')}")

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0
        self.process = None

    def get(self, path: str, **params: str) -> Any:
        return requests.get(self.url + path, params=params, timeout=10).json()

    def incidents(self, after: int | None = None) -> list[str]:
        """Their names; `after` sends requests before, so many of them failed."""
        if after is not None:
            send(self, after)
        return [one["id"] for one in self.get("/aiops/incidents", state="all")["active_incidents"]]

    def judged(self, after: int) -> int:
        """Steps in which errors were judged; `after` as above."""
        send(self, after)
        rows = self.get("/aiops/series", service="gateway", route="/checkout").get("series", [])
        return max((len(row["points"]) for row in rows if row["family"] == "errors"), default=0)

    def counted(self, after: int | None = None) -> dict[str, float]:
        """Events by objective."""
        if after is not None:
            send(self, after)
        return {one["slo"]: one["events"] for one in self.get("/aiops/slos")["slos"] if one["events"]}

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.folder.with_suffix(".log").read_text()[-2000:]
        try:
            return requests.get(f"{self.url}/health", timeout=2).ok
        except requests.RequestException:
            return False


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with an incident, whose telemetry goes on."""
    one = Engine(tmp_path_factory.mktemp("operations") / "data")
    one.start()
    try:
        until(lambda: one.judged(after=0) >= 8, 60, "what fails has an expectation")
        until(lambda: one.incidents(after=9), 60, "an incident")
        until(one.counted, 30, "requests count for an objective")
        yield one
    finally:
        one.stop()


def send(engine: Engine, failing: int = 0) -> None:
    """Ten requests of the shop's gateway that end now, so many of them failed."""
    now, rng = time.time(), os.urandom
    export = ExportTraceServiceRequest()
    group = export.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "gateway"
    spans = group.scope_spans.add().spans
    for number in range(10):
        end = now - number * 0.05
        span = spans.add(trace_id=rng(16), span_id=rng(8), name="POST /checkout", kind=2)
        span.start_time_unix_nano, span.end_time_unix_nano = int((end - 0.02) * 1e9), int(end * 1e9)
        for key, value in (("http.request.method", "POST"), ("http.route", "/checkout")):
            span.attributes.add(key=key).value.string_value = value
        span.attributes.add(key="http.response.status_code").value.int_value = 500 if number < failing else 200
    url = f"http://127.0.0.1:{engine.ports['AIOPS_OTLP_HTTP_PORT']}/v1/traces"
    headers = {"Content-Type": "application/x-protobuf"}
    requests.post(url, export.SerializeToString(), headers=headers, timeout=10).raise_for_status()


def ledger(folder: Path) -> float:
    """Events that objectives have counted, as an engine keeps them."""
    with closing(sqlite3.connect(folder / "incidents.sqlite")) as store:
        return float(store.execute("select total(events) from ledger").fetchone()[0])


def run(text: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A line of a page, as a shell runs it, in a folder."""
    text = re.sub(r"\baiops ", f"{shlex.quote(sys.executable)} -m aiops ", text, count=1)
    path = os.pathsep.join([str(ROOT / "anomaly-detector"), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": path, **more}
    return subprocess.run(["sh", "-c", text], cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def test_every_command_is_tried_or_listed_with_the_reason() -> None:
    texts = [one.text for one in commands() if one.program not in ON_A_CLUSTER]
    texts += [one.inside for one in of("kubectl") if one.inside]
    for text in texts:
        assert text in TRIED or text.startswith(tuple(UNTRIED)), text
    assert set(texts) >= TRIED, "nothing shows them any more"
    assert all(any(text.startswith(one) for text in texts) for one in UNTRIED), "nothing shows them any more"


def test_what_is_backed_up_in_a_container_is_put_back_in_another(engine: Engine, tmp_path: Path) -> None:
    back_up, put_back = IN_CONTAINERS
    send(engine)
    done = run(back_up, tmp_path, AIOPS_DATA_DIR=str(engine.folder))
    assert done.returncode == 0, done.stderr
    incidents, counted = engine.incidents(), set(engine.counted())
    done = run(CHECK, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "sound: incidents.sqlite" in done.stderr

    volume = tmp_path / "volume"
    volume.mkdir()
    # As in the container: no token is there, and the image listens everywhere.
    done = run(put_back.replace("/volume", str(volume)), tmp_path, AIOPS_HOST="0.0.0.0")
    assert done.returncode == 0, done.stderr
    put = ledger(volume)
    assert put > 0
    other = Engine(volume)
    other.start()
    try:
        assert other.incidents() == incidents
        # How objectives stand is said as of the newest telemetry: there has to be some.
        until(lambda: other.counted(after=0), 30, "requests count again")
        assert set(other.counted()) == counted
        until(lambda: sum(other.counted(after=0).values()) > put, 30, "what is new comes to what was there")
        done = run(put_back.replace("/volume", str(volume)), tmp_path)
        assert done.returncode == 1
        assert "an engine runs on" in done.stderr
    finally:
        other.stop()


def test_an_engine_of_its_own_goes_to_the_stack(engine: Engine, tmp_path: Path) -> None:
    for text in TO_THE_STACK[:2]:
        done = run(text, tmp_path, AIOPS_DATA_DIR=str(engine.folder))
        assert done.returncode == 0, done.stderr
    stack = Engine(tmp_path / "NEW", "run")  # the last of them, with addresses of its own
    stack.start(AIOPS_PROMETHEUS_URL="http://127.0.0.1:1")  # its pages work while Prometheus is away
    try:
        assert stack.incidents() == engine.incidents()
        assert 0 < ledger(stack.folder) <= ledger(engine.folder)
    finally:
        stack.stop()


def test_objectives_of_sloth_become_rules(tmp_path: Path) -> None:
    (tmp_path / "sloth.yaml").write_text(SLOTH)
    for text in (*FROM_SLOTH, FOR_A_GRAFANA):
        done = run(text, tmp_path)
        assert done.returncode == 0, (text, done.stderr)
    assert "paid" in (tmp_path / "rules.yml").read_text()
    asked = (tmp_path / "alerting.yaml").read_text()
    assert "datasourceUid: aiops-prometheus" in asked
    assert "datasourceUid: tempo" not in asked


def test_the_engine_says_which_store_is_away(engine: Engine, tmp_path: Path) -> None:
    done = run(READY.replace("8000", str(engine.ports["AIOPS_PORT"])), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "reasons" in done.stdout or "ready" in done.stdout


def test_the_engine_says_whether_all_of_it_works(engine: Engine, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as threads:
        asking = threads.submit(run, SMOKE.replace("8000", str(engine.ports["AIOPS_PORT"])), tmp_path)
        until(lambda: send(engine) or asking.done(), 90, "an answer, while telemetry goes on")
    assert asking.result().returncode == 0, asking.result().stdout + asking.result().stderr


def test_a_token_is_replaced_without_a_gap(tmp_path: Path) -> None:
    """As the page says: the engine reads the file when it starts, and both tokens hold while both are in it."""
    tokens, old, new = tmp_path / "tokens", "operator: " + "a" * 32, "ops2: " + "b" * 32
    one = Engine(tmp_path / "data")

    def acts() -> list[int]:
        headers = [{"Authorization": f"Bearer {token}"} for token in ("a" * 32, "b" * 32, "c" * 32)]
        answers = [requests.post(f"{one.url}/aiops/incidents/x/resolve", headers=each, timeout=5) for each in headers]
        return [each.status_code for each in answers]

    for lines, expected in (((old,), [404, 401, 401]), ((old, new), [404, 404, 401]), ((new,), [401, 404, 401])):
        tokens.write_text("\n".join(lines) + "\n")
        one.start(AIOPS_TOKEN_FILE=str(tokens))
        try:
            assert acts() == expected
        finally:
            one.stop()


def test_what_cannot_be_tried_names_what_exists() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    for one in of("docker"):
        words = one.text.split()
        if words[1] == "compose":
            assert words[2:5] == ["exec", "-T", "aiops"]
            assert words[4] in services
            assert " ".join(words[5:]) in IN_CONTAINERS
        else:
            folder = ROOT / words[-1] if words[1] == "build" else ROOT
            assert words[1] == "push" or (folder / "Dockerfile").is_file(), one


def test_links_within_the_page_lead_somewhere() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    heads = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in re.findall(r"^#+ (.+)$", text, re.M)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= heads
