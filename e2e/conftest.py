"""The real shop beside the real engine, each as its user starts it, once for all tests."""

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
import yaml

from aiops.cli.demo.shop import DemoScenario, Shop, demo_scenarios
from aiops.testing.waiting import until
from tools.native.cluster import Cluster
from tools.native.stack import Stack

from .k8s_cluster import booted

ROOT = Path(__file__).parents[1]
OFFSET = int(os.environ.get("AIOPS_TEST_OFFSET", "20000"))
NUMBERS = itertools.count(1)
LEARNED_POINTS = 20  # judged ones, after which a level stands on points enough


def pss_mb(root: int) -> float:
    """Proportional memory of a process and all its descendants."""
    parent = psutil.Process(root)
    return float(sum(one.memory_full_info().pss for one in (parent, *parent.children(recursive=True)))) / 2**20


def over_their_limits(stack: Stack) -> dict[str, float]:
    """Megabytes of the components that use more than their containers may; what each uses is printed."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    limits = {name: float(one["mem_limit"].removesuffix("m")) for name, one in services.items()}
    limits["shop"] = sum(limits[one] for one in ("gateway", "checkout", "payment", "inventory", "catalog", "load"))
    used = {name: pss_mb(stack.pid(name)) for name in stack.components}
    for name, mb in used.items():
        print(f"{name:16} {mb:6.0f} MB of {limits[name]:4.0f}")
    return {name: mb for name, mb in used.items() if mb > limits[name]}


def operator_in(text: str) -> str:
    """The token of the operator, in what the engine's file of tokens holds."""
    return next(line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("operator:"))


@dataclass
class Platform:
    """A shop with load and the engine that watches it; the token of a reader, where the engine asks for one."""

    shop: Shop
    scenarios: dict[str, DemoScenario]
    url: str
    engine_pid: int
    token: str = ""

    def get(self, path: str, **params: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = requests.get(self.url + path, params=params, headers=headers, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def active(self) -> list[dict[str, Any]]:
        return list(self.get("/aiops/incidents")["active_incidents"])

    def all(self) -> list[dict[str, Any]]:
        return list(self.get("/aiops/incidents", state="all", limit="200")["active_incidents"])


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("live")
    log = folder / "engine.log"
    settings = {
        "AIOPS_PORT": str(8000 + OFFSET),
        "AIOPS_OTLP_GRPC_PORT": str(4317 + OFFSET),
        "AIOPS_OTLP_HTTP_PORT": str(4318 + OFFSET),
        "AIOPS_DATA_DIR": str(folder / "data"),
        "AIOPS_CYCLE_SECONDS": "3",
        "AIOPS_LATENESS_SECONDS": "3",
        "AIOPS_RESOLVE_SECONDS": "9",
    }
    with log.open("wb") as said:
        engine = subprocess.Popen(
            [sys.executable, "-m", "aiops", "up"], env={**os.environ, **settings}, stdout=said, stderr=said
        )
    shop = Shop(f"http://127.0.0.1:{4318 + OFFSET}", OFFSET, folder / "shop.log")
    one = Platform(shop, demo_scenarios(), f"http://127.0.0.1:{8000 + OFFSET}", engine.pid)
    try:
        until(lambda: engine.poll() is not None or answers(f"{one.url}/health"), 60, "the engine is up")
        assert engine.poll() is None, log.read_text()
        shop.start()
        until(shop.ready, 60, "the shop is up")
        until(lambda: learned(one), 180, "every route of the shop has a baseline")
        yield one
    finally:
        shop.stop()
        engine.send_signal(signal.SIGINT)
        try:
            engine.wait(timeout=30)
        except subprocess.TimeoutExpired:
            engine.kill()
            raise
    assert engine.returncode == 0, log.read_text()[-2000:]


def answers(url: str) -> bool:
    """Whether a page is there."""
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def learned(one: Platform) -> bool:
    """Whether every route of the shop has been judged often enough to have a level of its own, young as it is."""
    metrics = one.get("/aiops/metrics")["metrics"]
    if len(metrics) < 8:
        return False
    for each in metrics.values():
        try:
            judged = one.get("/aiops/series", service=each["service"], route=each["route"])["series"]
        except requests.HTTPError:
            return False
        points = [point for row in judged if row["family"] == "latency" for point in row["points"]]
        if sum(point["tier"] != "warmup" for point in points) < LEARNED_POINTS:
            return False
    return True


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with booted() as one:
        yield one


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace that takes none but restricted pods, for one test."""
    name = f"test-{next(NUMBERS)}"
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")
