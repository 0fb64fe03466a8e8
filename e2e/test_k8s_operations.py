"""Commands of docs/kubernetes.md and docs/operations.md for kubectl and helm, typed from top to bottom on a real
control plane.

No container runs there: what would go on inside one is run in test_operations; here such a command has to name an
object, a container and options that exist.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from k8s.files import ROOT
from tools.native.build import ensure
from tools.native.cluster import Cluster
from tools.native.command import UsageError
from tools.native.kits import CLUSTER

from .documented import Shown, of, shown

pytestmark = [pytest.mark.k8s, pytest.mark.timeout(3600)]
INTO_CONTAINERS = ("exec", "port-forward", "logs")
FILES = {
    "mine.yaml": ROOT / "demo-app" / "shop" / "objectives.yaml",
    "rules.yml": ROOT / "prometheus" / "rules" / "slo.yml",
    "alerting.yaml": ROOT / "grafana" / "provisioning" / "alerting" / "slo.yaml",
}


class Desk:
    """A folder to type commands in: the repository's k8s/, files of objectives, and a cluster."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        (folder / "k8s").symlink_to(ROOT / "k8s")
        for name, source in FILES.items():
            shutil.copyfile(source, folder / name)
        programs = ensure(kit=CLUSTER).folder
        self._environment = {**cluster.environment, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        everywhere = cluster.kubectl("options")
        self._options = {verb: everywhere + cluster.kubectl(verb, "--help") for verb in INTO_CONTAINERS}

    def type(self, text: str) -> str:
        """Run a line as a shell does. Raises UsageError."""
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", text.replace("REGISTRY", "registry.example.org")],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=180,
        )
        if done.returncode != 0:
            raise UsageError(f"{text}: {(done.stderr + done.stdout).strip()}")
        return done.stdout

    def do(self, one: Shown) -> None:
        """Run a command, or check one that reaches into a container. Raises UsageError."""
        verb = one.words()[1]
        if one.program == "sh" or verb not in INTO_CONTAINERS:
            self.type(one.text)
            return
        if " | " in one.text.partition(" -- ")[0]:
            before = one.text.partition(" -- ")[0].rpartition(" | ")[0]
            assert self.type(before), before
        self.names_what_exists(one)

    def names_what_exists(self, one: Shown) -> None:
        """Raises UsageError, or AssertionError for an option, a container or a port that is not there."""
        words = one.words()
        for word in words:
            if word.startswith("-"):
                option = rf"(^|[\s,]){re.escape(word.partition('=')[0])}\b"
                assert re.search(option, self._options[words[1]]), f"{word} in {one.text}"
        [target] = [word for word in words if "/" in word]
        namespace = words[words.index("-n") + 1]
        found = json.loads(self.cluster.kubectl("get", "-n", namespace, target, "-o", "json"))
        if words[1] == "port-forward":
            assert int(words[-1]) in {port["port"] for port in found["spec"]["ports"]}, one.text
            return
        spec = found["spec"].get("template", found)["spec"]
        assert words[words.index("-c") + 1] in {container["name"] for container in spec["containers"]}, one.text

    def takes(self, one: Shown) -> bool:
        try:
            self.names_what_exists(one)
        except (UsageError, AssertionError):
            return False
        return True


def broken(one: Shown) -> Iterator[Shown]:
    """The same command with one mistake each: in the object, its kind, the namespace, an option, the container or the
    port."""
    before, arrow, inside = one.text.partition(" -- ")
    earlier, pipe, last = before.rpartition(" | ")
    target = next(word for word in one.words() if "/" in word)
    wrong = [
        last.replace(target, f"{target}x"),
        last.replace(target, f"x{target}"),
        last.replace(" -n aiops ", " -n aiop "),
        last.replace(" -n aiops ", " -n aiops --stdn "),
        re.sub(r" -c (\S+)", r" -c \1s", last) if " -c " in last else f"{last}1",
    ]
    for each in wrong:
        assert each != last
        yield replace(one, text=f"{earlier}{pipe}{each}{arrow}{inside}")


@pytest.fixture
def aiops(cluster: Cluster) -> Iterator[None]:
    """The namespace that the pages speak of is not there yet, and goes in the end."""
    cluster.kubectl("wait", "--for=delete", "namespace/aiops", "--timeout=60s")
    yield
    cluster.kubectl("delete", "namespace", "aiops", "--wait=false")


@pytest.mark.usefixtures("aiops")
def test_the_pages_are_true_from_top_to_bottom(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk(cluster, tmp_path)
    mine = [one for one in shown("kubernetes.md") if one.program in ("helm", "kubectl", "sh")]
    first = next(place for place, one in enumerate(mine) if one.text == "kubectl create namespace aiops")
    # Kustomize's way and Helm's are one or the other: of the first no more is left than a namespace.
    with_kustomize = mine[first : first + 3]
    desk.do(with_kustomize[0])
    desk.do(with_kustomize[1])
    desk.type(f"{with_kustomize[2].text} --dry-run=server")
    cluster.kubectl("label", "namespace", "aiops", "pod-security.kubernetes.io/enforce=restricted")
    cluster.kubectl("delete", "-n", "aiops", "secret/aiops-secrets")
    with_helm = [one for one in mine if one not in with_kustomize]
    checked, rotated = set[str](), 0
    for one in (*with_helm, *(one for one in of("helm", "kubectl", "sh") if one.page == "operations.md")):
        before = tokens(cluster) if "secret.sh" in one.text else ""
        desk.do(one)
        if before:
            assert tokens(cluster) != before
            rotated += 1
        verb = one.words()[1]
        if one.program == "kubectl" and verb in INTO_CONTAINERS and verb not in checked:
            checked.add(verb)
            for wrong in broken(one):
                assert not desk.takes(wrong), f"taken for right: {wrong.text}"
    assert checked == set(INTO_CONTAINERS)
    assert rotated == 1
    before = tokens(cluster)
    desk.type("helm upgrade aiops k8s/helm/aiops -n aiops --reset-then-reuse-values")
    assert tokens(cluster) == before, "Helm keeps what was put in its place"


def tokens(cluster: Cluster) -> str:
    """The secret's, as they are stored; none before it is made."""
    asked = (
        "get",
        "secret",
        "aiops-secrets",
        "-n",
        "aiops",
        "--ignore-not-found",
        "-o",
        "jsonpath={.data.engine_tokens}",
    )
    return cluster.kubectl(*asked)
