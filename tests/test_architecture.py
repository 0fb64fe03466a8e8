"""The repository is as its documents say: paths exist, layers are few, and a public name means one thing."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "anomaly-detector" / "aiops"
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]
NAMED = [page for page in PAGES if page.name != "CHANGELOG.md"]
BEGIN = (".", "anomaly-detector", "anomaly-detector/aiops", "demo-app", "docs", "k8s/kustomize", "prometheus")
MADE = {"artifacts/", "targets/alertmanager.yml"}
"""Folders that a path of a document may begin in, and what is made where it runs."""


def paths(text: str) -> Iterator[str]:
    """Paths of a document in code: with a folder, and with the ending of a file of ours or none."""
    for span in re.findall(r"`([^`\n]+)`", text):
        for word in span.split():
            if re.fullmatch(r"[A-Za-z.][\w.-]*(/[\w.-]+)*(/|/[\w-]+\.(py|md|mk|yaml|yml|toml))", word):
                yield word


@pytest.mark.parametrize("page", NAMED, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_that_documents_name_are_there(page: Path) -> None:
    named = set(paths(page.read_text())) - MADE
    assert not [one for one in named if not any((ROOT / place / one).exists() for place in BEGIN)]


def test_the_tree_of_contributors_is_the_tree() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    tree = re.search(r"## Where things are\n(.*?)\n## ", text, re.DOTALL)
    assert tree
    named = [
        word for line in re.findall(r"^    (\S.*?)(?:    | {2,}|$)", tree[1], re.MULTILINE) for word in line.split()
    ]
    assert len(named) > 10
    assert not [one for one in named if not (ROOT / one).exists()]
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    made = {"artifacts", "dist", "__pycache__"}
    assert folders - made <= {one.split("/")[0] for one in named}


def test_comments_cite_documents_of_this_repository_only() -> None:
    headings = set(re.findall(r"^#+ (.+?)(?: \(.*\))?$", (ROOT / "docs/methods.md").read_text(), re.MULTILINE))
    cited, missing = 0, []
    for path in PACKAGE.rglob("*.py"):
        text = " ".join(path.read_text().split())
        missing += [
            f"{path.name}: {one}" for one in re.findall(r"\bdocs/[\w/.-]+\.md", text) if not (ROOT / one).exists()
        ]
        for heading in re.findall(r"docs/methods\.md, ([A-Z][^.;)\"]+)", text):
            cited += 1
            if heading not in headings:
                missing.append(f"{path.name}: {heading}")
        assert not re.search(r"\b(METHODS|ARCHITECTURE|CONTRACT|FACTS|PAGES) \d", text), path
    assert cited > 10
    assert not missing


def test_layers_are_few() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [one["layers"] for one in contracts if one["type"] == "layers" and "aiops.cli" in one["layers"]]
    assert len(layers) <= 11
    rooms = {room.strip() for layer in layers for room in layer.split("|")}
    modules = {f"aiops.{one.stem}" for one in PACKAGE.glob("*.py")}
    packages = {f"aiops.{one.parent.name}" for one in PACKAGE.glob("*/__init__.py")}
    assert packages <= rooms, "every package has its layer"
    assert len(modules) <= 4
