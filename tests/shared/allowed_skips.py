"""A test may be skipped only where a list allows it.

`AIOPS_TEST_JOB` names the job that runs, as the targets of the Makefile do; without it every skip is free. In a job, a
test or module that is skipped fails, unless `allowed-skips.toml` names it for that job, in a table `[[skip]]`:

    jobs = ["test", "test-live"]       # where
    tests = "e2e/test_stack.py::*"     # which: a pattern (fnmatch) of node ids; `[` is no special character
    reason = "..."                     # why that is no loss
"""

import fnmatch
import os
import tomllib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

JOB: Final = "AIOPS_TEST_JOB"
JOBS: Final = ("test", "test-live", "test-stack", "test-k8s", "test-compose", "test-kind")
INI: Final = "allowed_skips"


@dataclass(frozen=True, slots=True)
class Skip:
    """One entry of the list."""

    jobs: tuple[str, ...]
    tests: str
    reason: str

    def allows(self, node: str, job: str) -> bool:
        return job in self.jobs and fnmatch.fnmatchcase(node, self.tests.replace("[", "[[]"))


def read(file: Path) -> tuple[Skip, ...]:
    """The list. Raises ValueError where an entry is not as it should be."""
    found = []
    for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("skip", []):
        if entry.keys() != {"jobs", "tests", "reason"} or not all(entry.values()):
            raise ValueError(f"an entry has jobs, tests and a reason, not {entry}")
        if unknown := set(entry["jobs"]) - set(JOBS):
            raise ValueError(f"there is no job {', '.join(sorted(unknown))}")
        found.append(Skip(tuple(entry["jobs"]), entry["tests"], entry["reason"]))
    return tuple(found)


class Judge:
    """Turns skips that are not allowed into failures, where they happen: so it works in every process of a run."""

    def __init__(self, skips: Sequence[Skip], job: str) -> None:
        self._skips, self._job = skips, job

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        report = yield
        if not hasattr(report, "wasxfail"):
            self._judge(report)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, Any]:
        report = yield
        self._judge(report)
        return report

    def _judge(self, report: Any) -> None:
        if not report.skipped or any(one.allows(report.nodeid, self._job) for one in self._skips):
            return
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} may not be skipped in the job {self._job}: {why}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(INI, "list of the skips that are allowed, from the root", default="tests/shared/allowed-skips.toml")


def pytest_configure(config: pytest.Config) -> None:
    job = os.environ.get(JOB)
    if not job:
        return
    if job not in JOBS:
        raise pytest.UsageError(f"{JOB}: there is no job {job!r}, only {', '.join(JOBS)}")
    config.pluginmanager.register(Judge(read(config.rootpath / config.getini(INI)), job), "judge-of-skips")
