"""A Kubernetes control plane on loopback: the real API server, controllers and scheduler; nodes are only claimed."""

import json
import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.native.build import Programs
from tools.native.command import UsageError, runner
from tools.native.components import Component
from tools.native.kits import HERE
from tools.native.process import NotReady, Process

START_SECONDS = 60.0
POLL_SECONDS = 0.1
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: here, cluster: {{server: "https://127.0.0.1:{port}", certificate-authority: {certificate}}}}}]
users: [{{name: admin, user: {{token: {token}}}}}]
contexts: [{{name: here, context: {{cluster: here, user: admin}}}}]
current-context: here
"""


class Cluster:
    """Two TCP ports are opened, on loopback: of the API server, and of what stands for a kubelet. All else is a
    temporary folder that goes with the cluster.

    `forwards` says what stands for the containers' ports: `kubectl port-forward` to a port of any pod leads to that
    port of this machine.
    """

    def __init__(self, programs: Programs, forwards: Mapping[int, int] | None = None) -> None:
        self.programs, self.forwards = programs, dict(forwards or {})
        # Not below pytest's folders: the path of a socket has 107 bytes at most.
        self.folder = Path(tempfile.mkdtemp(prefix="k8s-"))
        self.port, self._node_port = free_port(), free_port()
        self._processes: list[Process] = []
        self.kubectl = runner(programs["kubectl"], self.environment)
        self.helm = runner(programs["helm"], self.environment)

    @property
    def environment(self) -> Mapping[str, str]:
        """What kubectl and helm run in: this cluster alone, nothing of the user's and nothing left in the home."""
        homes = {f"HELM_{one}_HOME": str(self.folder / "helm" / one.lower()) for one in ("CACHE", "CONFIG", "DATA")}
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("HELM_", "KUBE"))},
            **homes,
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "KUBECACHEDIR": str(self.folder / "kubecache"),
        }

    def start(self) -> None:
        """Start everything; return when pods can be made. Raises NotReady, and then nothing is left running."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything at once, and remove what it kept."""
        for process in reversed(self._processes):
            process.kill()
            process.close()
        self._processes.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        keys = self.folder / "pki"
        keys.mkdir()
        token = secrets.token_hex(16)
        _write(keys / "tokens.csv", f"{token},admin,admin,system:masters\n")
        certificate = keys / "apiserver.crt"
        kubeconfig = KUBECONFIG.format(port=self.port, certificate=certificate, token=token)
        _write(self.folder / "kubeconfig", kubeconfig)
        _write(self.folder / "forwards.yaml", json.dumps(_forwarding(self.forwards)))
        waiting = {
            "kube-apiserver": ("get", "--raw", "/readyz"),
            # Pods are refused before this is there.
            "kwok": ("get", "serviceaccount", "default"),
        }
        for component in self._components(keys):
            process = Process(component, self.folder / "log" / f"{component.name}.log")
            self._processes.append(process)
            process.start()
            if component.name in waiting:
                self._wait(process, waiting[component.name])
        self.kubectl("apply", "-f", HERE / "kwok" / "nodes.yaml")
        self.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=30s")

    def _components(self, keys: Path) -> Iterator[Component]:
        sockets = f"unix://{self.folder}/etcd.sock", f"unix://{self.folder}/peer.sock"
        # The key of the server's own certificate, which it makes when it starts, signs service accounts as well.
        key = keys / "apiserver.key"
        client = (f"--kubeconfig={self.folder / 'kubeconfig'}", "--kube-api-qps=200", "--kube-api-burst=400")
        local = ("--bind-address=127.0.0.1", "--secure-port=0", "--leader-elect=false")
        yield self._component(
            "etcd",
            "--name=default",
            f"--data-dir={self.folder / 'etcd'}",
            "--unsafe-no-fsync",
            "--log-level=warn",
            f"--listen-client-urls={sockets[0]}",
            f"--advertise-client-urls={sockets[0]}",
            f"--listen-peer-urls={sockets[1]}",
            f"--initial-advertise-peer-urls={sockets[1]}",
            f"--initial-cluster=default={sockets[1]}",
        )
        yield self._component(
            "kube-apiserver",
            f"--etcd-servers={sockets[0]}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            "--endpoint-reconciler-type=none",
            f"--cert-dir={keys}",
            f"--token-auth-file={keys / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--anonymous-auth=false",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.96.0.0/16",
        )
        yield self._component(
            "kube-controller-manager",
            *client,
            *local,
            f"--service-account-private-key-file={key}",
            f"--root-ca-file={keys / 'apiserver.crt'}",
            f"--flex-volume-plugin-dir={self.folder / 'flex'}",  # else it makes one in /usr
            "--horizontal-pod-autoscaler-sync-period=2s",
        )
        yield self._component("kube-scheduler", *client, *local)
        yield self._component(
            "kwok",
            client[0],
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
            "--cidr=10.244.0.0/16",
            "--node-ip=127.0.0.1",
            f"--node-port={self._node_port}",
            f"--server-address=127.0.0.1:{self._node_port}",
            f"--config={HERE / 'kwok' / 'stages.yaml'}",
            f"--config={self.folder / 'forwards.yaml'}",
        )

    def _component(self, name: str, *arguments: str) -> Component:
        return Component(name, (str(self.programs[name]), *arguments), (), ())

    def _wait(self, process: Process, question: tuple[str, ...]) -> None:
        over = time.monotonic() + START_SECONDS
        while True:
            process.wait_ready()
            try:
                self.kubectl(*question)
            except UsageError as error:
                if time.monotonic() > over:
                    said = process.log.read_text(errors="replace")[-2000:]
                    raise NotReady(f"{process.component.name}: {error}\n{said}") from None
                time.sleep(POLL_SECONDS)
            else:
                return


def free_port() -> int:
    """A TCP port of loopback that nothing listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _forwarding(forwards: Mapping[int, int]) -> dict[str, object]:
    """What kwok is told of them, as a document of its own."""
    targets = [{"ports": [port], "target": {"address": "127.0.0.1", "port": here}} for port, here in forwards.items()]
    head = {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterPortForward", "metadata": {"name": "here"}}
    return {**head, "spec": {"forwards": targets}}


def _write(file: Path, text: str) -> None:
    """Write what nobody else may read."""
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
