"""What only containers show, on a cluster of kind (no other is touched): probes, traffic, enforced network policies."""

import json
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from aiops.cli.demo.shop import GATEWAY_PORT, Shop, demo_scenarios
from aiops.testing.waiting import until
from k8s.files import ROOT
from k8s.forwarding import forwarded
from tools.dashboards.everything import DASHBOARDS
from tools.native.command import Command, UsageError, runner

from .conftest import Platform, learned, operator_in
from .faults import live_through

pytestmark = [pytest.mark.kind, pytest.mark.timeout(1800)]
CONTEXT, NAMESPACE = "kind-aiops", "aiops"
SERVICES = ("gateway", "checkout", "payment", "inventory", "catalog")
DEPLOY = ["--namespace", NAMESPACE, "--set", "images.tag=kind", "--set", "shop.enabled=true", "--smoke-timeout", "300s"]
JOBS = ("aiops", "prometheus", "alertmanager", "tempo", "grafana", "otel-collector")
GATEWAY = "app.kubernetes.io/name=gateway"
HANGS = ["python", "-c", "import signal; signal.pause()"]
ASKS_OFTEN = """\
import urllib.request
for _ in range(40):  # each by a connection of its own: half of them would hang if both pods were asked
    urllib.request.urlopen("http://aiops-gateway:3000/ready", timeout=3).close()
"""
OUTSIDE = """\
import json, socket, sys
def reached(name, port):
    try:
        socket.create_connection((name, port), 10).close()
    except OSError:
        return False
    return True
print(json.dumps({one: reached(one.split(":")[0], int(one.split(":")[1])) for one in sys.argv[1:]}))
"""


@pytest.fixture(scope="module")
def kubectl() -> Command:
    for name in ("kubectl", "helm"):
        assert shutil.which(name), f"{name} is not on the PATH"
    one = runner("kubectl", seconds=600)
    context = one("config", "current-context").strip()
    assert context == CONTEXT, f"kubectl's context is {context}; these tests touch none but {CONTEXT}"
    return one


@pytest.fixture(scope="module", autouse=True)
def release(kubectl: Command) -> None:
    """Deployed as a workflow deploys, with the smoke test through a port that is forwarded."""
    named = (f"--service={one}" for one in SERVICES)
    subprocess.run([sys.executable, "-m", "k8s", "deploy", *DEPLOY, *named], cwd=ROOT, check=True)


@contextmanager
def reached() -> Iterator[Platform]:
    """Engine and shop, under addresses of this machine."""
    kept = runner("kubectl")("get", "secret", "aiops-secrets", "-n", NAMESPACE, "-o", "jsonpath={.data.engine_tokens}")
    with (
        forwarded("kubectl", NAMESPACE, "aiops-engine", "http") as engine,
        forwarded("kubectl", NAMESPACE, "aiops-gateway", "http") as gateway,
    ):
        shop = Shop("", (urlsplit(gateway).port or 0) - GATEWAY_PORT)  # to break, not to start
        yield Platform(shop, demo_scenarios(), engine, 0, operator_in(b64decode(kept).decode()))


def test_a_fault_is_found_explained_and_resolved_and_outlives_the_engines_pod(kubectl: Command) -> None:
    with reached() as platform:
        until(lambda: learned(platform), 400, "every route of the shop has a baseline")
        live_through(platform, "cascading-failure")
        before = [one["id"] for one in platform.all()]
    assert before
    kubectl("delete", "pod", "aiops-engine-0", "-n", NAMESPACE)
    kubectl("rollout", "status", "statefulset/aiops-engine", "-n", NAMESPACE, "--timeout=180s")
    with reached() as platform:
        assert [one["id"] for one in platform.all()] == before


