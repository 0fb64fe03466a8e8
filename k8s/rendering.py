"""What the chart makes: the examples, whole and readable, and the base of kustomize."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from k8s.files import CHART, ROOT, shared
from tools.native.command import Command

EXAMPLES = CHART / "examples"
KUSTOMIZE = ROOT / "k8s" / "kustomize"
BASE = KUSTOMIZE / "base"
RELEASE = "aiops"
SOURCE = re.compile(r"^# Source: aiops/templates/(.+)\.yaml$", re.MULTILINE)
GENERATED = re.compile(r"^(  (?:alertmanager_token|engine_tokens|grafana_admin_password)): \S+$", re.MULTILINE)
# What says that Helm looks after an object, which in kustomize it does not, and the namespace, which overlays choose.
OF_HELM = re.compile(
    rf"^ +(helm\.sh/chart: .*|app\.kubernetes\.io/managed-by: Helm|namespace: {RELEASE})\n", re.MULTILINE
)
# Which datasources a dashboard shows first in a Grafana that has others.
CHOSEN = re.compile(r'("query": "(prometheus|tempo)",)')
BASE_HEAD = "# Made by `make k8s` of the chart and ../values.yaml; change those instead.\n"


def rendered(helm: Command) -> Iterator[tuple[Path, str]]:
    """Yield every file that is made of the chart, and its text. Raises UsageError where the chart does not render."""
    for values in sorted(EXAMPLES.glob("*/values.yaml")):
        text = helm("template", RELEASE, CHART, "--namespace", RELEASE, "--values", values)
        yield values.with_name("rendered.yaml"), readable(text)
    yield from _base(helm)


def readable(text: str) -> str:
    """Put the name of a file in the place of its text, and a word in that of random secrets."""
    text = _tidy(text)
    for name, body in _bodies():
        text = text.replace(body, f"<{name}>\n")
    return GENERATED.sub(r"\1: <generated>", text)


@cache
def _bodies() -> tuple[tuple[str, str], ...]:
    """What is elided: files as they stand in a ConfigMap, indented by four spaces; the longest first."""
    bodies = []
    for source, _ in shared():
        lines = source.read_text(encoding="utf-8").splitlines()
        body = "\n".join(f"    {line}" if line.strip() else "" for line in lines).lstrip() + "\n"
        name = str(source.relative_to(ROOT))
        bodies.append((name, body))
        if source.suffix == ".json":
            chosen = CHOSEN.sub(r'\1 "current": {"text": "aiops-\2", "value": "aiops-\2"},', body)
            bodies.append((f"{name}, with the chart's datasources chosen", chosen))
    return tuple(sorted(bodies, key=lambda one: -len(one[1])))


def _base(helm: Command) -> Iterator[tuple[Path, str]]:
    values = KUSTOMIZE / "values.yaml"
    text = helm("template", RELEASE, CHART, "--namespace", RELEASE, "--values", values, "--skip-tests")
    parts: dict[str, str] = {}
    for document in re.split(r"^---\n", text, flags=re.MULTILINE):
        if found := SOURCE.search(document):
            body = OF_HELM.sub("", SOURCE.sub("", document).strip() + "\n")
            parts[found[1]] = parts.get(found[1], BASE_HEAD) + f"---\n{_tidy(body)}"
    for name, body in sorted(parts.items()):
        yield BASE / f"{name}.yaml", body
    resources = "".join(f"  - {name}.yaml\n" for name in sorted(parts))
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    yield BASE / "kustomization.yaml", f"{BASE_HEAD}{head}resources:\n{resources}"


def _tidy(text: str) -> str:
    """Empty lines are empty: templates indent them."""
    return re.sub(r"^ +$", "", text, flags=re.MULTILINE)
