"""The version that packages and chart declare, each in its own file."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGES = ("anomaly-detector/pyproject.toml", "demo-app/pyproject.toml")
CHART = "k8s/helm/aiops/Chart.yaml"


def declared(root: Path) -> Mapping[str, str]:
    """Version by the place that declares it."""
    chart = (root / CHART).read_text(encoding="utf-8")
    return {
        **{one: tomllib.loads((root / one).read_text(encoding="utf-8"))["project"]["version"] for one in PACKAGES},
        **{f"{field} in {CHART}": _field(chart, field) for field in ("version", "appVersion")},
    }


def _field(chart: str, name: str) -> str:
    found = re.search(rf'^{name}: "?([^"\s]+)"?$', chart, re.MULTILINE)
    return found[1] if found else "missing"


def version_of(tag: str) -> str:
    """`0.2.0` of `v0.2.0`. Raises ValueError for anything else."""
    found = re.fullmatch(r"v(\d+\.\d+\.\d+)", tag)
    if not found:
        raise ValueError(f"{tag!r} is no release; one is called like v0.2.0")
    return found[1]


def disagreements(version: str, root: Path) -> Iterator[str]:
    """Yield a sentence for each place that declares another version."""
    for place, other in declared(root).items():
        if other != version:
            yield f"{place} is {other}, not {version}"