def test_every_target_is_up_and_grafana_took_every_file(kubectl: Command) -> None:
    """Through the policies, the headless Service of the Collector and the volumes that files are projected into."""
    with forwarded("kubectl", NAMESPACE, "aiops-prometheus", "http") as url:

        def targets() -> dict[str, str]:
            found = requests.get(f"{url}/api/v1/targets", timeout=10).json()["data"]["activeTargets"]
            return {one["labels"]["job"]: one["health"] for one in found}

        until(lambda: targets() == dict.fromkeys(JOBS, "up"), 120, f"every target is up: {targets()}")
    kept = kubectl("get", "secret", "aiops-secrets", "-n", NAMESPACE, "-o", "jsonpath={.data.grafana_admin_password}")
    admin = ("admin", b64decode(kept).decode())
    with forwarded("kubectl", NAMESPACE, "aiops-grafana", "http") as url:
        found = requests.get(f"{url}/api/search", {"type": "dash-db"}, auth=admin, timeout=10).json()
        assert {one["uid"] for one in found} >= {one.uid for one in DASHBOARDS}
        sources = requests.get(f"{url}/api/datasources", auth=admin, timeout=10).json()
        assert {one["type"] for one in sources} == {"prometheus", "tempo", "alertmanager"}
        rules = requests.get(f"{url}/api/prometheus/grafana/api/v1/rules", auth=admin, timeout=10).json()
        assert rules["data"]["groups"]


def test_a_pod_that_does_not_answer_gets_no_traffic(kubectl: Command) -> None:
    """The new one is never ready, and the old one goes on: asked by its Service, from another pod."""
    patch = [{"op": "add", "path": "/spec/template/spec/containers/0/command", "value": HANGS}]
    kubectl("patch", "deployment", "aiops-gateway", "-n", NAMESPACE, "--type=json", "-p", json.dumps(patch))
    try:
        with pytest.raises(UsageError, match="timed out"):
            kubectl("rollout", "status", "deployment/aiops-gateway", "-n", NAMESPACE, "--timeout=45s")
        pods = json.loads(kubectl("get", "pods", "-n", NAMESPACE, "-l", GATEWAY, "-o", "json"))["items"]
        assert sorted(one["status"]["containerStatuses"][0]["ready"] for one in pods) == [False, True]
        kubectl("exec", "deployment/aiops-inventory", "-n", NAMESPACE, "--", "python", "-c", ASKS_OFTEN)
    finally:
        kubectl("rollout", "undo", "deployment/aiops-gateway", "-n", NAMESPACE)
    kubectl("rollout", "status", "deployment/aiops-gateway", "-n", NAMESPACE, "--timeout=120s")


def test_who_is_outside_may_send_telemetry_and_reach_nothing_else(kubectl: Command) -> None:
    addresses = [f"aiops-{name}.{NAMESPACE}:{port}" for name, port in (("collector", 4318), ("collector", 4317))]
    closed = (("engine", 8000), ("prometheus", 9090), ("alertmanager", 9093), ("tempo", 3200), ("grafana", 3001))
    closed_addresses = [f"aiops-{name}.{NAMESPACE}:{port}" for name, port in closed]
    kubectl("create", "namespace", "outside")
    try:
        command = ["--image=aiops:kind", "--restart=Never", "--command", "--", "python", "-c", OUTSIDE]
        kubectl("run", "asks", "-n", "outside", *command, *addresses, *closed_addresses)
        kubectl("wait", "pod/asks", "-n", "outside", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=180s")
        found = json.loads(kubectl("logs", "asks", "-n", "outside"))
    finally:
        kubectl("delete", "namespace", "outside")
    assert found == {**dict.fromkeys(addresses, True), **dict.fromkeys(closed_addresses, False)}


def test_a_program_that_hangs_is_started_again(kubectl: Command) -> None:
    """Stopped from the node's side, as nothing inside its container could: only its liveness probe can tell."""

    def status() -> dict[str, Any]:
        pods = json.loads(kubectl("get", "pods", "-n", NAMESPACE, "-l", GATEWAY, "-o", "json"))["items"]
        [pod] = [one for one in pods if "deletionTimestamp" not in one["metadata"]]
        return dict(pod["status"]["containerStatuses"][0])

    before = status()
    node = ("docker", "exec", "aiops-control-plane")
    container = before["containerID"].removeprefix("containerd://")
    asked = [*node, "crictl", "inspect", "--output", "go-template", "--template", "{{.info.pid}}", container]
    process = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run([*node, "sh", "-c", f"kill -STOP {process}"], check=True)
    until(lambda: status()["restartCount"] > before["restartCount"], 180, "it was started again")
    until(lambda: status()["ready"], 120, "it answers")
