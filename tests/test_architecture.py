"""The repository is as its documents say: paths exist, layers are few, and a public name means one thing."""

import ast
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
    [layers] = [one["layers"] for one in contracts if one["name"] == "the rooms of aiops"]
    assert len(layers) <= 11
    rooms = {room.strip() for layer in layers for room in layer.split("|")}
    modules = {f"aiops.{one.stem}" for one in PACKAGE.glob("*.py")}
    packages = {f"aiops.{one.parent.name}" for one in PACKAGE.glob("*/__init__.py")}
    assert packages <= rooms, "every package has its layer"
    assert len(modules) <= 4


DOCUMENTS = "aiops.presentation.documents."
"""OpenAPI schemas: the document of a noun bears the noun's name, as clients know it."""
SHARED = {"main": "each program has one: the command line, and the receiver's process"}
"""Names that may be defined in several packages, and why."""


def public_names() -> Iterator[tuple[str, str]]:
    """Name and module of every public class and function, and of constants that another module reads."""
    trees = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): ast.parse(path.read_text())
        for path in PACKAGE.rglob("*.py")
        if "migrations" not in path.parts
    }
    read = set()
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                read |= {(node.module, each.name) for each in node.names}
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                read.add((node.value.id, node.attr))
    for module, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found = [node.name]
            else:
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                named = [each.id for each in targets if isinstance(each, ast.Name)]
                found = [each for each in named if {(module, each), (module.split(".")[-1], each)} & read]
            yield from ((each, module) for each in found if not each.startswith("_") and each != "log")


def test_a_public_name_means_one_thing() -> None:
    homes: dict[str, set[str]] = {}
    for name, module in public_names():
        if not module.startswith(DOCUMENTS) and name not in SHARED:
            homes.setdefault(name, set()).add(module)
    assert len(homes) > 1000
    rooms = {name: {module.split(".")[1] for module in modules} for name, modules in homes.items()}
    assert not {name: sorted(homes[name]) for name, found in rooms.items() if len(found) > 1}


def test_a_value_of_many_fields_is_made_by_their_names() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ClassDef):
                continue
            made = [ast.unparse(each) for each in node.decorator_list if "dataclass(" in ast.unparse(each)]
            fields = [
                each
                for each in node.body
                if isinstance(each, ast.AnnAssign) and "ClassVar" not in ast.unparse(each.annotation)
            ]
            if made and "frozen" in made[0] and len(fields) > 5 and "kw_only" not in made[0]:
                wrong.append(f"{path.name}: {node.name}")
    assert not wrong


def test_functions_take_seven_parameters_at_most() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                written = [ast.unparse(each) for each in node.decorator_list]
                # Options of a command and arguments of a tool are parameters.
                command = any("click" in each or "server.tool" in each for each in written)
                if len([each for each in names if each not in ("self", "cls")]) > 7 and not command:
                    wrong.append(f"{path.name}: {node.name}")
    assert not wrong
