"""Configuration that the chart shares with the compose stack: Helm reads no file outside of a chart, so it has
copies."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHART = ROOT / "k8s" / "helm" / "aiops"
FILES = CHART / "files"
# Folders of which every file is copied, and what it is called there.
SHARED = (
    "prometheus/prometheus.yml",
    "prometheus/rules/*.yml",
    "alertmanager/alertmanager.yml",
    "alertmanager/render.sh",
    "alertmanager/templates/*.tmpl",
    "otel-collector/config.yaml",
    "tempo/tempo.yaml",
    "grafana/dashboards/*.json",
    "grafana/provisioning/*/*.yaml",
)
OBJECTIVES = ROOT / "demo-app" / "shop" / "objectives.yaml"


def shared() -> Iterator[tuple[Path, Path]]:
    """Yield each file of the stack and its copy in the chart."""
    for pattern in SHARED:
        for source in sorted(ROOT.glob(pattern)):
            yield source, FILES / source.relative_to(ROOT)
    yield OBJECTIVES, FILES / "objectives" / OBJECTIVES.name


def copies() -> dict[Path, bytes]:
    """What the chart must have, by file."""
    return {copy: source.read_bytes() for source, copy in shared()}


def stale(folder: Path) -> Iterator[Path]:
    """Yield files below a folder that are nobody's copy; what the chart has of its own lies in `files` itself."""
    wanted = copies()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.parent != FILES and file not in wanted:
            yield file
