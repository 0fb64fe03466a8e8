"""Collector and shop grow with the CPU they use. The metrics are made up, the autoscaler is Kubernetes' own."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from aiops.testing.waiting import until
from tools.native.cluster import Cluster

from .test_k8s import install

pytestmark = [pytest.mark.k8s, pytest.mark.timeout(3600)]
SCALED = ["aiops-collector", *(f"aiops-{name}" for name in ("catalog", "checkout", "gateway", "inventory", "payment"))]
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
POD_METRICS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": "pods.metrics.k8s.io",
        "annotations": {"api-approved.kubernetes.io": "unapproved, stands for the metrics server"},
    },
    "spec": {
        "group": "metrics.k8s.io",
        "names": {"kind": "PodMetrics", "plural": "pods", "singular": "podmetrics"},
        "scope": "Namespaced",
        "versions": [{"name": "v1beta1", "served": True, "storage": True, "schema": {"openAPIV3Schema": ANYTHING}}],
    },
}


@pytest.fixture
def measured(cluster: Cluster) -> Iterator[None]:
    """The metrics API, without anything that measures."""
    cluster.kubectl("apply", "-f", "-", given=json.dumps(POD_METRICS))
    cluster.kubectl("wait", "--for=condition=Established", "crd/pods.metrics.k8s.io", "--timeout=30s")
    yield
    cluster.kubectl("delete", "crd", "pods.metrics.k8s.io")


def use(cluster: Cluster, namespace: str, part: float) -> None:
    """Say that every container uses this part of the CPU it asks for."""
    pods = json.loads(cluster.kubectl("get", "pods", "-n", namespace, "-o", "json"))["items"]
    told = [
        {
            "apiVersion": "metrics.k8s.io/v1beta1",
            "kind": "PodMetrics",
            "metadata": {**{key: pod["metadata"][key] for key in ("name", "namespace", "labels")}},
            # Of a pod that has just come up only what was measured since then counts.
            "timestamp": (datetime.now(UTC) + timedelta(minutes=1)).isoformat(),
            "window": "15s",
            "containers": [
                {
                    "name": one["name"],
                    "usage": {
                        "cpu": f"{part * float(one['resources']['requests']['cpu'].removesuffix('m')):.0f}m",
                        "memory": "50Mi",
                    },
                }
                for one in pod["spec"]["containers"]
            ],
        }
        for pod in pods
    ]
    cluster.kubectl("apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": told}))


def replicas(cluster: Cluster, namespace: str) -> dict[str, int]:
    found = json.loads(cluster.kubectl("get", "deployment", "-n", namespace, "-o", "json"))["items"]
    return {one["metadata"]["name"]: one["spec"]["replicas"] for one in found if one["metadata"]["name"] in SCALED}


def until_replicas(cluster: Cluster, namespace: str, wanted: dict[str, int]) -> None:
    until(lambda: replicas(cluster, namespace) == wanted, 60, f"so many replicas: {wanted}")


def test_collector_and_shop_grow_with_what_they_use_and_not_beyond_their_most(
    cluster: Cluster, namespace: str, measured: None
) -> None:
    scaling = ["--set=shop.enabled=true"]
    scaling += [f"--set={one}.autoscaling.enabled=true" for one in ("collector", "shop")]
    install(cluster, namespace, *scaling)
    until_replicas(cluster, namespace, dict.fromkeys(SCALED, 2))  # the least of each
    use(cluster, namespace, 1.0)  # of 70 % that are aimed at: 2 × 100 / 70, upwards
    until_replicas(cluster, namespace, dict.fromkeys(SCALED, 3))
    use(cluster, namespace, 10.0)
    until_replicas(cluster, namespace, {one: 6 if one == "aiops-collector" else 4 for one in SCALED})
    install(cluster, namespace, *scaling, "--set=engine.cpu=300m")
    assert replicas(cluster, namespace)["aiops-collector"] == 6, "an upgrade does not set back what has grown"
