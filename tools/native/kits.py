"""What is built: modules with a go.mod each, put together into kits that are built and kept as one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
MANIFEST = HERE.parents[1] / "otel-collector" / "builder.yaml"


@dataclass(frozen=True, slots=True)
class Module:
    """A folder with a go.mod, the programs its `tool` lines name, and variables that are set in them."""

    name: str
    programs: tuple[str, ...]
    stamps: Mapping[str, str] = field(default_factory=dict)

    @property
    def linker_flags(self) -> str:
        """For -ldflags: no symbols, and the stamps."""
        return " ".join(("-s -w", *(f"-X {name}={value}" for name, value in self.stamps.items())))


@dataclass(frozen=True, slots=True)
class Kit:
    """Modules whose programs lie in one folder; with a manifest the Collector is made by its builder."""

    title: str
    modules: tuple[Module, ...]
    manifest: Path | None = None

    @property
    def programs(self) -> tuple[str, ...]:
        """What is there in the end: the builder is not."""
        made = (program for module in self.modules for program in module.programs)
        return tuple("otelcol" if program == "builder" else program for program in made)

    def ingredients(self) -> Iterator[bytes]:
        """Yield all that the programs are made of, but for Go itself."""
        for module in self.modules:
            for file in ("go.mod", "go.sum"):
                yield (HERE / module.name / file).read_bytes()
            if module.stamps:
                yield module.linker_flags.encode()
        if self.manifest:
            yield self.manifest.read_bytes()


STACK = Kit(
    "Prometheus, Alertmanager and the Collector",
    (
        Module("prometheus", ("prometheus", "promtool")),
        Module("alertmanager", ("alertmanager", "amtool")),
        Module("collector", ("builder",)),
    ),
    MANIFEST,
)

# Without these stamps the server does not know its own version, and Helm takes every cluster for Kubernetes 1.20.
KUBERNETES = (1, 36, 1)
HELM = "3.22.0"
_VERSION = "k8s.io/component-base/version"
_CHART, _LINT = "helm.sh/helm/v3/pkg/chartutil", "helm.sh/helm/v3/pkg/lint/rules"
_MAJOR, _MINOR = str(KUBERNETES[0]), str(KUBERNETES[1])
CLUSTER = Kit(
    "a Kubernetes control plane and Helm",
    (
        Module(
            "helm",
            ("helm",),
            {
                "helm.sh/helm/v3/internal/version.version": f"v{HELM}",
                **{f"{package}.k8sVersionMajor": _MAJOR for package in (_CHART, _LINT)},
                **{f"{package}.k8sVersionMinor": _MINOR for package in (_CHART, _LINT)},
            },
        ),
        Module("etcd", ("etcd",)),
        Module("kwok", ("kwok",)),
        Module(
            "kubernetes",
            ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"),
            {
                f"{_VERSION}.gitVersion": "v{}.{}.{}".format(*KUBERNETES),
                f"{_VERSION}.gitMajor": _MAJOR,
                f"{_VERSION}.gitMinor": _MINOR,
            },
        ),
    ),
)
LINT = Kit(
    "actionlint and gitleaks",
    (Module("actionlint", ("actionlint",)), Module("gitleaks", ("gitleaks",))),
)
OPENID = Kit("an OpenID provider", (Module("openid", ("openid-server",)),))
KITS: Mapping[str, Kit] = {"stack": STACK, "cluster": CLUSTER, "lint": LINT, "openid": OPENID}
