"""`python -m k8s deploy` on a real control plane, with a real engine behind the forwarded port: what works stays, what
does not is taken back."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from aiops.testing.waiting import until
from k8s.files import CHART
from tools.native.cluster import Cluster, free_port

from .conftest import answers
from .k8s_cluster import ENGINE_PORT, change, copied

pytestmark = [pytest.mark.k8s, pytest.mark.timeout(3600)]  # the first time the programs are built
# The engine, its Collector, and stores that are elsewhere: fewer pods to wait for.
VALUES = """\
prometheus: {enabled: false}
tempo: {enabled: false}
alertmanager: {enabled: false}
grafana: {enabled: false}
external:
  prometheus: {url: "http://mimir/prometheus", otlpUrl: "http://mimir/otlp"}
  tempo: {url: "http://tempo:3200", otlpEndpoint: "tempo:4317"}
  alertmanager: {url: "http://alertmanager:9093"}
engine: {settings: {cycle_seconds: 30}}
"""
NOT_THERE = ("--service", "nobody", "--smoke-timeout", "1s")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[str]:
    """A real one, where the port of the release's engine leads."""
    folder, port = tmp_path_factory.mktemp("engine"), cluster.forwards[ENGINE_PORT]
    settings = {
        "AIOPS_PORT": str(port),
        "AIOPS_OTLP_GRPC_PORT": str(free_port()),
        "AIOPS_OTLP_HTTP_PORT": str(free_port()),
        "AIOPS_DATA_DIR": str(folder / "data"),
        "AIOPS_CYCLE_SECONDS": "0.5",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "aiops", "up"], env={**os.environ, **settings}, stdout=log, stderr=log
        )
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/health"), 60, "the engine is up")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


