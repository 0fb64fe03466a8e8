"""What objects of Kubernetes tell, in the form in which its API writes them."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops.config import ConfigError
from aiops.sources.kubernetes import in_cluster, of_kubeconfig
from aiops.sources.kubernetes.facts import Template, kills, rollout, warning
from aiops.sources.kubernetes.naming import guessed, service_of, workload_version

AT = 1_795_253_700.0
TIME = "2026-11-21T09:35:00Z"


def workload(image: str = "registry.example:5000/shop/payment:1.4.2", **of: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "payment",
            "namespace": "shop",
            "uid": "u1",
            "generation": 3,
            "labels": of.get("labels", {}),
            "managedFields": [
                {"manager": "kubectl-set", "time": TIME, "fieldsV1": {"f:spec": {"f:template": {}}}},
                {"manager": "k3s", "time": "2026-11-21T09:40:00Z", "subresource": "status", "fieldsV1": {"f:spec": {}}},
            ],
        },
        "spec": {
            "replicas": of.get("replicas", 1),
            "template": {
                "metadata": {"labels": of.get("pod_labels", {})},
                "spec": {"containers": [{"name": "app", "image": image, "env": of.get("env", [])}]},
            },
        },
    }


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ({"env": [{"name": "OTEL_SERVICE_NAME", "value": "pay"}]}, "pay"),
        ({"env": [{"name": "OTEL_RESOURCE_ATTRIBUTES", "value": "a=b,service.name=pay2"}]}, "pay2"),
        ({"env": [{"name": "OTEL_SERVICE_NAME", "valueFrom": {"fieldRef": {}}}], "labels": {}}, "payment"),
        ({"pod_labels": {"app.kubernetes.io/name": "of-the-pod"}}, "of-the-pod"),
        ({"labels": {"app.kubernetes.io/name": "of-the-workload"}}, "of-the-workload"),
        ({}, "payment"),
    ],
)
def test_a_service_has_the_name_of_its_telemetry(of: dict[str, Any], expected: str) -> None:
    assert service_of(workload(**of)) == expected


def test_a_version_is_the_label_or_the_tag_of_the_images() -> None:
    assert workload_version(workload()) == "1.4.2"
    assert workload_version(workload("registry.example:5000/payment")) == ""
    assert workload_version(workload("payment:1.5.0@sha256:12")) == "1.5.0"
    assert workload_version(workload(pod_labels={"app.kubernetes.io/version": "9"})) == "9"


def test_a_rollout_is_another_template_and_nothing_else() -> None:
    before = Template.of(workload())
    assert rollout("Deployment", workload(replicas=5), before, AT) is None
    found = rollout("Deployment", workload("registry.example:5000/shop/payment:1.5.0"), before, AT + 99)
    assert found is not None
    assert (found.change.at, found.change.who, found.change.version) == (AT, "kubectl-set", "1.5.0")
    assert found.change.text == (
        "rollout of Deployment shop/payment: registry.example:5000/shop/payment:1.5.0 "
        "(was registry.example:5000/shop/payment:1.4.2)"
    )
    assert found.key == "kubernetes:rollout:u1:3"
    other = rollout("Deployment", workload(env=[{"name": "A", "value": "b"}]), before, AT)
    assert other is not None
    assert "its images did not" in other.change.text


def pod(reason: str = "OOMKilled") -> dict[str, Any]:
    return {
        "metadata": {
            "name": "payment-7d9c5b8f6d-x2vwz",
            "namespace": "shop",
            "uid": "p1",
            "ownerReferences": [{"kind": "ReplicaSet", "name": "payment-7d9c5b8f6d", "controller": True}],
        },
        "spec": {"containers": [{"name": "app", "resources": {"limits": {"memory": "256Mi"}}}]},
        "status": {
            "containerStatuses": [
                {
                    "name": "app",
                    "state": {"running": {}},
                    "lastState": {"terminated": {"reason": reason, "finishedAt": TIME}},
                },
                {"name": "proxy", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {}},
            ]
        },
    }


def test_a_kill_names_the_container_and_its_limit() -> None:
    [found] = kills(pod())
    assert (found.change.kind, found.change.service, found.change.at) == ("oom_kill", "payment", AT)
    assert found.change.text == (
        "container app of shop/payment-7d9c5b8f6d-x2vwz had no memory left, its limit is 256Mi"
    )
    assert list(kills(pod("Error"))) == []
    assert list(kills({})) == []


def event(**of: Any) -> dict[str, Any]:
    about = {"kind": "Pod", "namespace": "shop", "name": "payment-7d9c5b8f6d-x2vwz"}
    return {
        "type": "Warning",
        "reason": "BackOff",
        "message": "Back-off restarting failed container",
        "involvedObject": about,
        "lastTimestamp": TIME,
        **of,
    }


def test_warnings_of_one_reason_within_minutes_are_one() -> None:
    first, later = warning(event(), "payment"), warning(event(lastTimestamp="2026-11-21T09:36:00Z"), "payment")
    assert first is not None
    assert later is not None
    assert first.key == later.key
    assert first.change.text == "BackOff of Pod shop/payment-7d9c5b8f6d-x2vwz: Back-off restarting failed container"
    assert warning(event(type="Normal"), "payment") is None
    assert warning(event(involvedObject={"kind": "Node", "name": "n1"}), "n1") is None
    assert warning(event(lastTimestamp=None), "payment") is None
    newer = warning(event(lastTimestamp=None, eventTime="2026-11-21T09:35:00.000000Z"), "payment")
    assert newer is not None
    assert newer.change.at == AT


def test_a_workload_is_guessed_by_what_controllers_add_to_its_name() -> None:
    assert guessed("Pod", "payment-7d9c5b8f6d-x2vwz") == "payment"
    assert guessed("Pod", "store-0") == "store"
    assert guessed("Pod", "agent-x2vwz") == "agent"
    assert guessed("ReplicaSet", "payment-7d9c5b8f6d") == "payment"
    assert guessed("Deployment", "payment-v2") == "payment-v2"


def test_a_pod_reads_its_token_anew_for_each_connection(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first\n")
    access = in_cluster({"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}, tmp_path)
    assert (access.url, access.endpoint(1).bearer) == ("https://[fd00::1]:6443", "first")
    (tmp_path / "token").write_text("second\n")
    assert access.endpoint(1).bearer == "second"
    with pytest.raises(ConfigError, match="this is no pod"):
        in_cluster({}, tmp_path)


def kubeconfig(folder: Path, user: dict[str, Any], server: str = "https://127.0.0.1:6443") -> Path:
    data = base64.b64encode(b"PEM").decode()
    file = folder / "config"
    file.write_text(
        yaml.safe_dump(
            {
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
                "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority-data": data}}],
                "users": [{"name": "u", "user": user}],
            }
        )
    )
    return file


def test_a_kubeconfig_gives_address_and_credentials(tmp_path: Path) -> None:
    access = of_kubeconfig(kubeconfig(tmp_path, {"client-certificate": "cert.pem", "client-key": "key.pem"}))
    assert access.url == "https://127.0.0.1:6443"
    assert access.certificate == str(tmp_path / "cert.pem")
    assert Path(access.ca).read_text() == "PEM"
    assert Path(access.ca).stat().st_mode & 0o077 == 0


def test_what_a_kubeconfig_cannot_give_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="credentials from a program"):
        of_kubeconfig(kubeconfig(tmp_path, {"exec": {"command": "aws"}}))
    with pytest.raises(ConfigError, match="must be like https"):
        of_kubeconfig(kubeconfig(tmp_path, {"token": "t"}, "http://10.0.0.1"))
    (tmp_path / "config").write_text("current-context: there\n")
    with pytest.raises(ConfigError, match="no context of the name 'there'"):
        of_kubeconfig(tmp_path / "config")
    with pytest.raises(ConfigError, match="cannot be read"):
        of_kubeconfig(tmp_path / "none")
