"""The engine's watcher on a real control plane: what it may read by the chart's role, and what it tells of. No kubelet
runs there, so that what one would report is written into the status of pods."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops.model import Change
from aiops.sources.kubernetes import KubernetesAccess, KubernetesWatcher, of_kubeconfig
from aiops.testing.waiting import until
from k8s.files import CHART
from tools.native.cluster import Cluster
from tools.native.command import UsageError

pytestmark = [pytest.mark.k8s, pytest.mark.timeout(3600)]  # the first time the programs are built


class SystemTime:
    """The real time, as the objects of the cluster have it."""

    def now(self) -> float:
        return time.time()


def deployment(image: str) -> dict[str, Any]:
    """One that a namespace of restricted pods takes."""
    confined = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    pod = {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "app",
                "image": image,
                "securityContext": confined,
                "env": [{"name": "OTEL_SERVICE_NAME", "value": "payment"}],
                "resources": {"limits": {"memory": "64Mi"}},
            }
        ],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "pay"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "pay"}},
            "template": {"metadata": {"labels": {"app": "pay"}}, "spec": pod},
        },
    }


def applied(cluster: Cluster, namespace: str, of: dict[str, Any]) -> None:
    cluster.kubectl("apply", "-n", namespace, "--server-side", "-f", "-", given=json.dumps(of))


@pytest.fixture
def access(cluster: Cluster, namespace: str) -> Iterator[KubernetesAccess]:
    """What the chart lets an engine of this namespace do, and no more."""
    text = cluster.helm(
        "template", "aiops", CHART, "-n", namespace, "--show-only", "templates/watching.yaml",
        "--show-only", "templates/serviceaccount.yaml",
        "--set=engine.kubernetes.watch=true",
    )  # fmt: skip
    cluster.kubectl("apply", "-n", namespace, "-f", "-", given=text)
    token = cluster.kubectl("create", "token", "aiops-engine", "-n", namespace).strip()
    admin = of_kubeconfig(Path(cluster.environment["KUBECONFIG"]))
    yield KubernetesAccess(url=admin.url, ca=admin.ca, token=token)
    made = [one for one in yaml.safe_load_all(text) if one["kind"].startswith("ClusterRole")]
    for one in made:
        cluster.kubectl("delete", one["kind"].lower(), one["metadata"]["name"])


def test_it_tells_of_a_rollout_a_kill_and_a_warning(cluster: Cluster, namespace: str, access: KubernetesAccess) -> None:
    applied(cluster, namespace, deployment("registry.example.org/pay:1.4.2"))
    told: dict[str, Change] = {}
    watcher = KubernetesWatcher(access, SystemTime(), lambda one, fact: told.setdefault(fact, one), [namespace], 1)
    watcher.start()

    def of(kind: str) -> list[Change]:
        return [one for one in list(told.values()) if one.kind == kind]

    try:
        until(lambda: not watcher.problems and len(pods(cluster, namespace)) == 1, 60, "the pod is there")
        applied(cluster, namespace, deployment("registry.example.org/pay:1.5.0"))
        until(lambda: of("deployment"), 60, "the rollout is told")
        [rollout] = of("deployment")
        assert (rollout.service, rollout.version) == ("payment", "1.5.0")
        assert rollout.who == "kubectl"
        assert "registry.example.org/pay:1.5.0 (was registry.example.org/pay:1.4.2)" in rollout.text
        assert abs(rollout.at - time.time()) < 120
        cluster.kubectl("scale", "deployment", "pay", "--replicas=2", "-n", namespace)

        pod = pods(cluster, namespace)[0]
        killed = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-21T09:35:00Z"}
        status = {
            "containerStatuses": [
                {
                    "name": "app",
                    "image": "registry.example.org/pay:1.5.0",
                    "imageID": "",
                    "ready": False,
                    "restartCount": 1,
                    "state": {"running": {}},
                    "lastState": {"terminated": killed},
                }
            ]
        }
        patch = ("patch", "pod", pod, "-n", namespace, "--subresource=status", "--type=merge")
        cluster.kubectl(*patch, "-p", json.dumps({"status": status}))
        until(lambda: of("oom_kill"), 60, "the kill is told")
        [kill] = of("oom_kill")
        assert (kill.service, kill.text.endswith("had no memory left, its limit is 64Mi")) == ("payment", True)

        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "pay.1"},
            "type": "Warning",
            "reason": "BackOff",
            "message": "Back-off restarting failed container",
            "lastTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "involvedObject": {"kind": "Pod", "namespace": namespace, "name": pod},
        }
        cluster.kubectl("create", "-n", namespace, "-f", "-", given=json.dumps(event))
        until(lambda: any("BackOff" in one.text for one in of("warning")), 60, "the warning is told")
        assert {one.service for one in of("warning")} == {"payment"}
        assert len(of("deployment")) == 1, "more replicas are no rollout"
    finally:
        watcher.stop()


def test_the_role_lets_it_read_and_nothing_else(cluster: Cluster, namespace: str, access: KubernetesAccess) -> None:
    me = f"--as=system:serviceaccount:{namespace}:aiops-engine"

    def may(verb: str, what: str) -> bool:
        try:
            return cluster.kubectl("auth", "can-i", verb, what, me, "-n", namespace).strip() == "yes"
        except UsageError:  # kubectl ends with 1 where the answer is no
            return False

    assert access.token
    assert all(may(verb, what) for verb in ("get", "list", "watch") for what in ("pods", "events", "deployments.apps"))
    assert not any(may(verb, "pods") for verb in ("create", "delete", "patch"))
    assert not may("get", "secrets")
    assert not may("get", "configmaps")


def pods(cluster: Cluster, namespace: str) -> list[str]:
    found = json.loads(cluster.kubectl("get", "pods", "-n", namespace, "-l", "app=pay", "-o", "json"))
    return [one["metadata"]["name"] for one in found["items"]]