@contextmanager
def started(cluster: Cluster, namespace: str, *more: str | Path) -> Iterator["subprocess.Popen[str]"]:
    values = cluster.folder / "values.yaml"
    values.write_text(VALUES)
    path = f"{cluster.programs.folder}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        [sys.executable, "-m", "k8s", "deploy", "-n", namespace, "--timeout", "60s", "--values", values, *more],
        env={**cluster.environment, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def deploy(cluster: Cluster, namespace: str, *more: str | Path) -> tuple[int, str, str]:
    """Exit status, stdout and stderr."""
    with started(cluster, namespace, *more) as process:
        out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def history(cluster: Cluster, namespace: str) -> list[tuple[int, str]]:
    found = json.loads(cluster.helm("history", "aiops", "-n", namespace, "-o", "json"))
    return [(one["revision"], one["status"]) for one in found]


def setting(cluster: Cluster, namespace: str) -> dict[str, str]:
    """What the engine of the release is given."""
    path = "jsonpath={.spec.template.spec.containers[0].env}"
    said = cluster.kubectl("get", "statefulset", "aiops-engine", "-n", namespace, "-o", path)
    return {one["name"]: one.get("value", "") for one in json.loads(said)}


def marks(cluster: Cluster, namespace: str) -> dict[int, int]:
    """What each revision is marked with."""
    path = 'jsonpath={range .items[*]}{.metadata.labels.version} {.metadata.labels.aiops-works}{"\\n"}{end}'
    said = cluster.kubectl("get", "secret", "-n", namespace, "-l", "owner=helm", "-o", path)
    return {int(number): int(mark) for number, mark in (line.split() for line in said.splitlines())}


def never_ready(folder: Path) -> Path:
    """A chart whose engine does not come up."""
    chart = copied(folder)
    engine = chart / "templates" / "engine.yaml"
    change(engine, "checksum/objectives:", 'fake.local/never-ready: "true"\n        checksum/objectives:')
    return chart


def test_what_works_stays_and_what_does_not_is_taken_back(
    cluster: Cluster, namespace: str, engine: str, tmp_path: Path
) -> None:
    status, out, err = deploy(cluster, namespace, "--without-telemetry")
    assert (status, err) == (0, ""), out
    assert "not installed" in out
    assert "every pod of revision 1 is ready" in out
    assert "helm test: every part answers" in out
    assert out.splitlines()[-1].endswith(f"aiops in namespace {namespace} works")
    assert history(cluster, namespace) == [(1, "deployed")]

    more = ("--set", "engine.settings.cycle_seconds=45", *NOT_THERE)
    status, out, err = deploy(cluster, namespace, *more)
    assert status == 1
    assert "no service is seen" in out
    assert "2 of 2 pods are ready" in out
    assert err == f"k8s: aiops smoke failed; aiops in namespace {namespace} was taken back to revision 1\n"
    assert history(cluster, namespace) == [(1, "superseded"), (2, "superseded"), (3, "deployed")]
    assert marks(cluster, namespace) == {1: 1, 2: 1, 3: 3}
    left = [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]
    assert not [one for one in left if {"port-forward", namespace} <= set(one)]
    assert setting(cluster, namespace)["AIOPS_CYCLE_SECONDS"] == "30"

    chart = never_ready(tmp_path)
    status, out, err = deploy(cluster, namespace, "--chart", chart, "--timeout", "3s", "--without-telemetry")
    assert status == 1
    assert "helm upgrade FAILED" in out
    assert "pod aiops-engine-0: Pending" in out
    assert "was taken back to revision 3" in err
    assert history(cluster, namespace)[-2:] == [(4, "failed"), (5, "deployed")]
    assert setting(cluster, namespace)["AIOPS_CYCLE_SECONDS"] == "30"
    pod = json.loads(cluster.kubectl("get", "pod", "aiops-engine-0", "-n", namespace, "-o", "json"))
    assert pod["status"]["phase"] == "Running"

    status, out, err = deploy(cluster, namespace, "--set", "engine.replicas=2", "--without-telemetry")
    assert status == 1
    assert "helm upgrade failed, and nothing was taken back" in err
    assert f"aiops in namespace {namespace} is as it was: revision 5 (deployed)" in err
    assert len(history(cluster, namespace)) == 5


def test_a_first_install_that_does_not_work_is_removed_and_its_volumes_stay(cluster: Cluster, engine: str) -> None:
    namespace = "made-by-deploy"
    status, out, err = deploy(cluster, namespace, "--smoke-url", f"http://127.0.0.1:{free_port()}", *NOT_THERE)
    assert status == 1
    assert "no answer: Connection refused" in out
    assert "aiops smoke failed" in err
    assert "was uninstalled again" in err
    assert not json.loads(cluster.helm("list", "--all", "-n", namespace, "-o", "json"))
    assert cluster.kubectl("get", "pvc", "-n", namespace, "-o", "name") == "persistentvolumeclaim/aiops-engine\n"
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def test_a_first_install_whose_test_fails_is_removed_with_its_test(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    chart = copied(tmp_path)
    change(chart / "templates" / "tests" / "answers.yaml", "hook: test", 'hook: test\n    fake.local/exit: "1"')
    status, out, err = deploy(cluster, namespace, "--chart", chart)
    assert status == 1
    assert "pod aiops-test: Failed; test Error (1)" in out
    assert "helm test failed" in err
    assert "was uninstalled again" in err
    assert "aiops-test" not in cluster.kubectl("get", "pods", "-n", namespace, "-o", "name")


def test_what_cannot_be_taken_back_stays_whatever_is_deployed_later(
    cluster: Cluster, namespace: str, engine: str
) -> None:
    values = cluster.folder / "values.yaml"
    values.write_text(VALUES)
    cluster.helm("install", "aiops", CHART, "-n", namespace, "--wait", "--timeout", "60s", f"--values={values}")
    cluster.kubectl("patch", "storageclass", "kwok-volume", "--patch", '{"allowVolumeExpansion": true}')
    grown = ("--set", "engine.storage=10Gi", "--smoke-url", engine)
    status, out, err = deploy(cluster, namespace, *grown, *NOT_THERE)
    assert status == 1
    assert "revision 1 (deployed); not tried by a deployment, and taken to work" in out
    assert "aiops smoke failed, and taking it back did too" in err
    assert "can not be less than status.capacity" in err
    assert history(cluster, namespace) == [(1, "superseded"), (2, "superseded"), (3, "failed")]

    status, out, err = deploy(cluster, namespace)
    assert status == 1
    assert "helm upgrade FAILED" in out
    assert "what fails is taken back to revision 1, the newest that is known to work" in out
    assert "taking it back did too" in err
    assert "`helm rollback aiops 1 -n" in err
    assert [number for number, _ in history(cluster, namespace)] == [1, 2, 3, 4, 5]
    assert setting(cluster, namespace), "it is still there"


def test_ctrl_c_leaves_it_said_how_things_stand(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    with started(cluster, namespace, "--chart", never_ready(tmp_path)) as process:
        until(lambda: cluster.kubectl("get", "pods", "-n", namespace, "-o", "name"), 30, "pods are made")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "interrupted during helm upgrade" in err
    assert "is left at revision 1 (failed), untried; `helm uninstall aiops" in err
    assert "Traceback" not in err


def test_a_deployment_that_is_under_way_is_left_alone(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    path = cluster.programs.folder / "helm"
    command = [path, "install", "aiops", never_ready(tmp_path), "-n", namespace, "--wait", "--timeout", "60s"]
    with subprocess.Popen(command, env=cluster.environment, stdout=subprocess.DEVNULL) as other:
        until(lambda: "pending-install" in cluster.helm("list", "--all", "-n", namespace), 30, "somebody deploys")
        other.kill()
    began = time.monotonic()
    status, out, err = deploy(cluster, namespace, "--chart", CHART)
    assert (status, out) == (1, "")
    assert "is at revision 1 (pending-install): somebody deploys now, or a deployment was killed" in err
    assert f"`helm uninstall aiops -n {namespace} --wait` makes it free" in err
    assert time.monotonic() - began < 30
