"""A release as Helm keeps it: its revisions, and the steps from one to the next."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from native.command import Command, Refused

REVISION = re.compile(r"^REVISION: (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Revision:
    """One of a release's states, as `helm history` tells it: deployed, failed, superseded, pending-upgrade …"""

    number: int
    status: str

    def __str__(self) -> str:
        return f"revision {self.number} ({self.status})"


@dataclass(frozen=True, slots=True)
class Release:
    """A release by its name and namespace. Helm waits `timeout` for the cluster, written as Go does: 10m, 90s. Every
    method raises Refused."""

    name: str
    namespace: str
    timeout: str
    helm: Command

    def __str__(self) -> str:
        return f"{self.name} in namespace {self.namespace}"

    def history(self) -> list[Revision]:
        """The revisions that Helm still knows, the newest last; none where there is no such release."""
        try:
            said = self.helm("history", self.name, *self._where, "--output", "json")
        except Refused as error:
            if "release: not found" in str(error):
                return []
            raise
        return [Revision(one["revision"], one["status"]) for one in json.loads(said)]

    def upgrade(self, chart: str | Path, values: Sequence[Path], sets: Sequence[str], make_namespace: bool) -> int:
        """Install or upgrade, wait until every pod is ready, and return the revision. Only what is given here holds:
        nothing is taken over from the revision before."""
        more = [f"--values={file}" for file in values] + [f"--set={one}" for one in sets]
        if make_namespace:
            more.append("--create-namespace")
        said = self.helm("upgrade", "--install", self.name, chart, *self._where, *self._wait, "--reset-values", *more)
        found = REVISION.search(said)
        return int(found[1]) if found else 0

    def test(self) -> None:
        """Run the chart's own test."""
        self.helm("test", self.name, *self._where, "--timeout", self.timeout)

    def rollback(self, to: Revision) -> None:
        """Make what a revision was again, as a new one."""
        self.helm("rollback", self.name, str(to.number), *self._where, *self._wait)

    def uninstall(self) -> None:
        """Remove all of it; volumes stay as the chart says."""
        self.helm("uninstall", self.name, *self._where, *self._wait)

    @property
    def _where(self) -> tuple[str, str]:
        return ("--namespace", self.namespace)

    @property
    def _wait(self) -> tuple[str, ...]:
        return ("--wait", "--timeout", self.timeout)


def working(history: Sequence[Revision]) -> Revision | None:
    """The revision to go back to: the one that is deployed."""
    return next((one for one in reversed(history) if one.status == "deployed"), None)


def under_way(history: Sequence[Revision]) -> Revision | None:
    """The newest revision if an operation on it has not ended, or was killed."""
    return history[-1] if history and history[-1].status.startswith("pending-") else None


def command_back(release: Release, before: Revision | None) -> str:
    """What a person types to take a release back to what worked before."""
    where = f"-n {release.namespace} --wait"
    if before is None:
        return f"helm uninstall {release.name} {where}"
    return f"helm rollback {release.name} {before.number} {where}"


def how_it_stands(release: Release, history: Sequence[Revision], before: Revision | None) -> str:
    """What was left where a deployment was stopped, and the command that takes it back; `before` is what worked."""
    if not history:
        return f"{release} is not installed"
    if history[-1] == before:
        return f"{release} is as it was: {before}"
    return f"{release} is left at {history[-1]}, untried; `{command_back(release, before)}` takes it back"
