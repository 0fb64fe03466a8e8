"""The control plane that tests of Kubernetes share, and copies of the chart to change."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from k8s.files import CHART
from k8s.rendering import EXAMPLES
from tools.native.build import ensure
from tools.native.cluster import Cluster, free_port
from tools.native.kits import CLUSTER

ENGINE_PORT = 8000
OF_OPERATOR = {"PrometheusRule": "prometheusrules", "ServiceMonitor": "servicemonitors"}


@contextmanager
def booted() -> Iterator[Cluster]:
    """A cluster with what the chart's examples ask for; the engine's port leads to a free one of this machine."""
    with Cluster(ensure(kit=CLUSTER), {ENGINE_PORT: free_port()}) as one:
        for kind, plural in OF_OPERATOR.items():
            one.kubectl("apply", "-f", "-", given=json.dumps(definition(kind, plural)))
        for plural in OF_OPERATOR.values():
            one.kubectl("wait", "--for=condition=Established", f"crd/{plural}.monitoring.coreos.com", "--timeout=30s")
        one.kubectl("create", "priorityclass", "monitoring", "--value=1000")  # an example asks for it
        yield one


def definition(kind: str, plural: str) -> dict[str, Any]:
    """Stands for the Prometheus operator's own definition: takes whatever has a spec."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": anything}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.monitoring.coreos.com"},
        "spec": {
            "group": "monitoring.coreos.com",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def copied(folder: Path) -> Path:
    """A copy of the chart to change."""
    target = folder / "aiops"
    for source in CHART.rglob("*"):
        if source.is_file() and EXAMPLES not in source.parents:
            copy = target / source.relative_to(CHART)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    return target


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
