"""What every workflow keeps to: no rights by default, actions by commit, steps that are make targets."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
PINNED = re.compile(r"^[\w.-]+/[\w.-]+@[0-9a-f]{40}$")

each = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda one: one.name)


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@each
def test_a_job_has_the_rights_it_names_and_an_end(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert content["permissions"] == {}
    assert content["concurrency"]["group"]
    for job in content["jobs"].values():
        assert job["permissions"]
        assert job["timeout-minutes"] <= 90


@each
def test_an_action_is_named_by_its_commit_and_its_version(workflow: Path) -> None:
    for line in re.findall(r"uses: (.+)", workflow.read_text(encoding="utf-8")):
        action, _, version = line.partition(" # ")
        assert PINNED.match(action), line
        assert re.fullmatch(r"v\d+\.\d+\.\d+", version), line
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@each
def test_what_runs_is_a_make_target(workflow: Path) -> None:
    for step in steps(workflow):
        if "run" in step:
            found = re.fullmatch(r"make ([a-z0-9-]+)", step["run"].strip())
            assert found, step["run"]
            assert found[1] in TARGETS
