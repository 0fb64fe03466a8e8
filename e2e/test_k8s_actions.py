"""The executor of Kubernetes on a real control plane, with the rights of the chart's Role and no more.

No container runs there: what was done is judged by the objects.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from aiops.act.executor import ExecutionResult
from aiops.act.executors.kubernetes import ATTEMPT, KubernetesExecutor
from aiops.model import Action, ActionEvidence, ActionKind, ActionState, BlastRadius, Origin
from aiops.testing.waiting import until
from k8s.files import CHART
from tools.native.cluster import Cluster

from .k8s_cluster import booted

pytestmark = [pytest.mark.k8s, pytest.mark.timeout(3600)]
NAMESPACE: Final = "shop-actions"
SECONDS: Final = 60.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with booted() as one:
        one.kubectl("create", "namespace", NAMESPACE)
        one.kubectl("create", "namespace", "aiops-actions")
        made = one.helm(
            *("template", "aiops", str(CHART), "--namespace", "aiops-actions"),
            *("-s", "templates/actions.yaml", "-s", "templates/serviceaccount.yaml"),
            *("--set", "images.registry=registry.example.org", "--set", "actions.kubernetes.enabled=true"),
            *("--set", f"actions.kubernetes.namespaces={{{NAMESPACE}}}"),
        )
        one.kubectl("apply", "-f", "-", given=made)
        yield one


def rendered(cluster: Cluster, *more: str) -> list[Any]:
    """The whole chart, with actions as given."""
    base = ("template", "aiops", str(CHART), "--namespace", "aiops-actions", "--set", "images.registry=example.org")
    return [one for one in yaml.safe_load_all(cluster.helm(*base, *more)) if one]


def test_the_chart_gives_the_engine_its_policy_and_its_own_account(cluster: Cluster, tmp_path: Path) -> None:
    policy = tmp_path / "actions.yaml"
    policy.write_text("dry_run: true\nactions: []\n")
    on = ("--set", "actions.kubernetes.enabled=true", "--set", f"actions.kubernetes.namespaces={{{NAMESPACE}}}")
    made = rendered(cluster, *on, "--set-file", f"actions.policy={policy}", "--set", "actions.secret=hooks")
    [config] = [one for one in made if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "aiops-actions"]
    assert config["data"]["actions.yaml"] == policy.read_text()
    pods = [one["spec"]["template"]["spec"] for one in made if one["kind"] in ("StatefulSet", "Deployment")]
    accounts = [one["serviceAccountName"] for one in pods]
    assert accounts.count("aiops-engine") == 1
    assert not any(one["automountServiceAccountToken"] for one in pods)
    [engine] = [one for one in pods if one["serviceAccountName"] == "aiops-engine"]
    environment = {one["name"]: one.get("value") for one in engine["containers"][0]["env"]}
    assert environment["AIOPS_ACTIONS_FILE"] == "/etc/aiops/actions/actions.yaml"
    mounts = {one["name"]: one["mountPath"] for one in engine["containers"][0]["volumeMounts"]}
    assert mounts["actions"] == "/etc/aiops/actions"
    assert mounts["actions-secret"] == "/run/secrets/actions"
    assert mounts["account"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    [network] = [one for one in made if one["metadata"]["name"] == "aiops-network-aiops"]
    assert {} in network["spec"]["egress"], "the engine reaches webhooks and the API of Kubernetes"


def test_without_actions_the_chart_has_no_rights(cluster: Cluster) -> None:
    made = rendered(cluster)
    assert not {one["kind"] for one in made} & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    assert "AIOPS_ACTIONS_FILE" not in json.dumps(made)


@pytest.fixture
def deployment(cluster: Cluster) -> Iterator[None]:
    """A Deployment of two revisions: 1.4.2, and now 1.5.0."""
    for version in ("1.4.2", "1.5.0"):
        cluster.kubectl("apply", "-f", "-", given=json.dumps(manifest(version)))
        until(
            lambda: found(cluster)["status"].get("observedGeneration") == found(cluster)["metadata"]["generation"],
            SECONDS,
        )
    until(lambda: len(sets(cluster)) == 2, SECONDS)
    yield
    cluster.kubectl("delete", "deployment", "payment", "-n", NAMESPACE, "--wait=true")
    until(lambda: not sets(cluster), SECONDS)


def manifest(version: str) -> dict[str, Any]:
    labels = {"app": "payment"}
    pod = {"containers": [{"name": "payment", "image": f"registry.example.org/payment:{version}"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "payment", "namespace": NAMESPACE},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }


def found(cluster: Cluster) -> dict[str, Any]:
    one: dict[str, Any] = json.loads(cluster.kubectl("get", "deployment", "payment", "-n", NAMESPACE, "-o", "json"))
    return one


def sets(cluster: Cluster) -> list[Any]:
    some: list[Any] = json.loads(cluster.kubectl("get", "replicasets", "-n", NAMESPACE, "-o", "json"))["items"]
    return some


def image(cluster: Cluster) -> str:
    return str(found(cluster)["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]


@pytest.fixture
def action(cluster: Cluster, tmp_path: Path) -> Action:
    """A rollback, by the service account that the Role of the chart is bound to."""
    token = tmp_path / "token"
    token.write_text(cluster.kubectl("create", "token", "aiops-engine", "-n", "aiops-actions"))
    parameters = {
        "namespace": NAMESPACE,
        "deployment": "payment",
        "container": "",
        "add": 2,
        "most": 5,
        "api_url": f"https://127.0.0.1:{cluster.port}",
        "token_file": str(token),
        "ca_file": str(cluster.folder / "pki" / "apiserver.crt"),
        "timeout_seconds": 10.0,
    }
    return Action(
        id="ACT-1-1",
        key="k",
        kind=ActionKind.ROLLBACK,
        policy="p",
        executor="kubernetes",
        target="payment",
        parameters=parameters,
        evidence=ActionEvidence(subject="INC-1-1", episode=0.0, version="1.5.0", instead="1.4.2"),
        blast=BlastRadius(("payment",)),
        undo="",
        dry_run=False,
        origin=Origin.CAUSE,
        proposed_by="engine",
        proposed_at=0.0,
        expires_at=0.0,
        digest="",
        state=ActionState.EXECUTING,
    )


@pytest.mark.usefixtures("deployment")
def test_a_rollback_its_proof_and_its_undo(cluster: Cluster, action: Action) -> None:
    executor = KubernetesExecutor(lambda: 0.0)
    assert executor.ask(action, "first").result == ExecutionResult.NOT_DONE
    report = executor.execute(action, "first")
    assert report.result == ExecutionResult.DONE, report.text
    assert image(cluster) == "1.4.2"
    assert found(cluster)["metadata"]["annotations"][ATTEMPT] == "first"
    asked = executor.ask(action, "first")
    assert (asked.result, asked.observed) == (ExecutionResult.DONE, report.observed)
    until(
        lambda: (
            len({one["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for one in sets(cluster)}) == 2
        ),
        SECONDS,
    )
    undone = executor.undo(action, "second", asked.observed)
    assert undone.result == ExecutionResult.DONE, undone.text
    assert image(cluster) == "1.5.0"
    assert executor.ask(action, "first").result == ExecutionResult.NOT_DONE


@pytest.mark.usefixtures("deployment")
def test_a_rollback_to_what_is_not_there_changes_nothing(cluster: Cluster, action: Action) -> None:
    nowhere = replace(action, evidence=replace(action.evidence, instead="0.9.0"))
    report = KubernetesExecutor(lambda: 0.0).execute(nowhere, "first")
    assert (report.result, "no earlier revision of version 0.9.0" in report.text) == (ExecutionResult.NOT_DONE, True)
    assert image(cluster) == "1.5.0"


@pytest.mark.usefixtures("deployment")
def test_a_scale_out_has_its_limit_and_its_undo(cluster: Cluster, action: Action) -> None:
    scale, executor = replace(action, kind=ActionKind.SCALE_OUT), KubernetesExecutor(lambda: 0.0)
    for attempt, replicas in (("first", 4), ("second", 5)):
        report = executor.execute(scale, attempt)
        assert report.result == ExecutionResult.DONE, report.text
        assert found(cluster)["spec"]["replicas"] == replicas
    assert executor.execute(scale, "third").result == ExecutionResult.NOT_DONE
    assert executor.undo(scale, "fourth", report.observed).result == ExecutionResult.DONE
    assert found(cluster)["spec"]["replicas"] == 4


@pytest.mark.usefixtures("deployment")
def test_a_restart_makes_new_pods_of_the_same(cluster: Cluster, action: Action) -> None:
    restart = replace(action, kind=ActionKind.RESTART)
    assert KubernetesExecutor(lambda: 0.0).execute(restart, "first").result == ExecutionResult.DONE
    annotations = found(cluster)["spec"]["template"]["metadata"]["annotations"]
    assert annotations["kubectl.kubernetes.io/restartedAt"] == "1970-01-01T00:00:00+00:00"
    assert image(cluster) == "1.5.0"


@pytest.mark.usefixtures("deployment")
def test_the_role_allows_this_and_no_more(cluster: Cluster, action: Action) -> None:
    elsewhere = replace(action, parameters={**action.parameters, "namespace": "default"})
    report = KubernetesExecutor(lambda: 0.0).execute(elsewhere, "first")
    assert (report.result, "403" in report.text) == (ExecutionResult.NOT_DONE, True)
    who = "--as=system:serviceaccount:aiops-actions:aiops-engine"
    said = cluster.kubectl("auth", "can-i", "--list", "-n", NAMESPACE, who)
    rows = [line.split()[0] + " " + line[line.rindex("[") :] for line in said.splitlines() if ".apps" in line]
    assert sorted(rows) == ["deployments.apps [get patch]", "replicasets.apps [list]"]
    assert "secrets" not in said
    assert "pods" not in said
